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
	sessionEnding        // closed by another goroutine while a statement runs: that one ends it
	sessionEnded
)

// enter takes the session for a statement.
func (s *Session) enter() error {
	if s.guard.CompareAndSwap(sessionIdle, sessionRunning) {
		return nil
	}
	switch s.guard.Load() {
	case sessionEnded, sessionEnding:
		return ErrSessionEnded
	case sessionReading:
		return fmt.Errorf("%w: rows of an earlier query are open: close them, or read them to their end, first", ErrSessionBusy)
	}
	return fmt.Errorf("%w: another goroutine uses it, or a batch is open: a session is for one at a time, so give each goroutine one of its own", ErrSessionBusy)
}

// leave gives it back.
func (s *Session) leave() {
	s.spent = !s.lease.IsZero()
	if !s.guard.CompareAndSwap(sessionRunning, sessionIdle) {
		s.endNow()
	}
}

func (s *Session) startReading() {
	if !s.guard.CompareAndSwap(sessionRunning, sessionReading) {
		s.endNow()
	}
}

// endNow ends a session that was closed by another goroutine while it was busy.
func (s *Session) endNow() {
	s.guard.Store(sessionEnded)
	s.end()
}

// readingDone is told by the open rows that they are closed, and by what.
func (s *Session) readingDone(err error) {
	s.rows = nil
	if s.backend != nil && s.backend.Conn().IsClosed() {
		if err == nil {
			err = errors.New("the connection was lost while rows were read")
		}
		_ = s.gone(err)
	} else if err == nil {
		s.lease.Answered()
		s.spent = true
	}
	s.guard.CompareAndSwap(sessionReading, sessionIdle)
}
