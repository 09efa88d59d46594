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
// [AskRoute]. It is answered by a [Granted], so it wants a sender: an actor's Request,
// or a future that waits for a little longer than Wait.
type Checkout struct {
	letter
	Database string
	User     string
	Entity   string
	Access   string
	Labels   map[string]string
	Priority int8 // as conn.Priority
	// Wait is how long who asks will wait, 0 for the pool's acquire_timeout: then the
	// place in the queue is given up.
	Wait time.Duration
}

// Ticket is the right to claim a lease, once.
type Ticket uint64

// Granted is the answer to [Checkout]: a ticket for a lease, to be claimed from the
// system while it is valid, or why there is none. An owned thing does not travel in a
// message: if this one is lost the lease goes back to its pool.
type Granted struct {
	letter
	Pool   string
	Rule   string
	Ticket Ticket
	Err    error
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
