package messages

import "time"

// ToRouter is what the router can be told.
type ToRouter interface{ toRouter() }

// AskRoute asks for the pool of a session, which says this of itself. It is
// answered by a [Routed]. Empty fields say nothing.
type AskRoute struct {
	letter
	Database string
	User     string
	Entity   string
	Access   string
	Labels   map[string]string
}

// Routed is the answer to [AskRoute]: the pool and the rule that chose it, or
// why there is none.
type Routed struct {
	letter
	Pool string
	Rule string
	Err  error
}

// Checkout asks for a lease of the pool of a session, which says this of itself as in
// [AskRoute]. It is answered by one [Granted], so it wants a sender: an actor's Request,
// or a future that waits for a little longer than Wait. Without a sender nothing is leased.
//
// An actor that asked is watched. If it ends, or panics and is restarted, its places in
// the queues are given up, what was granted and not claimed goes back, and a lease that
// it has is revoked, and what it runs is cancelled. (An actor that is restarted
// for another one's panic ends its leases itself, when it is told that it is restarting.)
// It is not told of the answers that it will not get; what the last incarnation sent off
// just before its end may still be answered to the next.
//
// A future ends for nobody to see: its place in the queue lasts for Wait, and a grant that
// comes too late for it goes back. When the system has closed, a future fails as one
// to an actor that there is not, and an actor gets protoactor's DeadLetterResponse.
type Checkout struct {
	letter
	Database string
	User     string
	Entity   string
	Access   string
	Labels   map[string]string // not to be changed afterwards
	Priority int8              // as conn.Priority; beyond it, the nearest
	// Wait is how long who asks will wait: then the place in the queue is given up.
	// The pool's acquire_timeout ends it too; 0 or less leaves it to that.
	Wait time.Duration
}

// Ticket is the right to claim a lease, once. It is a random number, unique while it is
// valid; 0 is of no lease.
type Ticket uint64

// Granted is the answer to [Checkout]: a ticket for a lease, to be claimed from the
// system within seconds (supervisor.ClaimTime), or why there is none. An owned thing
// does not travel in a message: if this one is lost the lease goes back to its pool.
type Granted struct {
	letter
	Pool   string // "" if there is no route
	Rule   string // that chose it
	Ticket Ticket // 0 if there is an Err
	// Err is what an acquire from that pool says (conn.AcquireError, conn.ErrClosed, the
	// error of a hook), or a routing.NoRouteError.
	Err error
}

// RoleChanged says that the server of a pool takes writes again, or none any more.
type RoleChanged struct {
	letter
	Pool     string
	Node     string
	ReadOnly bool
}

func (AskRoute) toRouter()    {}
func (Checkout) toRouter()    {}
func (RoleChanged) toRouter() {}
