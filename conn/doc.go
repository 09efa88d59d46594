// Package conn is one pool's physical connections without actors: how a backend
// is dialed, judged, reset and closed, and how the right to use it is lent.
//
// It decides who gets a backend next. It never decides that there should be more
// or fewer of them: it tells an [Owner] that somebody waits, or that a backend
// came back unfit, and the supervisor acts.
//
// A slot is a place for a backend. It is always in one of four states, and in
// every state exactly one party may touch its backend:
//
//	        Install            claim                Release, clean
//	empty ----------> idle <-----------> leased ----------------> idle
//	  ^                 ^ \ Claim          |
//	  |          Return |  v               | Release, unfit / Destroy / Revoke
//	  +------------- claimed <-------------+
//	     Vacate     (by the connection's actor)
//
// The idle set is a bit a slot in a few padded words; taking and giving back a
// backend are one compare-and-swap and one add there, plus one on the slot's
// epoch: odd while leased, so a lease is the slot and the epoch it was made in,
// and a late use or a second release of it is recognised. Nothing on that path
// reads a clock: whoever needs an age compares the epochs that two sweeps saw.
package conn
