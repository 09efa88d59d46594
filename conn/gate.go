package conn

// This file closes the ways into a pool: for good, for a while, or while its node
// can't be connected to.

// Close refuses everybody who waits, and every later Acquire, with [ErrClosed].
// Leases stay valid until they are released.
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

// Pause stops lending: who acquires waits until Resume, or fails at once with
// [ErrPaused] if failFast says so, as do those who wait already. Leases that are
// out stay valid; [Owner.Missed] is called when one of them ends.
func (s *Slots) Pause(failFast bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.paused {
		s.paused = true
		// In this order: who passes the gate after this sees the other bit before
		// he keeps what he took.
		s.extra(extraPause, true)
		s.gate.Add(gatePaused)
	}
	s.failFast = failFast
	if failFast {
		s.refuseAll(ErrPaused)
	}
}

// Resume ends a pause: those who wait are served first.
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

// Paused says whether the pool is paused.
func (s *Slots) Paused() bool { return s.gate.Load()&gatePaused != 0 }

// Trip has those who would have to wait fail at once with an error caused by err,
// until it is called with nil. What is idle is lent all the same.
func (s *Slots) Trip(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tripped = err
	if err != nil {
		s.refuseAll(err)
	}
}
