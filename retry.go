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

// repeat does something, and does it again as the settings say where it failed with a
// harmlessError of a class that they name.
func repeat(ctx context.Context, r *config.Retry, do func() error) error {
	began, attempts := time.Now(), 0
	var last error
	// What Run returns is the end of ctx, though the last attempt may have succeeded or
	// committed nobody knows what: only last counts.
	_ = failsafe.With(policyOf(r)).WithContext(ctx).Run(func() error {
		attempts++
		last = do()
		return last
	})
	switch {
	case !repeatable(last, r.RetryableErrors):
		return bare(last)
	case attempts <= r.MaxRetries: // ctx ended
		return conn.Ended(ctx, bare(last))
	}
	return &RetryError{Attempts: attempts, Took: time.Since(began), Err: bare(last)}
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
	if err == nil {
		return false
	}
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
