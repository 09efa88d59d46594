// Package routing finds the pool for a session, by what the session says of itself: [Table.Pick] is a
// pure function of a table that never changes. Everybody reads the table through an atomic
// pointer, which is set to another one when the topology, or the role of a server, changes; nobody
// ever waits for a route. The package starts nothing and knows no actor.
package routing
