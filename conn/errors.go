package conn

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// What can end a wait for a lease, besides its context.
var (
	ErrTimeout = errors.New("no backend became free within the pool's acquire_timeout")
	ErrClosed  = errors.New("the pool is closed")
	ErrDenied  = errors.New("the server refuses the pool's connections")
)

// AcquireError is why there was no lease: what ended the wait, what the pool
// looked like then, and the last failure to connect, which is often the reason.
// It matches what ended the wait and the failure with errors.Is and errors.As.
type AcquireError struct {
	Pool   string
	Waited time.Duration
	Reason error // ErrTimeout, ErrClosed, ErrDenied, context.Canceled or context.DeadlineExceeded
	Stats  Stats
	// LastFailure is the last attempt to connect that failed since one succeeded; nil if none.
	LastFailure *Failure
}

func (e *AcquireError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "acquire from pool %q: %v", e.Pool, e.Reason)
	if e.Waited > 0 {
		fmt.Fprintf(&b, " (waited %v)", e.Waited.Round(time.Microsecond))
	}
	fmt.Fprintf(&b, ": %d of at most %d backends open, %d leased, %d idle, %d waiting",
		e.Stats.Open, e.Stats.Hard, e.Stats.Leased, e.Stats.Idle, e.Stats.Waiting)
	if e.LastFailure != nil {
		fmt.Fprintf(&b, "; last connect failure, at %s: %v", e.LastFailure.At.Format(time.RFC3339), e.LastFailure.Err)
	}
	return b.String()
}

// Unwrap gives what ended the wait, and the last connect failure.
func (e *AcquireError) Unwrap() []error {
	if e.LastFailure == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.LastFailure.Err}
}

// Permanent says that waiting longer would not have helped: the server refuses
// the user or the database, or the pool is closed.
func (e *AcquireError) Permanent() bool {
	return errors.Is(e.Reason, ErrDenied) || errors.Is(e.Reason, ErrClosed)
}

// refusal is the error of a wait that ended without a lease.
func (s *Slots) refusal(reason error, waited time.Duration) error {
	s.refusals.Add(1)
	return &AcquireError{Pool: s.name, Waited: waited, Reason: reason, Stats: s.Stats(), LastFailure: s.failure.Load()}
}

// StaleLeaseError is the error of using a lease after its end: it was released,
// or revoked.
type StaleLeaseError struct {
	Pool string
	Slot int
}

func (e *StaleLeaseError) Error() string {
	if e.Pool == "" {
		return "use of a lease that was never granted"
	}
	return fmt.Sprintf("use of a lease of pool %q, slot %d, after its end: it was released or revoked", e.Pool, e.Slot)
}

// DialError is an attempt to connect that failed. Its text is the one thing that
// stood in the way, where pgconn lists every address and every TLS mode tried;
// Unwrap gives pgconn's error, with the server's [*pgconn.PgError] if it sent one.
type DialError struct {
	Node, Pool string
	Err        error
}

func (e *DialError) Error() string {
	return fmt.Sprintf("connect to node %q for pool %q: %s", e.Node, e.Pool, gist(e.Err))
}

// Unwrap gives pgconn's error.
func (e *DialError) Unwrap() error { return e.Err }

func gist(err error) string {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return pg.Error()
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Error()
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
