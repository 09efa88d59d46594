package unoactor

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// What a session that can't be used says. They wrap what made it so.
var (
	// ErrSessionEnded is the use of a session after Close, or after the function
	// for which it was made.
	ErrSessionEnded = errors.New("the session has ended: work within its function, or before Close")
	// ErrSessionBusy is the use of a session in the middle of something else.
	ErrSessionBusy = errors.New("the session is busy")
	// ErrTransactionLost is the use of a session in a transaction whose connection
	// was lost. After Rollback it can go on.
	ErrTransactionLost = errors.New("the transaction was lost with its connection: roll back, then begin again")
)

// sessionGuard says what a session does, so that one goroutine at a time uses it.
//
//	idle <──> running <──> reading, open
//	            │ Close by another goroutine
//	            v
//	          ending ──> ended <── Close of any other
type sessionGuard struct{ state atomic.Int32 }

// What a session does.
const (
	sessionIdle    int32 = iota
	sessionRunning       // a statement, on some goroutine
	sessionReading       // rows are open
	sessionOpen          // a batch is open, or the connection is lent
	sessionEnding        // closed by another goroutine while a statement runs: that one ends it
	sessionEnded
)

// start takes an idle session for a statement.
func (g *sessionGuard) start() error {
	if g.state.CompareAndSwap(sessionIdle, sessionRunning) {
		return nil
	}
	switch g.state.Load() {
	case sessionEnded, sessionEnding:
		return ErrSessionEnded
	case sessionReading:
		return fmt.Errorf("%w: rows of an earlier query are open: close them, or read them to their end, first", ErrSessionBusy)
	case sessionOpen:
		return fmt.Errorf("%w: a batch is open, or its connection is lent: close the one, and give back the other, first", ErrSessionBusy)
	}
	return fmt.Errorf("%w: another goroutine uses it: a session is for one at a time, so give each goroutine one of its own", ErrSessionBusy)
}

// stop leaves a session that the caller runs idle, reading or open. It returns false if the
// session was closed meanwhile: then it has ended, and the caller gives back what it has.
func (g *sessionGuard) stop(state int32) bool {
	if g.state.CompareAndSwap(sessionRunning, state) {
		return true
	}
	g.state.Store(sessionEnded)
	return false
}

// resume takes back a session that was left reading or open. It returns false if the
// session has ended, or was broken off, since.
func (g *sessionGuard) resume(state int32) bool { return g.state.CompareAndSwap(state, sessionRunning) }

// shut ends a session, and says whether the caller is the first to do so. While a statement
// is running on another goroutine, the end of the statement gives back what the session has;
// otherwise the caller does.
func (g *sessionGuard) shut() (first, running bool) {
	for {
		switch state := g.state.Load(); state {
		case sessionEnding, sessionEnded:
			return false, false
		case sessionRunning:
			if g.state.CompareAndSwap(state, sessionEnding) {
				return true, true
			}
		default:
			if g.state.CompareAndSwap(state, sessionEnded) {
				return true, false
			}
		}
	}
}

// closed says whether another goroutine has closed the session in the middle of the
// caller's statement.
func (g *sessionGuard) closed() bool { return g.state.Load() == sessionEnding }

// others says whether another goroutine runs a statement, or did so when the session was
// closed: nothing of the session may be read then.
func (g *sessionGuard) others() bool {
	state := g.state.Load()
	return state == sessionRunning || state == sessionEnding
}
