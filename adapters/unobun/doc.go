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
// bun puts values into the text of its statements. What traces statements sees them,
// but for those of the unit of work, which are traced without.
package unobun
