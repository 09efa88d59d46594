package unoactor

import (
	"context"
	"errors"

	"github.com/unoactor/unoactor/conn"
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

// statementError marks the failure of one statement outside a transaction: nothing
// happened if it was not sent, or if the server refused it.
func statementError(err error) error {
	unsent := err != nil && conn.Unsent(err)
	if unsent || answered(err) {
		return &harmlessError{err, unsent}
	}
	return err
}

// acquireError marks an acquire that failed: nothing was sent. Waiting longer for
// what is refused for good is no retry.
func acquireError(err error) error {
	var acquire *conn.AcquireError
	if !errors.As(err, &acquire) {
		return err // a checkout hook's
	}
	ended := errors.Is(acquire.Reason, context.Canceled) || errors.Is(acquire.Reason, context.DeadlineExceeded)
	return &harmlessError{err, !acquire.Permanent() && !ended}
}
