package conn

import (
	"math"
	"time"
)

// A Waiter stands in the queue of a pool. Granted is called exactly once unless
// the wait was cancelled, with a lease or an error, on the goroutine of whoever
// gave the lease back: it must not block and must not call into the pool.
type Waiter interface {
	Granted(Lease, error)
}

// Waiting is a place in the queue: the record that a [Waiter] embeds or keeps.
// It may be used again after its grant.
type Waiting struct {
	// Priority is set before Enqueue.
	Priority Priority

	queued     bool
	holder     uint32 // who it will be that leases
	waiter     Waiter
	prev, next *Waiting
	since      int64           // on the clock of the slots
	done       <-chan struct{} // closed when who waits has had enough; nil: never
}

// Priority is whose turn it is before others': within one, first come is first served.
type Priority int8

// The priorities. Normal is the zero value.
const (
	Low    Priority = -1
	Normal Priority = 0
	High   Priority = 1
	// Admin may also use the reserve, a backend beyond the hard limit that is
	// opened for nobody else, so it gets one when the pool is full.
	Admin Priority = 2

	priorities = 4
)

var priorityNames = [...]string{"low", "normal", "high", "admin"}

func (p Priority) String() string { return priorityNames[p-Low] }

// list is first in, first out, and linked through its members.
type list struct{ head, tail *Waiting }

func (q *list) push(w *Waiting) {
	w.prev, w.next = q.tail, nil
	if q.tail == nil {
		q.head = w
	} else {
		q.tail.next = w
	}
	q.tail = w
}

func (q *list) remove(w *Waiting) {
	if w.prev == nil {
		q.head = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.tail = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
}

// queue is a list for each priority.
type queue [priorities]list

func (q *queue) of(w *Waiting) *list { return &q[w.Priority-Low] }

// first is whose turn it is, nil if nobody waits.
func (q *queue) first() *Waiting {
	for i := priorities - 1; i >= 0; i-- {
		if w := q[i].head; w != nil {
			return w
		}
	}
	return nil
}

// longest is when the wait of him began who has waited longest.
func (q *queue) longest() (since int64, any bool) {
	since = math.MaxInt64
	for i := range q {
		if w := q[i].head; w != nil {
			since, any = min(since, w.since), true
		}
	}
	return since, any
}

// Enqueue puts who in the queue, for a grant later or at once. It fails, and
// grants nothing, if the pool is closed or fails fast.
func (s *Slots) Enqueue(w *Waiting, who Waiter) error {
	w.waiter, w.since, w.holder, w.queued = who, s.now(), self(), true
	s.mu.Lock()
	if err := s.barred(); err != nil {
		s.mu.Unlock()
		return s.refusal(err, 0)
	}
	s.queue.of(w).push(w)
	s.mayCancel += b2i(w.done != nil)
	first := s.gate.Add(oneWaiting)>>waitingShift == 1
	if first || w.Priority == Admin {
		s.watchHead()
		// A slot may have been published between the failed scan and the gate.
		s.grantIdle()
	}
	s.mu.Unlock()
	switch {
	case s.gate.Load() == 0:
	case w.Priority == Admin:
		s.owner.Missed() // a full pool does not listen for misses, but it has a reserve
	default:
		s.miss()
	}
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// barred is why nobody may wait now, nil if everybody may. s.mu is held.
func (s *Slots) barred() error {
	switch {
	case s.closed != nil:
		return s.closed
	case s.paused && s.failFast:
		return ErrPaused
	}
	return s.tripped
}

// Cancel takes w out of the queue. False means that its grant was already made
// or is under way: the waiter gets it, and gives it back.
func (s *Slots) Cancel(w *Waiting) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !w.queued {
		return false
	}
	s.leave(w)
	return true
}

func (s *Slots) miss() {
	if s.armed.Load() && s.armed.CompareAndSwap(true, false) {
		s.owner.Missed()
	}
}

// leave takes w out of the queue. s.mu is held.
func (s *Slots) leave(w *Waiting) {
	s.queue.of(w).remove(w)
	w.queued = false
	s.mayCancel -= b2i(w.done != nil)
	s.gate.Add(-oneWaiting)
}

// passOn hands out a claimed slot, or, given none, what is idle.
func (s *Slots) passOn(sl *slot) {
	if sl != nil && sl.marks.Load()&markRetire != 0 { // since its holder looked
		b := sl.backend.Load()
		s.owner.Unfit(b, b.retirement())
		sl = nil
	}
	s.mu.Lock()
	if sl == nil || s.paused || sl.reserved {
		if sl != nil {
			sl.publish()
		}
		s.grantIdle()
		told := s.paused
		s.mu.Unlock()
		if told {
			s.owner.Missed() // who waits for the leases to come back hears of this one
		}
		return
	}
	w := s.next()
	if w == nil {
		sl.publish()
		s.mu.Unlock()
		return
	}
	s.handed.Add(1)
	l := s.grant(sl, w) // under the lock: whoever closes the pool next finds it leased
	s.mu.Unlock()
	w.waiter.Granted(l, nil)
}

func (s *Slots) grant(sl *slot, w *Waiting) Lease {
	l := sl.lend(w.holder, w.since)
	if s.extras.Load()&extraReport != 0 {
		s.owner.CheckedOut(sl.backend.Load())
	}
	return l
}

// next takes him out of the queue whose turn it is. Who is refused for an overload
// has no turn. s.mu is held.
func (s *Slots) next() *Waiting {
	w := s.queue.first()
	if w == nil {
		return nil
	}
	if s.overload.on() {
		now := s.now()
		s.overload.served(now, now-w.since)
		s.shed(now)
		if w = s.queue.first(); w == nil {
			return nil
		}
	}
	s.leave(w)
	if s.gate.Load() < oneWaiting {
		s.overload.emptied()
	}
	return w
}

// grantIdle gives idle slots to those whose turn it is. s.mu is held.
func (s *Slots) grantIdle() {
	for !s.paused && s.queue.first() != nil {
		sl := s.take()
		if sl == nil && s.queue[Admin-Low].head != nil {
			sl = s.takeReserve()
		}
		if sl == nil {
			return
		}
		w := s.next()
		if w == nil {
			s.undone.Add(1)
			sl.publish()
			return
		}
		s.granted.Add(1)
		w.waiter.Granted(s.grant(sl, w), nil)
	}
}

// takeReserve claims the reserve if it is idle and fit.
func (s *Slots) takeReserve() *slot {
	sl := s.layout.Load().reserve
	if !sl.shard.claimBit(sl.bit, oneLease) {
		return nil
	}
	if sl.marks.Load()&atAcquire != 0 && !sl.fit() {
		return nil
	}
	return sl
}

// AdminWaiting says whether somebody waits who may use the reserve.
func (s *Slots) AdminWaiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue[Admin-Low].head != nil
}

// Deadlocked lists the slots whose holders have themselves waited in the queue for
// at least that long: a goroutine that waits for a lease while it has one waits for
// itself, if all others do the same. It looks at no more than limit waiters.
func (s *Slots) Deadlocked(least time.Duration, limit int) []int {
	lay := s.layout.Load()
	held := make(map[uint32]int, len(lay.slots))
	for i, sl := range lay.slots {
		if e := sl.epoch.Load(); e&1 == 1 {
			held[uint32(e>>32)] = i
		}
	}
	var found []int
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for i := range s.queue {
		for w := s.queue[i].head; w != nil && limit > 0; w = w.next {
			limit--
			if slot, holds := held[w.holder]; holds && asDuration(now-w.since) >= least {
				found = append(found, slot)
			}
		}
	}
	return found
}

// heldBy is how many leases a goroutine has.
func (s *Slots) heldBy(goroutine uint32) int {
	n := 0
	for _, sl := range s.layout.Load().slots {
		if e := sl.epoch.Load(); e&1 == 1 && uint32(e>>32) == goroutine {
			n++
		}
	}
	return n
}
