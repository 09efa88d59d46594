package conn

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/messages"
)

// slot is a place for a backend.
type slot struct {
	// epoch is odd while leased, and different in every lease: a count in its low
	// half, and while leased the id of the goroutine that acquired in the high one.
	epoch   atomic.Uint64
	marks   atomic.Uint32 // what must be looked at before the next lease, or at its end
	sample  atomic.Uint32 // leases are timed whose count has just the lowest bit under this mask, ones from the right
	backend atomic.Pointer[Backend]
	shard   *shard
	bit     uint64
	pool    *Slots
	began   int64         // of a timed lease, else 0; whoever owns the slot owns it
	timed   int64         // when a lease last was
	turn    atomic.Uint64 // at which it became idle, where the order is fifo
	stack   atomic.Pointer[trace]
	revoked atomic.Uint64 // the epoch of its last lease that was ended against its holder's will
	index   int
	// reserved: for administrative leases only.
	reserved bool
	_        [cacheLine - 105]byte
}

// Marks of a slot. Those of atAcquire are acted on when it is about to be leased.
const (
	markRetire   = 1 << iota // close instead of lending or keeping
	markPeek                 // idle for a while: look whether the server hung up
	markPing                 // idle for long: ask the server for a sign of life
	markOverflow             // beyond the pool's size: close at checkin unless somebody waits

	atAcquire = markRetire | markPeek | markPing
	atRelease = markRetire | markOverflow
)

func (sl *slot) mark(m uint32)   { sl.marks.Or(m) }
func (sl *slot) unmark(m uint32) { sl.marks.And(^m) }

// fit acts on the marks of a claimed slot and says whether it can be leased;
// if not, its connection has been told.
func (sl *slot) fit() bool {
	if sl.ready() {
		return true
	}
	sl.pool.undone.Add(1)
	return false
}

func (sl *slot) ready() bool {
	b := sl.backend.Load()
	marks := sl.marks.Load()
	if marks&markRetire != 0 {
		sl.pool.owner.Unfit(b, b.retirement())
		return false
	}
	sl.unmark(markPeek | markPing)
	if cause := b.Peek(); cause != messages.None {
		sl.pool.owner.Unfit(b, cause)
		return false
	}
	if marks&markPing != 0 {
		sl.pool.owner.Unfit(b, messages.Unproven)
		return false
	}
	return true
}

// lend makes a lease of a claimed slot, for a goroutine that has waited since then;
// 0: it has not.
func (sl *slot) lend(holder uint32, since int64) Lease {
	count := uint32(sl.epoch.Load()) + 1
	if count&sl.sample.Load() == 1 {
		sl.clock(since)
	}
	epoch := uint64(holder)<<32 | uint64(count)
	sl.epoch.Store(epoch)
	return Lease{slot: sl, epoch: epoch}
}

// end makes the lease of that epoch end, once. Who ends it owns the slot.
func (sl *slot) end(epoch uint64) bool {
	if !sl.epoch.CompareAndSwap(epoch, uint64(uint32(epoch)+1)) {
		return false
	}
	if sl.began != 0 {
		sl.pool.owner.Used(sl.pool.now() - sl.began)
		sl.began = 0
	}
	if sl.pool.extras.Load()&extraReport != 0 {
		sl.pool.owner.CheckedIn(sl.backend.Load())
	}
	return true
}

// timedEvery is about how often a lease of a busy slot is timed: the clock must not
// be what a checkout costs.
const timedEvery = int64(time.Millisecond)

// clock times the lease that begins, and half as many of those to come if they
// come too fast.
func (sl *slot) clock(since int64) {
	now := sl.pool.now()
	var waited int64
	if since > 0 {
		waited = now - since
	}
	if waited > int64(slowGrant) {
		sl.pool.journal.Write(Decision{What: Granted, Slot: sl.index, Waited: asDuration(waited)})
	}
	if mask := sl.sample.Load(); now-sl.timed < timedEvery && mask < math.MaxUint32>>1 {
		sl.sample.Store(mask<<1 | 1)
	}
	sl.began, sl.timed = now, now
	sl.pool.owner.Waited(waited)
}

// Sample has more leases of a slot timed, if it had too few since this was last asked
// for the fraction that is.
func (s *Slots) Sample(index int, leases uint64) {
	sl := s.slot(index)
	mask := sl.sample.Load()
	calm := mask
	for calm > 1 && uint64(calm) > leases/16 {
		calm >>= 1
	}
	if calm != mask {
		sl.sample.CompareAndSwap(mask, calm)
	}
}

// give makes a claimed slot available: to who waits longest, or to the idle set.
// The gate is looked at again after the slot is published, and a waiter rescans
// after raising the gate, so one of the two sees the other.
func (sl *slot) give() {
	s := sl.pool
	if s.gate.Load() == 0 {
		sl.publish()
		if s.gate.Load() == 0 {
			return
		}
		s.passOn(nil)
		return
	}
	s.passOn(sl)
}

func (sl *slot) publish() {
	if sl.pool.extras.Load()&extraOrder != 0 {
		sl.turn.Store(sl.pool.turns.Add(1))
	}
	sl.shard.publish(sl.bit)
}

// State is what a slot is at one moment.
type State uint8

// The states of a slot.
const (
	Empty State = iota
	Idle
	Leased
	Claimed
)

var states = [...]string{"empty", "idle", "leased", "claimed"}

func (s State) String() string { return states[s] }

func (sl *slot) state() State {
	switch {
	case sl.epoch.Load()&1 == 1:
		return Leased
	case sl.shard.word.Load()&sl.bit != 0:
		return Idle
	case sl.backend.Load() != nil:
		return Claimed
	}
	return Empty
}
