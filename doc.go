// Package unoactor supervises PostgreSQL connections for a Go service: it opens
// a topology of nodes, pools and routes, and lends its backends.
//
// A [System] is a tree of actors, one a physical connection, under a supervisor
// a pool; a [DB] is one of its pools; a [Lease] is the right to use one backend
// until it is released. Checkout passes no message and takes some tens of
// nanoseconds; the actors do what must be done about a connection when it is not
// in use: connect, reset, watch, replace, close.
//
//	sys, err := unoactor.Open(ctx, "topology.hcl")
//	...
//	defer sys.Close(ctx)
//	db, err := sys.DB("analytics")
//	...
//	err = db.QueryRow(ctx, "select count(*) from metrics").Scan(&n)
//
// # Where to begin
//
//   - A system: [Open] reads a topology file, [New] takes one written in Go, [Connect] opens
//     one database by its URL. [System.Register], [System.Apply] and [System.Remove] change
//     it while it runs, [System.Close] ends it.
//   - Statements: those of a [DB] each lease a backend for as long as they run, [DB.Tx] leases
//     one for a transaction, [DB.Acquire] for as long as is wanted.
//   - A [Session] works on one backend: statements, transactions that nest, and a unit of
//     work over objects, see [Session.Add] and package adapters/unobun.
//   - [System.Atomic] is a transaction over several databases, committed in all of them or in
//     none; [System.Recover] ends what a crash left of one.
//   - [DBFor] and [SessionFor] find the pool for a type, by the routes of the topology or a
//     [Router].
//   - Errors: [Unsent] is true of what was never sent, [Unknown] of what may have been done or
//     not; an [AcquireError] tells why there was no backend. What is repeated is said at
//     [DB.Exec] and [DB.Tx].
//   - What goes on: [System.Snapshot], [DB.Stats], [System.CheckHealth], [Subscribe]; the
//     methods of a [SupervisedPool] pause, resize and rotate it.
//
// One import is enough: whatever the package's signatures and errors are about has a name
// here. The types of a topology are [Topology], [Node] and [Pool]; docs/topology.md says what
// each setting means.
//
// Everything takes a context first and speaks pgx's types. All exported types
// are safe for concurrent use but [Lease], [Session], [Atomic] and what is
// read through one, which belong to one goroutine at a time.
//
// # Its files
//
// Of the package itself: system, connect, register and apply are the system; options is what
// it is started with. db, lease, rows, batch, copy and tx are statements and transactions
// without a session; session is the session, from the guard that lets one goroutine in, by
// way of its lease and its levels of transactions, up to statements and objects, each of which
// calls down only; atomic is the face of internal/twophase. outcome, commit, harmless and
// retry say what became of a statement, and whether it is repeated. events, health and router
// are what their names say, future is a call that runs meanwhile. types and errors are the
// names of other packages' types.
package unoactor
