package conn

import (
	"math"
	"time"

	"github.com/unoactor/unoactor/config"
)

// This file ends waits. One timer serves the whole queue, so that no wait sets one of its own.

// watchHead sets the timer, if need be, to fire when the next wait may have to end. s.mu is held.
func (s *Slots) watchHead() {
	since, any := s.queue.longest()
	if !any {
		return
	}
	due := int64(math.MaxInt64)
	if patience := s.patience.Load(); patience != int64(config.Never) {
		due = since + patience
	}
	if s.overload.on() {
		due = min(due, s.now()+s.overload.target)
	}
	if s.mayCancel > 0 {
		due = min(due, s.now()+s.patrolEvery(since))
	}
	if due >= s.due {
		return
	}
	s.due = due
	s.timer.Reset(asDuration(due - s.now()))
}

// expire is called by the timer. It refuses those who have waited for as long as the pool allows, or
// for too long for an overloaded pool, and those whose contexts have ended.
func (s *Slots) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = math.MaxInt64
	now := s.now()
	if w := s.queue.first(); w != nil && s.overload.on() {
		s.overload.endInterval(now, now-w.since)
		s.shed(now)
	}
	patience := s.patience.Load()
	for i := range s.queue {
		for w := s.queue[i].head; w != nil && now-w.since >= patience; w = s.queue[i].head {
			s.refuse(w, ErrTimeout, now)
		}
	}
	if s.mayCancel > 0 {
		s.patrol()
	}
	s.watchHead()
}

// patrol ends the waits whose contexts have ended. To look at all contexts now and then costs each
// wait less than a select over two channels, which locks both. s.mu is held.
func (s *Slots) patrol() {
	for i := range s.queue {
		for w := s.queue[i].head; w != nil; {
			next := w.next
			select {
			case <-w.done: // never, if it is nil
				s.leave(w)
				w.waiter.Granted(Lease{}, errEnough)
			default:
			}
			w = next
		}
	}
}

// patrolEvery is the time between two patrols, in nanoseconds: a sixteenth of the longest wait, which
// began at since, but no less than a millisecond and no more than ten; and no less than a
// microsecond for each waiter.
func (s *Slots) patrolEvery(since int64) int64 {
	every := min(max((s.now()-since)/16, int64(time.Millisecond)), 10*int64(time.Millisecond))
	return max(every, int64(s.mayCancel)*int64(time.Microsecond))
}

// shed refuses those who have waited for too long for an overloaded pool, administrators excepted.
// s.mu is held.
func (s *Slots) shed(now int64) {
	for i := range s.queue[:Admin-Low] {
		for w := s.queue[i].head; w != nil && s.overload.tooLong(now-w.since); w = s.queue[i].head {
			s.refuse(w, ErrOverloaded, now)
		}
	}
}

// refuse ends one wait with an error of that reason. s.mu is held.
func (s *Slots) refuse(w *Waiting, reason error, now int64) {
	s.leave(w)
	err := s.refusal(reason, asDuration(now-w.since))
	if n := s.heldBy(w.holder); n > 0 {
		err.OwnLeases = n
	}
	w.waiter.Granted(Lease{}, err)
}

// RefuseWaiting ends every wait with an [*AcquireError] whose reason is err. Safe for concurrent use.
func (s *Slots) RefuseWaiting(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuseAll(err)
}

func (s *Slots) refuseAll(err error) {
	now := s.now()
	for i := range s.queue {
		for w := s.queue[i].head; w != nil; w = s.queue[i].head {
			s.refuse(w, err, now)
		}
	}
}

// now is the time on the clock of the slots, in nanoseconds since they were made. The clock is
// monotonic, and cheaper to read than the time of day.
func (s *Slots) now() int64 { return int64(time.Since(s.born)) }

func asDuration(ns int64) time.Duration { return time.Duration(ns) }
