// Package routing turns what a session means to do into the pool that serves
// it: a table that never changes once made, read through an atomic pointer, and
// a pure pick. The router actor publishes a new table when the topology
// changes; nobody who asks ever waits for it.
package routing
