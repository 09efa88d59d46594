// Package actors holds what the actors of the supervision tree share (typed references, the panic
// guard, the bridge from protoactor's log to hclog) and the leaves of the tree: the connection,
// the node's prober and the router.
//
// Leaves decide little. A connection does to one backend what it is told and reports how that ended;
// a prober lets connections dial, sixteen at once while the node is up and one at a time while it is
// down; a router passes on what actors ask. How many backends a pool has is never decided here.
//
// Nothing blocks in Receive: slow work goes to a goroutine of a [Tracker], which posts a message when
// it has ended.
package actors
