package conn

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// An Owner is told what the slots can't do by themselves. Its methods are
// called on the goroutines of whoever acquires and releases, sometimes with a
// lock held: they post a message and return.
type Owner interface {
	// Missed says that somebody waits and nothing is idle. It is called once
	// after each [Slots.Arm], however many wait.
	Missed()
	// Unfit says that a backend can't be lent as it is. Its slot is claimed for
	// its connection, which must end in [Slots.Return] or [Slots.Vacate].
	Unfit(*Backend, messages.Cause)
	// Stale says that a lease of the slot was released after it had ended.
	Stale(slot int)
}

// slot is a place for a backend.
type slot struct {
	epoch   atomic.Uint64 // odd: leased; every lease has one of its own
	marks   atomic.Uint32 // what must be looked at before the next lease, or at its end
	backend atomic.Pointer[Backend]
	shard   *shard
	bit     uint64
	index   int
	pool    *Slots
	_       [cacheLine - 56]byte
}

// Marks of a slot. Those of atAcquire are acted on when it is about to be leased.
const (
	markRetire   = 1 << iota // close instead of lending or keeping
	markPeek                 // idle for a while: look whether the server hung up
	markOverflow             // beyond the pool's size: close at check-in unless somebody waits

	atAcquire = markRetire | markPeek
	atRelease = markRetire | markOverflow
)

// Slots are the places for the backends of one pool, and the queue of those
// who wait for one. All methods are safe for concurrent use.
type Slots struct {
	name    string
	size    int
	timeout time.Duration
	owner   Owner
	hook    func(context.Context, *Backend) error // at checkout, on the caller's goroutine; nil if none
	slots   []*slot
	shards  []*shard // a power of two of them

	gate  atomic.Int64 // what turns acquirers away from the fast path: closed, or how many wait
	armed atomic.Bool  // the owner wants to hear of the next miss

	failure atomic.Pointer[Failure]

	mu     sync.Mutex
	queue  queue
	closed error
	timer  *time.Timer // at the latest at the head's deadline, while anybody waits
	timing bool

	refusals atomic.Uint64
}

const (
	gateClosed = 1
	oneWaiting = 1 << 8
)

// Failure is the last attempt to connect that failed.
type Failure struct {
	Err error
	At  time.Time
}

// Options say how slots behave. OnCheckout may be nil.
type Options struct {
	Pool       config.Pool
	Owner      Owner
	OnCheckout func(context.Context, *Backend) error
}

// NewSlots makes the places for a pool, all empty.
func NewSlots(o Options) *Slots {
	s := &Slots{name: o.Pool.Name, size: o.Pool.Size, timeout: o.Pool.AcquireTimeout, owner: o.Owner, hook: o.OnCheckout}
	n := 1
	for n*shardSlots < o.Pool.Hard() || n < runtime.GOMAXPROCS(0) && n*4 <= o.Pool.Hard() {
		n *= 2
	}
	for range n {
		s.shards = append(s.shards, &shard{})
	}
	for i := range o.Pool.Hard() {
		sh := s.shards[i%n]
		sl := &slot{shard: sh, bit: 1 << (i / n), index: i, pool: s}
		sh.slots[i/n] = sl
		s.slots = append(s.slots, sl)
	}
	s.timer = time.AfterFunc(time.Hour, s.expire)
	s.timer.Stop()
	return s
}

// Acquire lends a backend. It waits, first come first served, until one is
// free, ctx ends, the pool's acquire timeout has passed or the pool closes.
// Its error is an [*AcquireError], or the error of a checkout hook.
func (s *Slots) Acquire(ctx context.Context) (Lease, error) {
	if err := ctx.Err(); err != nil {
		return Lease{}, s.refusal(err, 0)
	}
	if s.gate.Load() == 0 {
		if sl := s.take(); sl != nil {
			l := sl.lend()
			if s.hook == nil {
				return l, nil
			}
			return s.checkout(ctx, l)
		}
	}
	l, err := s.wait(ctx)
	if err == nil && s.hook != nil {
		return s.checkout(ctx, l)
	}
	return l, err
}

// TryAcquire lends a backend if one is idle, nobody waits for it and no checkout
// hook has to run.
func (s *Slots) TryAcquire() (Lease, bool) {
	if s.gate.Load() == 0 && s.hook == nil {
		if sl := s.take(); sl != nil {
			return sl.lend(), true
		}
	}
	return Lease{}, false
}

// take claims an idle slot that is fit to be leased, its home shard first.
func (s *Slots) take() *slot {
	n := len(s.shards)
	first := home(n)
	for i := range n {
		sh := s.shards[(first+i)&(n-1)]
		for {
			sl := sh.claim(oneLease)
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

// fit acts on the marks of a claimed slot and says whether it can be leased;
// if not, its connection has been told.
func (sl *slot) fit() bool {
	b := sl.backend.Load()
	if sl.marks.Load()&markRetire != 0 {
		sl.pool.owner.Unfit(b, b.retirement())
		return false
	}
	sl.unmark(markPeek)
	if cause := b.Peek(); cause != messages.None {
		sl.pool.owner.Unfit(b, cause)
		return false
	}
	return true
}

func (sl *slot) mark(m uint32)   { sl.marks.Or(m) }
func (sl *slot) unmark(m uint32) { sl.marks.And(^m) }

// lend makes a lease of a claimed slot.
func (sl *slot) lend() Lease { return Lease{slot: sl, epoch: sl.epoch.Add(1)} }

// give makes a claimed slot available: to who waits longest, or to the idle set.
// The gate is looked at again after the slot is published, and a waiter rescans
// after raising the gate, so one of the two sees the other.
func (sl *slot) give() {
	s := sl.pool
	if s.gate.Load() == 0 {
		sl.shard.publish(sl.bit)
		if s.gate.Load() == 0 {
			return
		}
		s.serve(nil)
		return
	}
	s.serve(sl)
}

// checkout runs the hook. A backend whose hook fails is destroyed, and another
// is tried, once.
func (s *Slots) checkout(ctx context.Context, l Lease) (Lease, error) {
	for try := 1; ; try++ {
		err := s.hook(ctx, l.slot.backend.Load())
		if err == nil {
			return l, nil
		}
		l.Destroy(err)
		if try == 2 {
			return Lease{}, err
		}
		if l, err = s.wait(ctx); err != nil {
			return Lease{}, err
		}
	}
}
