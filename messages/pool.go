package messages

import "time"

// ToPool is what a pool supervisor can be told.
type ToPool interface{ toPool() }

// Grow says that somebody waits for a lease and nothing is idle.
type Grow struct{ letter }

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

// Misused says that a lease of the slot was released after its end.
type Misused struct {
	letter
	Slot int
}

func (Grow) toPool()    {}
func (Tick) toPool()    {}
func (Drain) toPool()   {}
func (Opened) toPool()  {}
func (Ended) toPool()   {}
func (Misused) toPool() {}
