// Package supervisor is the tree above the connections: a pool supervisor for
// each pool, and one system supervisor for all.
//
// A pool supervisor compares what its pool wants with what it has and acts on the difference:
// [reconcile] is a pure function of a picture of the pool, and the actor performs what it returns.
// What follows from the end of a backend is looked up in a table ([fates]). The supervisor never
// lends: leases are made in conn.Slots, which tell it only that somebody waits in vain, or that a
// backend is unfit.
//
// The system supervisor does the same when the topology changes: [change] is a pure function of
// what runs and of a config.Delta, and the root actor goes through the steps that it returns, whole
// or not at all.
//
// Expected failures are messages. A panic is a bug: a connection that panics is
// stopped and its slot gets a new incarnation; everything above resumes, since
// restarting it would end its children and so every connection below.
package supervisor
