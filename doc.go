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
// A [Session] works on one backend: statements, transactions that nest, and a unit of
// work over objects. [System.Atomic] is a transaction over several databases.
//
// Everything takes a context first and speaks pgx's types. All exported types
// are safe for concurrent use but [Lease], [Session], [Atomic] and what is
// read through one, which belong to one goroutine at a time.
package unoactor
