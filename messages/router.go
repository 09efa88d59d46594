package messages

import "time"

// ToRouter is a message that the router can be told.
type ToRouter interface{ toRouter() }

// AskRoute asks for the pool of a session that says these things of itself; empty fields say nothing.
// It is answered by a [Routed].
type AskRoute struct {
	letter
	Database string
	User     string
	Entity   string
	Access   string
	Labels   map[string]string
}

// Routed is the answer to [AskRoute]: the pool and the rule that chose it, or why there is no pool.
type Routed struct {
	letter
	Pool string
	Rule string
	Err  error
}

// Checkout asks for a lease from the pool of a session that says these things of itself, as in
// [AskRoute]. It is answered by one [Granted], so it needs a sender: an actor's Request, or a
// future that waits for a little longer than Wait. Without a sender nothing is leased.
//
// An actor that asked is watched. If the actor ends, or panics and is restarted, its waits are
// cancelled, leases that were granted and not claimed are released, and leases that it has are
// revoked: what they run is cancelled. (An actor that is restarted for another one's panic ends its
// leases itself, when it is told that it is restarting.) Nobody tells it of answers that it
// will not get; what the last incarnation asked just before its end may still be answered to the next.
//
// Nobody sees a future end: its place in the queue lasts for Wait, and a lease that is granted too
// late for it is released. When the system has closed, a future fails like one to an actor that
// does not exist, and an actor gets protoactor's DeadLetterResponse.
type Checkout struct {
	letter
	Database string
	User     string
	Entity   string
	Access   string
	Labels   map[string]string // must not be changed afterwards
	Priority int8              // a conn.Priority; another number is the nearest of them
	// Wait bounds the wait in the queue. The pool's acquire_timeout bounds it too; 0 or less
	// leaves it to that.
	Wait time.Duration
}

// Ticket is the right to claim a lease, once. It is a random number, unique while it is valid; 0 is the
// ticket of no lease.
type Ticket uint64

// Granted is the answer to [Checkout]: a ticket for a lease, to be claimed from the system within
// seconds (supervisor.ClaimTime), or why there is no lease. The lease itself does not travel in the
// message: if the message is lost, the lease is released.
type Granted struct {
	letter
	Pool   string // "" if there is no route
	Rule   string // the rule that chose the pool
	Ticket Ticket // 0 if there is an Err
	// Err is the error of an acquire from that pool (conn.AcquireError, conn.ErrClosed, the
	// error of a hook), or a routing.NoRouteError.
	Err error
}

// RoleChanged says that the server of a pool takes writes again, or takes none any more.
type RoleChanged struct {
	letter
	Pool     string
	Node     string
	ReadOnly bool
}

func (AskRoute) toRouter()    {}
func (Checkout) toRouter()    {}
func (RoleChanged) toRouter() {}
