package messages

import "time"

// ToPool is a message that a pool supervisor can be told.
type ToPool interface{ toPool() }

// Reconcile asks the pool to compare what it wants with what it has: somebody waits for a lease
// and nothing is idle, or lending was stopped or taken up again.
type Reconcile struct{ letter }

// Tick is what the pool's own timers tell it.
type Tick struct{ letter }

// Drain asks the pool to end: it refuses new leases at once, revokes those that are left at the
// deadline, and ends when its last backend is closed. A later Drain changes the deadline.
type Drain struct {
	letter
	Deadline time.Time
}

// Opened says that a slot's incarnation has connected, and serves.
type Opened struct {
	letter
	Slot        int
	Incarnation uint64
	PID         uint32
	Took        time.Duration // how long it took to connect, authenticate and run the connect hooks
	Server      Server
}

// Server is what a new backend learned about its server.
type Server struct {
	Started  int64 // when it was started, in microseconds of Unix time; 0 if it did not say
	ReadOnly bool  // it takes no writes
}

// Ended says that a slot's incarnation has ended and that the slot is empty: the incarnation failed to
// connect, or its backend is closed. Err is nil if nothing went wrong.
type Ended struct {
	letter
	Slot        int
	Incarnation uint64
	Cause       Cause
	Err         error
}

// Reconfigure says that the pool, or the node, was given other settings.
type Reconfigure struct{ letter }

// Warm asks for as many open backends, up to the hard limit; 0 takes the wish back.
type Warm struct {
	letter
	Backends int
}

// Invalidate asks the pool to replace all backends that there are: idle ones now, leased ones when
// their leases end or, if Hard is set, at once.
type Invalidate struct {
	letter
	Cause Cause
	Hard  bool
}

// Rotate asks the pool to connect once with the dialer that it was given, to find out whether its
// credentials are accepted.
type Rotate struct{ letter }

// NodeChanged says that the pool's node went up or down, or that the state of its breaker changed.
type NodeChanged struct{ letter }

// WriteRefused says that the server refused a write, since it takes none.
type WriteRefused struct{ letter }

// RoleSeen says what the server answered when it was asked whether it takes writes.
type RoleSeen struct {
	letter
	Server Server
	Err    error // the server could not be asked
}

// ReleasedLate says that a lease of the slot was released after its end.
type ReleasedLate struct {
	letter
	Slot int
}

func (Reconcile) toPool()    {}
func (Tick) toPool()         {}
func (Drain) toPool()        {}
func (Opened) toPool()       {}
func (Ended) toPool()        {}
func (ReleasedLate) toPool() {}
func (Reconfigure) toPool()  {}
func (Warm) toPool()         {}
func (Invalidate) toPool()   {}
func (Rotate) toPool()       {}
func (NodeChanged) toPool()  {}
func (WriteRefused) toPool() {}
func (RoleSeen) toPool()     {}
