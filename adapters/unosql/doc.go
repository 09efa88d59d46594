// Package unosql is the door from database/sql to unoactor: whatever works on a
// *sql.DB (GORM, bun, sqlx, sqlc, ent, goose) works on a pool of a topology.
//
//	sys, err := unoactor.Open(ctx, "topology.hcl")
//	...
//	pool, err := sys.DB("default")
//	...
//	db := unosql.Open(pool)
//	defer db.Close() // the pool goes on
//
// Pooling stays unoactor's. Each use of the *sql.DB (a statement, open rows, a
// transaction, a *sql.Conn) is one lease, given back at its end; nothing is kept idle,
// whatever SetMaxIdleConns says. The limits of the pool are the only ones that are
// needed: leave SetMaxOpenConns alone, which would make a second queue before the
// pool's, without its order and its deadlines.
//
// # Differences from pgx's own stdlib package
//
//   - A prepared sql.Stmt is its text. Statements are prepared on a backend when they
//     are first run there, by pgx's statement cache, and stay. So Prepare asks the
//     server nothing: a statement that makes no sense fails when it is run.
//   - driver.ErrBadConn, at which database/sql tries again, is told only of a statement
//     that certainly never reached the server, and keeps its cause for errors.As.
//   - A COMMIT that was sent and not answered is an [*unoactor.AmbiguousCommitError].
//   - When the context of a transaction ends, the transaction is rolled back and the
//     connection lives on.
//   - Begin on a connection that is in a transaction already makes a savepoint. A second
//     BEGIN would be no more than a warning, and its COMMIT that of the first.
//   - Arguments made by [sql.Named] stand for @name in the statement, if all arguments
//     are such. A name that is missing, or not used, is an error.
//   - A numeric column is told to scan into a string, which loses nothing; an oid into an
//     int64; json, jsonb and xml into []byte. A varchar or varbit without a length is told
//     to be as long as [math.MaxInt64], and the scale of a numeric may be below 0.
//
// The retry settings of a pool are not applied: database/sql repeats what was never
// sent, and nothing else.
//
// Arguments and columns are of pgx's types. What database/sql can't scan by itself, as
// arrays and ranges, is scanned with the SQLScanner of a [pgtype.Map].
package unosql
