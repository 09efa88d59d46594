package conn

import (
	"math"
	"time"
)

// A Waiter stands in the queue of a pool. Granted is called with a lease or an error, exactly once
// unless the wait was cancelled, on the goroutine of whoever made the slot available,
// sometimes with a lock held: it must not block and must not call into the pool.
type Waiter interface {
	Granted(Lease, error)
}

// Waiting is a place in the queue: the record that a [Waiter] embeds or keeps. It may be used again
// after its grant. Its owner must not change it while it is queued.
type Waiting struct {
	// Priority is set before Enqueue.
	Priority Priority

	queued     bool
	holder     uint32 // the goroutine that will hold the lease, see self
	waiter     Waiter
	prev, next *Waiting
	since      int64           // on the clock of the slots
	done       <-chan struct{} // closed when the context of the waiter ends; nil: it never does
}

// Priority says who is served first. Among those of the same priority, first come is first served.
type Priority int8

// The priorities. Normal is the zero value.
const (
	Low    Priority = -1
	Normal Priority = 0
	High   Priority = 1
	// Admin may also use the reserve, a backend beyond the hard limit that is opened for nobody
	// else: an administrator gets one when the pool is full.
	Admin Priority = 2

	priorities = 4
)

var priorityNames = [...]string{"low", "normal", "high", "admin"}

func (p Priority) String() string { return priorityNames[p-Low] }

// list is a queue of waiters, first in, first out, linked through its members.
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

// first returns the waiter whose turn it is, nil if nobody waits.
func (q *queue) first() *Waiting {
	for i := priorities - 1; i >= 0; i-- {
		if w := q[i].head; w != nil {
			return w
		}
	}
	return nil
}

// longest returns when the longest wait began. any is false if nobody waits.
func (q *queue) longest() (since int64, any bool) {
	since = math.MaxInt64
	for i := range q {
		if w := q[i].head; w != nil {
			since, any = min(since, w.since), true
		}
	}
	return since, any
}

// Enqueue puts who into the queue, in the place w: it is granted a lease or an error, later or at once.
// If nobody may wait now, since the pool is closed or fails fast, Enqueue returns an [*AcquireError]
// and grants nothing.
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

// barred returns why nobody may wait now, nil if everybody may. s.mu is held.
func (s *Slots) barred() error {
	switch {
	case s.closed != nil:
		return s.closed
	case s.paused && s.failFast:
		return ErrPaused
	}
	return s.tripped
}

// Cancel takes w out of the queue. False means that w is not in the queue any more: a grant was made,
// or is being made, and the waiter has to release it.
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

// passOn grants a claimed slot, and, if it is nil or may not be granted, those that are idle.
func (s *Slots) passOn(sl *slot) {
	if sl != nil && sl.marks.Load()&markRetire != 0 { // condemned since its holder released it
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
			s.owner.Missed() // the pool waits until no lease is left
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

// next takes the waiter whose turn it is out of the queue; nil if there is none. Those who have waited
// for too long in an overload are refused instead. s.mu is held.
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

// grantIdle grants idle slots to those whose turn it is. s.mu is held.
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

// takeReserve claims the reserve if it is idle and fit, and returns nil otherwise.
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

// AdminWaiting returns whether an administrator waits.
func (s *Slots) AdminWaiting() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue[Admin-Low].head != nil
}

// Deadlocked returns the indices of the slots whose holders have been waiting in the queue for another
// lease for at least that long: a goroutine that waits for a lease while it has one waits for
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

// heldBy returns how many leases of the pool a goroutine has.
func (s *Slots) heldBy(goroutine uint32) int {
	n := 0
	for _, sl := range s.layout.Load().slots {
		if e := sl.epoch.Load(); e&1 == 1 && uint32(e>>32) == goroutine {
			n++
		}
	}
	return n
}
