// Package unobun has the objects of unoactor's sessions mapped to tables by bun
// (github.com/uptrace/bun), and has bun's queries run in a session.
//
//	sys, err := unoactor.Open(ctx, "topology.hcl", unoactor.WithSessions(unoactor.SessionConfig{Mapper: unobun.Mapper()}))
//	...
//	err = db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
//		users, err := unobun.Select[User](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery {
//			return q.Where("email LIKE ?", "%@example.com")
//		})
//		...
//		users[0].Name = "Ann"                  // is written
//		return s.Add(&User{Name: "Bob"})       // is inserted, and gets its key
//	})
//
// The structs and their tags are bun's own: keys, defaults, soft deletion, arrays and
// JSON mean what bun's documentation says. A field with the tag rel:belongs-to that
// points to an object not yet inserted has that inserted first, and gets its key.
//
// A relation with the tag m2m needs the struct of its join table: Mapper((*OrderToItem)(nil)).
// The rows of that table are objects like others.
//
// A flush has its statements in an order that foreign keys allow, those of the struct's
// relations and, as far as the values of the columns tell, those of the database alone;
// what gives up a unique value comes before what takes it. An object with the key of one
// that is deleted in the same flush takes over its row, by an update. Rows that refer to
// each other in a circle, or exchange unique values, need constraints that are DEFERRABLE.
//
// What is written and read does not depend on the settings of the session, but for two:
// text that a field gives to, or gets from, a date or a time is read and written in the
// session's TimeZone and order of DateStyle, and money has its lc_monetary. Text that is
// not UTF-8, and a byte 0, are errors. bun's own statements, of With and Select, are not
// sent where standard_conforming_strings is off.
//
// A rollback makes the columns of an object what they were when its transaction began,
// also within maps, slices and what pointers point at: these are then copies. Fields with
// the tag "-" are left alone.
//
// bun puts values into the text of its statements. What traces statements sees them,
// but for those of the unit of work, which are traced without.
package unobun
