package messages

import "time"

// Event is something that happened in a system, for programs that subscribe. The set is closed.
// Events are values: they hold names and numbers, nothing that is owned, no
// argument of a statement and no password. SQL is in a leak only, without its literals.
type Event interface {
	event()
	// About names the pool and the node that the event is about, "" where it is
	// about none.
	About() (pool, node string)
}

// Origin says where an event comes from, and when it happened. It is in every event of a pool.
type Origin struct {
	Pool string
	Node string
	At   time.Time
}

// About names the pool and its node.
func (o Origin) About() (pool, node string) { return o.Pool, o.Node }

// About names the node.
func (b BreakerChanged) About() (pool, node string) { return "", b.Node }

// About names the pool and its node.
func (r RouteChanged) About() (pool, node string) { return r.Pool, r.Node }

// Backend says which connection an event of a connection is about.
type Backend struct {
	Slot        int
	Incarnation uint64
	PID         uint32 // of the server's process, 0 before there is one
}

// PoolCreated says that a pool has started.
type PoolCreated struct{ Origin }

// PoolRecycled says that all backends of a pool are being replaced: a new generation begins.
type PoolRecycled struct {
	Origin
	Generation uint64 // of the backends that are opened from now on
	Cause      Cause
}

// PoolDisposed says that a pool is closed, and that the server process of its last backend has ended.
type PoolDisposed struct{ Origin }

// CheckedOut says that a backend was leased.
type CheckedOut struct {
	Origin
	Backend
}

// CheckedIn says that a lease of a backend ended.
type CheckedIn struct {
	Origin
	Backend
}

// ConnectionError says that an attempt to connect failed or a backend was lost.
type ConnectionError struct {
	Origin
	Backend
	Cause Cause
	Err   error
}

// ConnectionOpened says that a backend is ready for its first lease.
type ConnectionOpened struct {
	Origin
	Backend
	Took time.Duration // to connect, authenticate and run the connect hooks
}

// ConnectionClosed says that a backend is closed and its server process has ended.
type ConnectionClosed struct {
	Origin
	Backend
	Cause Cause
}

// ConnectionRestarted says that a slot whose backend was lost gets a new incarnation.
type ConnectionRestarted struct {
	Origin
	Backend
	Cause    Cause  // of the loss
	Restarts uint64 // of the slot so far
}

// ConnectionLeaked says that a lease has lasted for longer than leak_after.
type ConnectionLeaked struct {
	Origin
	Backend
	Held      time.Duration // at least
	Reclaimed bool          // the lease is revoked, since it lasted longer than reclaim_after
	Checkout  string        // the stack of the goroutine that acquired, at the acquire
	Now       string        // the stack of the same goroutine now; "" if it has ended
	State     string        // of the server's process, as pg_stat_activity has it
	Statement string        // the last statement of the backend, as the server shows it, without literals
	Blockers  []uint32      // the server's processes that it waits for
}

// BreakerChanged says that the breaker of a node opened, half-opened or closed.
type BreakerChanged struct {
	Node  string
	At    time.Time
	State BreakerState
	Cause Cause
	Err   error     // the failure that opened the breaker, nil unless it is open
	Next  time.Time // when the next attempt may be made, zero unless the breaker is open
}

// RouteChanged says that sessions are sent elsewhere than before.
type RouteChanged struct {
	At     time.Time
	Pool   string // the pool that takes writes again, or none any more
	Node   string
	Reason string
}

func (PoolCreated) event()         {}
func (PoolRecycled) event()        {}
func (PoolDisposed) event()        {}
func (CheckedOut) event()          {}
func (CheckedIn) event()           {}
func (ConnectionError) event()     {}
func (ConnectionOpened) event()    {}
func (ConnectionClosed) event()    {}
func (ConnectionRestarted) event() {}
func (ConnectionLeaked) event()    {}
func (BreakerChanged) event()      {}
func (RouteChanged) event()        {}

// BreakerState is what a node's breaker is at one moment.
type BreakerState uint8

// The states of a breaker.
const (
	BreakerClosed   BreakerState = iota // attempts are made as they are wanted; the only state of a breaker that is off
	BreakerOpen                         // no attempt is made, and whoever would have to wait fails at once
	BreakerHalfOpen                     // one attempt decides
)

var breakerStates = [...]string{"closed", "open", "half_open"}

func (s BreakerState) String() string { return breakerStates[s] }
