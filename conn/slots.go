package conn

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// An Owner is told what the slots can't do by themselves. Its methods are called on the goroutines of
// those who acquire and release, sometimes with a lock held: they post a message or count, and
// return. They are called concurrently.
type Owner interface {
	// Missed says that somebody waits and no backend is idle, or that a lease has ended while
	// the pool is paused. It is called once after each [Slots.Arm], however many wait, once for
	// each administrator who has to wait, and once for each lease that ends during a pause.
	Missed()
	// Unfit says that a backend can't be lent as it is, and why. Its slot is claimed for its
	// connection's actor, which calls [Slots.Return] or [Slots.Vacate] in the end.
	Unfit(*Backend, messages.Cause)
	// HungUp says that the server has closed the connection of the slot's backend. The slot is
	// marked: the backend is peeked at before it is lent again.
	HungUp(slot int)
	// ReleasedLate says that a lease of the slot was released after it had ended.
	ReleasedLate(slot int)
	// Waited and Used say for how many nanoseconds a lease was waited for, and lasted. They are
	// called for the leases that are timed, see [Slots.Sample].
	Waited(ns int64)
	Used(ns int64)
	// CheckedOut and CheckedIn say that a lease of the backend begins, and has ended. They are
	// called for every lease while [Slots.Report] is on.
	CheckedOut(*Backend)
	CheckedIn(*Backend)
}

// Slots are the places for the backends of one pool, and the queue of those who wait for a lease. All
// methods are safe for concurrent use. Indices of slots run from 0 to Len()-1.
type Slots struct {
	name    string
	owner   Owner
	journal *Journal
	born    time.Time

	layout     atomic.Pointer[layout]
	gate       atomic.Int64  // not 0: acquirers go by the queue, since the pool is closed or paused, or somebody waits
	extras     atomic.Uint32 // what has to be done about a lease besides lending it
	resets     atomic.Bool   // the reset policy has something done to every backend between two leases
	generation atomic.Uint64 // counts the calls of CondemnAll
	excused    excused       // leases that were revoked or destroyed, and may still be released
	armed      atomic.Bool   // the owner wants to hear of the next miss

	size     atomic.Int64
	hard     atomic.Int64
	patience atomic.Int64 // the acquire timeout, in nanoseconds
	validate atomic.Int64 // the bound of a ping before a lease, in nanoseconds
	reset    atomic.Pointer[config.Reset]
	turns    atomic.Uint64
	failure  atomic.Pointer[Failure]

	sleepers sync.Pool // of *sleeper; not shared by pools, since a channel belongs to one synctest bubble

	mu        sync.Mutex
	queue     queue
	mayCancel int // of those in the queue whose wait their context can end
	overload  overload
	closed    error
	tripped   error // the node's breaker is open
	paused    bool
	failFast  bool        // while paused
	timer     *time.Timer // set for due
	due       int64       // on the clock of the slots; the greatest there is: not set

	handed   atomic.Uint64 // leases that went from one holder to the next
	granted  atomic.Uint64 // leases of idle backends to those who waited
	undone   atomic.Uint64 // idle backends that were claimed, and then not leased
	refusals [refusalKinds]atomic.Uint64
}

// The bits of the gate. Those from waitingShift on count the waiters.
const (
	gateClosed   = 1
	gatePaused   = 2
	waitingShift = 8
	oneWaiting   = 1 << waitingShift
)

// The bits of extras: what a checkout or a checkin does besides.
const (
	extraHook   = 1 << iota // run the checkout hooks
	extraStack              // keep the stack of the acquire
	extraReport             // tell the owner
	extraOrder              // keep the order in which slots become idle
	extraPause              // the pool is paused: release what was taken nevertheless
)

// Failure is the last attempt to connect that failed.
type Failure struct {
	Err error
	At  time.Time
}

// Options say how slots behave. Pool and Owner must be set. Journal may be nil: then the slots keep one
// that nobody reads but their errors.
type Options struct {
	Pool    config.Pool
	Owner   Owner
	Hooked  bool // checkout hooks run, on the goroutine of the acquirer
	Journal *Journal
}

// NewSlots makes the slots of a pool, all empty.
func NewSlots(o Options) *Slots {
	s := &Slots{name: o.Pool.Name, owner: o.Owner, journal: o.Journal, born: time.Now(), due: math.MaxInt64}
	if s.journal == nil {
		s.journal = &Journal{}
	}
	s.layout.Store(newLayout(s, o.Pool.Hard(), o.Pool.Order == config.FIFO))
	s.timer = time.AfterFunc(time.Hour, s.expire)
	s.timer.Stop()
	s.Resize(o.Pool)
	s.Hook(o.Hooked)
	return s
}

func (s *Slots) slot(index int) *slot { return s.layout.Load().slots[index] }

// Len returns how many slots there are, empty or not, the reserve included.
func (s *Slots) Len() int { return len(s.layout.Load().slots) }

// Reserve returns the index of the reserve.
func (s *Slots) Reserve() int { return s.layout.Load().reserve.index }

func (s *Slots) extra(bit uint32, on bool) {
	if on {
		s.extras.Or(bit)
	} else {
		s.extras.And(^bit)
	}
}

// Hook sets whether checkout hooks run.
func (s *Slots) Hook(on bool) { s.extra(extraHook, on) }

// Report sets whether the owner is told of every lease.
func (s *Slots) Report(on bool) { s.extra(extraReport, on) }

// Acquire returns the lease of a backend, with priority Normal. It waits, first come first served, until
// a backend is free, ctx ends, the pool's acquire_timeout has passed or the pool closes. The end of
// ctx is noticed within some milliseconds: see patrol. The error is an [*AcquireError], or that of a
// checkout hook.
func (s *Slots) Acquire(ctx context.Context) (Lease, error) {
	if ctx.Err() != nil {
		return Lease{}, s.refusal(ctx.Err(), 0)
	}
	if s.gate.Load() == 0 {
		if sl := s.take(); sl != nil {
			l := sl.lend(self(), 0)
			extras := s.extras.Load()
			if extras == 0 {
				return l, nil
			}
			if s.checkedOut(l, extras) {
				return s.complete(ctx, l, Normal)
			}
		}
	}
	return s.queueUp(ctx, Normal)
}

// AcquirePriority is [Slots.Acquire] with a priority: those who wait with a higher one are served first.
func (s *Slots) AcquirePriority(ctx context.Context, p Priority) (Lease, error) {
	if p == Normal {
		return s.Acquire(ctx)
	}
	if ctx.Err() != nil {
		return Lease{}, s.refusal(ctx.Err(), 0)
	}
	if l, ok := s.tryAcquire(); ok {
		return s.complete(ctx, l, p)
	}
	return s.queueUp(ctx, p)
}

// TryAcquire returns the lease of a backend if one is idle, nobody waits and no checkout hook has to
// run; otherwise false, without a wait.
func (s *Slots) TryAcquire() (Lease, bool) {
	if s.extras.Load()&extraHook != 0 {
		return Lease{}, false
	}
	return s.tryAcquire()
}

func (s *Slots) tryAcquire() (Lease, bool) {
	if s.gate.Load() == 0 {
		if sl := s.take(); sl != nil {
			if l := sl.lend(self(), 0); s.checkedOut(l, s.extras.Load()) {
				return l, true
			}
		}
	}
	return Lease{}, false
}

func (s *Slots) queueUp(ctx context.Context, p Priority) (Lease, error) {
	l, err := s.wait(ctx, p)
	if err != nil || s.extras.Load() == 0 {
		return l, err
	}
	return s.complete(ctx, l, p)
}

// checkedOut reports a lease that was taken without a wait. False means that the pool was paused
// meanwhile: the lease is released.
func (s *Slots) checkedOut(l Lease, extras uint32) bool {
	if extras&extraPause != 0 && s.Paused() {
		l.Release()
		return false
	}
	if extras&extraReport != 0 {
		s.owner.CheckedOut(l.slot.backend.Load())
	}
	return true
}

// take claims an idle slot that is fit to be leased, of the goroutine's home shard if there is one; nil
// if there is none.
func (s *Slots) take() *slot {
	lay := s.layout.Load()
	if lay.fifo {
		for {
			sl := lay.oldest()
			if sl == nil || sl.marks.Load()&atAcquire == 0 || sl.fit() {
				return sl
			}
		}
	}
	n := len(lay.shards)
	first := home(n)
	for i := range n {
		sh := lay.shards[(first+i)&(n-1)]
		for {
			sl := sh.claim()
			if sl == nil {
				break
			}
			if sl.marks.Load()&atAcquire == 0 || sl.fit() {
				return sl
			}
		}
	}
	return nil
}

// complete does the rest of a checkout: it keeps the stack of the acquire and runs the checkout hooks,
// if extras say so. A backend whose hook fails is destroyed, and another one is waited for, once.
func (s *Slots) complete(ctx context.Context, l Lease, p Priority) (Lease, error) {
	for try := 1; ; try++ {
		extras := s.extras.Load()
		if extras&extraStack != 0 {
			l.slot.keepStack(l.epoch)
		}
		if extras&extraHook == 0 {
			return l, nil
		}
		b, err := l.Backend()
		if err == nil {
			err = b.runCheckoutHooks(ctx)
		}
		if err == nil {
			return l, nil
		}
		l.Destroy(err)
		if try == 2 {
			return Lease{}, err
		}
		if l, err = s.wait(ctx, p); err != nil {
			return Lease{}, err
		}
	}
}
