// Package supervisor is the tree above the connections: a pool supervisor for
// each pool, and one system supervisor for all.
//
// A pool supervisor compares what is wanted with what is present and acts on
// the difference: [reconcile] is a pure function of a picture of the pool, and
// the actor performs what it returns. What follows from the end of a backend is
// looked up in a table ([fates]). It is never asked for a lease: those who want
// one meet in conn.Slots, and only what can't be had there comes here as a
// message.
//
// Expected failures are messages. A panic is a bug: a connection that panics is
// stopped and its slot gets a new incarnation; everything above resumes, since
// restarting it would end its children and so every connection below.
package supervisor
