package conn

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/messages"
)

// slot is a place for a backend.
type slot struct {
	// epoch is odd while the slot is leased, and different in every lease: its low half is a
	// count, its high half, while leased, the low half of the id of the holder's goroutine.
	epoch   atomic.Uint64
	marks   atomic.Uint32 // what has to be done before the next lease, or at its end
	sample  atomic.Uint32 // a mask of ones from the right: leases are timed whose count has only the lowest bit under it
	backend atomic.Pointer[Backend]
	shard   *shard
	bit     uint64
	pool    *Slots
	began   int64         // when the timed lease began, 0 if it is not timed; of whoever has claimed or leased the slot
	timed   int64         // when the last timed lease began
	turn    atomic.Uint64 // counts up from slot to slot as they become idle, if the order is fifo
	stack   atomic.Pointer[trace]
	revoked atomic.Uint64 // the epoch of the last lease that was revoked
	index   int
	// reserved is set for the reserve, which is lent to administrators only.
	reserved bool
	_        [cacheLine - 105]byte
}

// The marks of a slot. Those of atAcquire count when the slot is about to be leased, those of atRelease
// when its lease ends.
const (
	markRetire   = 1 << iota // condemned: close the backend instead of lending or keeping it
	markPeek                 // suspect: peek whether the server hung up
	markPing                 // doubtful: ask the server for a sign of life
	markOverflow             // beyond the pool's size: close at checkin unless somebody waits

	atAcquire = markRetire | markPeek | markPing
	atRelease = markRetire | markOverflow
)

func (sl *slot) mark(m uint32)   { sl.marks.Or(m) }
func (sl *slot) unmark(m uint32) { sl.marks.And(^m) }

// fit does what the marks of a claimed slot demand and returns whether the slot can be leased. If not,
// its backend has been handed to [Owner.Unfit].
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

// lend makes a lease of a claimed slot for the goroutine holder, which has waited since that time on
// the clock of the slots; 0 means that it has not waited.
func (sl *slot) lend(holder uint32, since int64) Lease {
	count := uint32(sl.epoch.Load()) + 1
	if count&sl.sample.Load() == 1 {
		sl.clock(since)
	}
	epoch := uint64(holder)<<32 | uint64(count)
	sl.epoch.Store(epoch)
	return Lease{slot: sl, epoch: epoch}
}

// end ends the lease of that epoch, and returns whether it did: a lease ends once. The caller has then
// claimed the slot.
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

// timedEvery is about how often a lease of a busy slot is timed, in nanoseconds: a checkout must not
// cost a look at the clock.
const timedEvery = int64(time.Millisecond)

// clock begins to time the lease that begins, and halves the fraction of leases that are timed if they
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

// Sample raises the fraction of a slot's leases that are timed, if the slot had too few leases since
// the last call: leases is their number. Safe for concurrent use.
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

// give makes a claimed slot available: to whoever waits longest, or in the idle set. The gate is read
// again after the slot is published, and a waiter scans again after it has raised the gate, so one
// of the two sees the other.
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

// State is the state of a slot at one moment: see the package comment.
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
