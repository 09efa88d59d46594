package unoactor

import (
	"context"
	"errors"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/sqltext"
)

// harmlessError marks a failure after which it is certain that nothing has happened.
type harmlessError struct {
	err  error
	lost bool // there was no connection, or none any more
}

func (e *harmlessError) Error() string { return e.err.Error() }
func (e *harmlessError) Unwrap() error { return e.err }

// bare takes the mark off.
func bare(err error) error {
	if err == nil {
		return nil
	}
	var h *harmlessError
	if errors.As(err, &h) {
		return h.err
	}
	return err
}

// statementError marks the failure of a text that was run outside a transaction, or
// of the acquire before: nothing happened if nothing was sent, or if the server
// refused a text that does all or nothing.
func statementError(err error, sql string) error {
	if err == nil {
		return nil
	}
	if h := acquireError(err); h != nil {
		return h
	}
	unsent := conn.Unsent(err)
	if unsent || answered(err) && sqltext.AllOrNothing(sql) {
		return &harmlessError{err, unsent}
	}
	return err
}

// acquireError marks an acquire that failed: nothing was sent. Waiting longer for
// what is refused for good is no retry. It returns nil for any other failure.
func acquireError(err error) *harmlessError {
	var acquire *conn.AcquireError
	if !errors.As(err, &acquire) {
		return nil
	}
	ended := errors.Is(acquire.Reason, context.Canceled) || errors.Is(acquire.Reason, context.DeadlineExceeded)
	return &harmlessError{err, !acquire.Permanent() && !ended}
}
