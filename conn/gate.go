package conn

// This file closes the queue of a pool: for good, for a while, or while its node can't be connected to.

// Close refuses all who wait, and every later acquire, with [ErrClosed]. Leases stay valid until they
// are released. Safe for concurrent use; a second call does nothing.
func (s *Slots) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed != nil {
		return
	}
	s.closed = ErrClosed
	s.gate.Add(gateClosed)
	s.refuseAll(ErrClosed)
	s.timer.Stop()
}

// Pause stops lending: an acquire waits until Resume, or, if failFast is set, fails at once with
// [ErrPaused], as do those who wait already. Leases stay valid; [Owner.Missed] is called when one of
// them ends. A second call changes failFast.
func (s *Slots) Pause(failFast bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.paused {
		s.paused = true
		// In this order: an acquirer who passes the gate after this sees the other bit before
		// keeping what was taken.
		s.extra(extraPause, true)
		s.gate.Add(gatePaused)
	}
	s.failFast = failFast
	if failFast {
		s.refuseAll(ErrPaused)
	}
}

// Resume ends a pause. Idle backends go to those who wait first. It does nothing if the pool is not
// paused.
func (s *Slots) Resume() {
	s.mu.Lock()
	if !s.paused {
		s.mu.Unlock()
		return
	}
	s.paused = false
	s.gate.Add(-gatePaused)
	s.extra(extraPause, false)
	s.grantIdle()
	s.mu.Unlock()
	if s.Waiting() > 0 {
		s.owner.Missed()
	}
}

// Paused returns whether the pool is paused.
func (s *Slots) Paused() bool { return s.gate.Load()&gatePaused != 0 }

// Trip ends every wait, and makes each acquire that would have to wait fail at once, with an
// [*AcquireError] whose reason is err, until Trip is called with nil. Idle backends are lent all the
// same.
func (s *Slots) Trip(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tripped = err
	if err != nil {
		s.refuseAll(err)
	}
}
