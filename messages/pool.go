package messages

import "time"

// ToPool is what a pool supervisor can be told.
type ToPool interface{ toPool() }

// Reconcile asks the pool to compare what it wants with what it has: somebody waits for a lease
// and nothing is idle, or lending was stopped or taken up again.
type Reconcile struct{ letter }

// Tick is the pool's own clock.
type Tick struct{ letter }

// Drain asks for the end of the pool: nobody is let in, leases have until the
// deadline, then they are revoked.
type Drain struct {
	letter
	Deadline time.Time
}

// Opened says that a slot's incarnation serves.
type Opened struct {
	letter
	Slot        int
	Incarnation uint64
	PID         uint32
	Took        time.Duration // to connect, authenticate and run the connect hooks
	Server      Server
}

// Server is what a new backend learned of its server.
type Server struct {
	Started  int64 // when it was started, in microseconds of Unix time; 0 if it did not say
	ReadOnly bool  // it takes no writes
}

// Ended says that a slot's incarnation is over and its slot empty: it failed to
// connect, or its backend is closed. Err is nil where nothing went wrong.
type Ended struct {
	letter
	Slot        int
	Incarnation uint64
	Cause       Cause
	Err         error
}

// Reconfigure says that the pool, or the node, was given other settings.
type Reconfigure struct{ letter }

// Warm asks for so many open backends, up to the hard limit.
type Warm struct {
	letter
	Backends int
}

// Invalidate asks for other backends in place of all that there are: of the idle
// ones now, of the leased ones when they come back or, if Hard, at once.
type Invalidate struct {
	letter
	Cause Cause
	Hard  bool
}

// Rotate asks for one backend by the dialer that the pool was given, to see
// whether it can be connected with.
type Rotate struct{ letter }

// NodeChanged says that the pool's node went up or down, or its breaker turned.
type NodeChanged struct{ letter }

// WriteRefused says that the server refused to write for it takes no writes.
type WriteRefused struct{ letter }

// RoleSeen says what a look at the server showed.
type RoleSeen struct {
	letter
	Server Server
	Err    error // nobody could look
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
