package unoactor

import (
	"errors"
	"fmt"
)

// What a session that can't be used says. They wrap what made it so.
var (
	// ErrSessionEnded is the use of a session after Close, or after the function
	// that it was made for.
	ErrSessionEnded = errors.New("the session has ended: work within its function, or before Close")
	// ErrSessionBusy is the use of a session in the middle of something else.
	ErrSessionBusy = errors.New("the session is busy")
	// ErrTransactionLost is the use of a session in a transaction whose connection
	// was lost. After Rollback it can go on.
	ErrTransactionLost = errors.New("the transaction was lost with its connection: roll back, then begin again")
)

// What a session does, as its guard has it.
const (
	sessionIdle    int32 = iota
	sessionRunning       // a statement, on some goroutine
	sessionReading       // rows are open
	sessionOpen          // a batch is open, or the connection is lent
	sessionEnding        // closed by another goroutine while a statement runs: that one ends it
	sessionEnded
)

// enter takes the session for a statement. Until it is left its lease is in use: the end of
// the lease has the backend closed.
func (s *Session) enter() error {
	if s.guard.CompareAndSwap(sessionIdle, sessionRunning) {
		s.takeUse()
		return nil
	}
	switch s.guard.Load() {
	case sessionEnded, sessionEnding:
		return ErrSessionEnded
	case sessionReading:
		return fmt.Errorf("%w: rows of an earlier query are open: close them, or read them to their end, first", ErrSessionBusy)
	case sessionOpen:
		return fmt.Errorf("%w: a batch is open, or its connection is lent: close the one, and give back the other, first", ErrSessionBusy)
	}
	return fmt.Errorf("%w: another goroutine uses it: a session is for one at a time, so give each goroutine one of its own", ErrSessionBusy)
}

// leave gives it back.
func (s *Session) leave() {
	if s.backend != nil && s.backend.Conn().PgConn().IsBusy() { // in the middle of a statement somebody panicked
		s.breakOff(errPanicked)
	}
	s.spent = !s.lease.IsZero()
	s.dropUse()
	if !s.guard.CompareAndSwap(sessionRunning, sessionIdle) {
		s.endNow()
	}
}

// stay leaves it reading, or open, with its lease in use.
func (s *Session) stay(state int32) {
	if !s.guard.CompareAndSwap(sessionRunning, state) {
		s.endNow()
	}
}

// resume takes back a session that was left in a state. It returns false if the session
// has ended, or was broken off, since.
func (s *Session) resume(state int32) bool { return s.guard.CompareAndSwap(state, sessionRunning) }

// endNow ends a session that was closed by another goroutine while it was busy.
func (s *Session) endNow() {
	s.guard.Store(sessionEnded)
	s.end()
}

// others says whether another goroutine runs a statement, or did when the session was
// closed, so that nothing of it may be looked at.
func (s *Session) others() bool {
	state := s.guard.Load()
	return state == sessionRunning || state == sessionEnding
}

// reclaim takes back a session for which somebody left rows or a batch open, or the
// connection lent: the backend is closed, and a transaction is lost with it. It returns
// false where another goroutine runs a statement, or the session has ended.
func (s *Session) reclaim() bool {
	if !s.resume(sessionReading) && !s.resume(sessionOpen) {
		return false
	}
	s.breakOff(errStillOpen)
	return true
}

// breakOff gives the backend up in the middle of a statement.
func (s *Session) breakOff(err error) {
	if len(s.levels) > 0 && s.lost == nil {
		s.lost = err
	}
	s.lease.Release() // in use: it is closed
	s.forget()
}

// readingDone is told by the open rows that they are closed, and by what.
func (s *Session) readingDone(err error) {
	if !s.resume(sessionReading) {
		return
	}
	if s.backend.Conn().IsClosed() {
		if err == nil {
			err = errors.New("the connection was lost while rows were read")
		}
		_ = s.gone(err)
	}
	s.leave()
}
