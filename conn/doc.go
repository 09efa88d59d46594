// Package conn is one pool's physical connections without actors: how a backend
// is dialed, judged, reset and closed, and how the right to use it is lent.
//
// It decides who gets a backend next. It never decides that there should be more
// or fewer of them: it tells an [Owner] that somebody waits, or that a backend
// came back unfit, and the supervisor acts.
//
// A slot is a place for a backend. It is always in one of four states, and in
// every state no more than one party may touch its backend:
//
//	        Install            claim                Release, clean
//	empty ----------> idle <-----------> leased ----------------> idle
//	  ^                 ^ \ Claim          |
//	  |          Return |  v               | Release, unfit / Destroy / Revoke
//	  +------------- claimed <-------------+
//	     Vacate     (by the connection's actor)
//
// The idle set is a bit a slot in a few padded words. To take a backend is a
// compare-and-swap there and a store of the slot's epoch, to give it back a
// compare-and-swap of the epoch and an add there. The epoch is odd while the slot is
// leased: a lease is the slot and the epoch in which it was made, so that a late use
// or a second release of it is recognised. No checkout needs a clock: whoever wants an
// age compares the epochs that two sweeps saw, and of many leases a few are timed.
package conn
