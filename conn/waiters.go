package conn

import (
	"context"
	"sync"
	"time"

	"github.com/unoactor/unoactor/config"
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
	waiter     Waiter
	prev, next *Waiting
	since      time.Time
	queued     bool
}

// queue is first in, first out, and linked through its members.
type queue struct {
	head, tail *Waiting
}

func (q *queue) push(w *Waiting) {
	w.prev, w.next, w.queued = q.tail, nil, true
	if q.tail == nil {
		q.head = w
	} else {
		q.tail.next = w
	}
	q.tail = w
}

func (q *queue) remove(w *Waiting) {
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
	w.prev, w.next, w.queued = nil, nil, false
}

// Enqueue puts who in the queue, for a grant later or at once. It fails, and
// grants nothing, if the pool is closed.
func (s *Slots) Enqueue(w *Waiting, who Waiter) error {
	s.mu.Lock()
	if s.closed != nil {
		err := s.closed
		s.mu.Unlock()
		return s.refusal(err, 0)
	}
	w.waiter, w.since = who, time.Now()
	s.queue.push(w)
	if s.gate.Add(oneWaiting) == oneWaiting {
		s.watchHead()
		// A slot may have been published between the failed scan and the gate.
		s.grantIdle()
	}
	s.mu.Unlock()
	if s.gate.Load() != 0 {
		s.miss()
	}
	return nil
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
	s.queue.remove(w)
	s.gate.Add(-oneWaiting)
}

// serve hands out a claimed slot, or, given none, what is idle.
func (s *Slots) serve(sl *slot) {
	s.mu.Lock()
	if sl == nil {
		s.grantIdle()
		s.mu.Unlock()
		return
	}
	w := s.queue.head
	if w == nil {
		sl.shard.publish(sl.bit)
		s.mu.Unlock()
		return
	}
	s.leave(w)
	l := sl.lend() // under the lock: whoever closes the pool next finds it leased
	s.mu.Unlock()
	w.waiter.Granted(l, nil)
}

// grantIdle gives idle slots to those who wait longest. s.mu is held.
func (s *Slots) grantIdle() {
	for s.queue.head != nil {
		sl := s.take()
		if sl == nil {
			return
		}
		w := s.queue.head
		s.leave(w)
		w.waiter.Granted(sl.lend(), nil)
	}
}

// watchHead sees to it that the timer fires no later than the head of the queue
// is due. It waits longest, and all wait equally long. s.mu is held.
func (s *Slots) watchHead() {
	if s.timing || s.queue.head == nil || s.timeout == config.Never {
		return
	}
	s.timing = true
	s.timer.Reset(time.Until(s.queue.head.since.Add(s.timeout)))
}

// expire refuses those who have waited for as long as the pool allows.
func (s *Slots) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timing = false
	now := time.Now()
	for w := s.queue.head; w != nil && now.Sub(w.since) >= s.timeout; w = s.queue.head {
		s.leave(w)
		w.waiter.Granted(Lease{}, s.refusal(ErrTimeout, now.Sub(w.since)))
	}
	s.watchHead()
}

// RefuseWaiting ends every wait with an error caused by err.
func (s *Slots) RefuseWaiting(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuseAll(err)
}

func (s *Slots) refuseAll(err error) {
	now := time.Now()
	for w := s.queue.head; w != nil; w = s.queue.head {
		s.leave(w)
		w.waiter.Granted(Lease{}, s.refusal(err, now.Sub(w.since)))
	}
}

// sleeper is a goroutine that waits.
type sleeper struct {
	waiting Waiting
	ready   chan struct{} // holds one grant
	lease   Lease
	err     error
}

var sleepers = sync.Pool{New: func() any { return &sleeper{ready: make(chan struct{}, 1)} }}

// Granted wakes the goroutine.
func (w *sleeper) Granted(l Lease, err error) {
	w.lease, w.err = l, err
	w.ready <- struct{}{}
}

// wait puts the calling goroutine in the queue, and to sleep.
func (s *Slots) wait(ctx context.Context) (Lease, error) {
	w := sleepers.Get().(*sleeper)
	defer sleepers.Put(w)
	if err := s.Enqueue(&w.waiting, w); err != nil {
		return Lease{}, err
	}
	done := ctx.Done()
	if done == nil { // a receive costs less than a choice
		<-w.ready
		return w.lease, w.err
	}
	select {
	case <-w.ready:
	case <-done:
		since := w.waiting.since
		if s.Cancel(&w.waiting) {
			return Lease{}, s.refusal(ctx.Err(), time.Since(since))
		}
		<-w.ready
		if w.err == nil {
			w.lease.Release() // granted and cancelled at once: passed on
			return Lease{}, s.refusal(ctx.Err(), time.Since(since))
		}
	}
	return w.lease, w.err
}
