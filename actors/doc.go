// Package actors holds what the actors of the tree share (typed references, the
// panic guard, the bridge from protoactor's log to hclog) and its leaves: the
// connection, the node prober and the router.
//
// Leaves decide little. A connection actor does to one backend what it is told
// and reports how that ended; a node prober lets connections dial, all at once
// while the server answers and one at a time while it doesn't.
//
// Nothing here blocks in Receive: slow work goes to a goroutine of a [Tracker],
// which posts a message when it is done.
package actors
