package unoactor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

// RetryError is an operation that failed as often as the pool's retry settings
// allow. Errors.Is and errors.As look into the last failure.
type RetryError struct {
	Attempts int
	Took     time.Duration // all attempts and the pauses between
	Err      error         // the last failure
}

func (e *RetryError) Error() string {
	return fmt.Sprintf("given up after %d attempts in %v: %v", e.Attempts, e.Took.Round(time.Millisecond), e.Err)
}

// Unwrap gives the last failure.
func (e *RetryError) Unwrap() error { return e.Err }

// AmbiguousCommitError is a COMMIT that was sent and not answered: the transaction
// may have been committed, or not. It is never repeated.
type AmbiguousCommitError struct{ Err error }

func (e *AmbiguousCommitError) Error() string {
	return fmt.Sprintf("the transaction may have been committed, or not: no answer to COMMIT: %v", e.Err)
}

// Unwrap gives what came instead of the answer.
func (e *AmbiguousCommitError) Unwrap() error { return e.Err }

// errLostBefore is a connection that was lost before COMMIT was sent.
var errLostBefore = errors.New("the connection was lost before COMMIT: the transaction is rolled back")

// commit commits, and tells a COMMIT that failed from one of which nobody knows.
func commit(ctx context.Context, tx pgx.Tx) error {
	if tx.Conn().IsClosed() {
		return errLostBefore
	}
	err := tx.Commit(ctx)
	switch {
	case err == nil, answered(err), errors.Is(err, pgx.ErrTxCommitRollback), errors.Is(err, pgx.ErrTxClosed), conn.Unsent(err):
		return err
	}
	return &AmbiguousCommitError{Err: err}
}

// answered says whether the server said no and went on: what it refused did not
// happen. After FATAL it has not gone on, and may have committed before.
func answered(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.SeverityUnlocalized == "ERROR" || pg.SeverityUnlocalized == "" && pg.Severity == "ERROR")
}

// harmlessError marks a failure after which it is certain that nothing has happened.
type harmlessError struct {
	err  error
	lost bool // there was no connection, or none any more
}

func (e *harmlessError) Error() string { return e.err.Error() }
func (e *harmlessError) Unwrap() error { return e.err }

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

// repeat does something, and does it again as the pool's retry settings say where
// it failed with a harmlessError of a class that they name.
func (db *DB) repeat(ctx context.Context, do func() error) error {
	r := &db.pool.Settings().Retry
	if r.MaxRetries == 0 {
		return bare(do())
	}
	began := time.Now()
	attempts := 0
	err := failsafe.With(policyOf(r)).WithContext(ctx).Run(func() error { attempts++; return do() })
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()), attempts <= r.MaxRetries:
		return bare(err)
	}
	return &RetryError{Attempts: attempts, Took: time.Since(began), Err: bare(err)}
}

// bare takes the mark off.
func bare(err error) error {
	var h *harmlessError
	if errors.As(err, &h) {
		return h.err
	}
	return err
}

// longestRetryDelay bounds the pause between two attempts, however often it grew.
const longestRetryDelay = time.Minute

func policyOf(r *config.Retry) retrypolicy.RetryPolicy[any] {
	b := retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { return repeatable(err, r.RetryableErrors) }).
		WithMaxRetries(r.MaxRetries).WithJitterFactor(0.1).ReturnLastFailure()
	if limit := max(longestRetryDelay, 2*r.RetryDelay); r.BackoffFactor > 1 {
		return b.WithBackoffFactor(r.RetryDelay, limit, r.BackoffFactor).Build()
	}
	return b.WithDelay(r.RetryDelay).Build()
}

// repeatable says whether a failure was harmless and is of one of the classes.
func repeatable(err error, classes []string) bool {
	var h *harmlessError
	if !errors.As(err, &h) {
		return false
	}
	if h.lost && (slices.Contains(classes, "connection") || slices.Contains(classes, "operational")) {
		return true
	}
	var pg *pgconn.PgError
	if !errors.As(h.err, &pg) {
		return false
	}
	return slices.Contains(classes, pg.Code) || slices.Contains(classes, classOf(pg.Code))
}

// classOf is what retryable_errors calls an SQLSTATE, "" if it has no name there.
func classOf(code string) string {
	switch {
	case code == "40001":
		return "serialization"
	case code == "40P01":
		return "deadlock"
	case strings.HasPrefix(code, "08"):
		return "connection"
	case strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"), code == "55P03", code == "58030":
		return "operational"
	}
	return ""
}
