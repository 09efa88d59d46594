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
// # The pool, and what is set on a *sql.DB
//
// Pooling stays unoactor's. Each use of the *sql.DB (a statement, open rows, a
// transaction, a *sql.Conn) is one lease, given back at its end. The limits and lifetimes
// of the pool's topology are the only ones that are needed:
//
//   - Leave SetMaxOpenConns alone. It makes a second queue before the pool's, without the
//     order, the priorities and the deadlines of that one; who waits there gets a connection that
//     database/sql leased without the context of who waits.
//   - SetMaxIdleConns, SetConnMaxLifetime and SetConnMaxIdleTime have nothing to do: what
//     was used is given back and never kept idle, and backends are replaced by the pool. (With
//     SetMaxOpenConns and SetMaxIdleConns, a lease for somebody who has stopped waiting is kept
//     for the next use.)
//   - [sql.DB.Stats] sees no connection but those in use at this moment: [Stats] tells of
//     the pool in the same words.
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
// # Retries
//
// The retry settings of a pool (its retry block) are not applied to what comes through
// database/sql, which decides itself what it sends again: a statement that was certainly
// never sent, up to twice, and nothing else; nothing within a transaction. Whoever wants
// the pool's retries has them from [unoactor.DB], its Tx and its Session; in database/sql
// the whole transaction is repeated by its caller, after SQLSTATE 40001 or 40P01 say.
//
// Arguments and columns are of pgx's types. What database/sql can't scan by itself, as
// arrays and ranges, is scanned with the SQLScanner of a [pgtype.Map].
package unosql
