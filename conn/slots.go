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

// An Owner is told what the slots can't do by themselves. Its methods are
// called on the goroutines of whoever acquires and releases, sometimes with a
// lock held: they post a message or count, and return.
type Owner interface {
	// Missed says that somebody waits and nothing is idle. It is called once
	// after each [Slots.Arm], however many wait, for each administrator that has
	// to wait, and for each lease that ends while the pool is paused.
	Missed()
	// Unfit says that a backend can't be lent as it is. Its slot is claimed for
	// its connection, which must end in [Slots.Return] or [Slots.Vacate].
	Unfit(*Backend, messages.Cause)
	// HungUp says that the server has closed the connection of the slot's backend,
	// which is looked into before it is lent again.
	HungUp(slot int)
	// ReleasedLate says that a lease of the slot was released after it had ended.
	ReleasedLate(slot int)
	// Waited and Used tell, of the leases that are timed (see [Slots.Sample]), for
	// how many nanoseconds one was waited for and had.
	Waited(ns int64)
	Used(ns int64)
	// CheckedOut and CheckedIn tell of every lease while [Slots.Report] says so.
	CheckedOut(*Backend)
	CheckedIn(*Backend)
}

// Slots are the places for the backends of one pool, and the queue of those
// who wait for one. All methods are safe for concurrent use.
type Slots struct {
	name    string
	owner   Owner
	journal *Journal
	born    time.Time

	layout     atomic.Pointer[layout]
	gate       atomic.Int64  // what turns acquirers away from the fast path: closed, paused, or how many wait
	extras     atomic.Uint32 // what has to be done about a lease besides lending it
	resets     atomic.Bool   // the reset policy has something done to every backend between two leases
	generation atomic.Uint64 // of backends, see Condemn
	excused    excused       // leases that ended otherwise than by a release, and may still be released
	armed      atomic.Bool   // the owner wants to hear of the next miss

	size     atomic.Int64
	hard     atomic.Int64
	patience atomic.Int64 // the acquire timeout, in nanoseconds
	validate atomic.Int64 // the bound of a ping before a lease, in nanoseconds
	reset    atomic.Pointer[config.Reset]
	turns    atomic.Uint64
	failure  atomic.Pointer[Failure]

	sleepers sync.Pool // of *sleeper; the pool's own, since a channel is its synctest bubble's

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

// Bits of the gate. The others count who waits.
const (
	gateClosed   = 1
	gatePaused   = 2
	waitingShift = 8
	oneWaiting   = 1 << waitingShift
)

// Bits of extras.
const (
	extraHook   = 1 << iota // a checkout hook runs
	extraStack              // where a lease was acquired is remembered
	extraReport             // the owner hears of every lease
	extraOrder              // the order in which slots become idle is remembered
	extraPause              // the pool is paused: what was taken nevertheless goes back
)

// Failure is the last attempt to connect that failed.
type Failure struct {
	Err error
	At  time.Time
}

// Options say how slots behave. Journal may be nil.
type Options struct {
	Pool    config.Pool
	Owner   Owner
	Hooked  bool // checkout hooks run, on the goroutine of who acquires
	Journal *Journal
}

// NewSlots makes the places for a pool, all empty.
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

// Len is how many slots there are, used or not, the reserve among them.
func (s *Slots) Len() int { return len(s.layout.Load().slots) }

// Reserve is the index of the administrative slot.
func (s *Slots) Reserve() int { return s.layout.Load().reserve.index }

func (s *Slots) extra(bit uint32, on bool) {
	if on {
		s.extras.Or(bit)
	} else {
		s.extras.And(^bit)
	}
}

// Hook has checkout hooks run before each lease, or none.
func (s *Slots) Hook(on bool) { s.extra(extraHook, on) }

// Report has the owner told of every lease, or of none.
func (s *Slots) Report(on bool) { s.extra(extraReport, on) }

// Acquire lends a backend. It waits, first come first served, until one is
// free, ctx ends, the pool's acquire timeout has passed or the pool closes. The end
// of ctx is noticed within some milliseconds: see patrol.
// Its error is an [*AcquireError], or the error of a checkout hook.
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

// AcquirePriority is [Slots.Acquire] for who is served before, or after, others.
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

// TryAcquire lends a backend if one is idle, nobody waits for it and no checkout
// hook has to run.
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

// checkedOut reports a lease that was taken without waiting. False means that the pool
// was paused meanwhile, and the lease has gone back.
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

// take claims an idle slot that is fit to be leased, its home shard first.
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

// complete does what a lease asks for besides lending it: where it was acquired is
// remembered, the hook is run. A backend whose hook fails is destroyed, and another
// is tried, once.
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
