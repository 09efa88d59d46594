package conn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/messages"
)

// What can end a wait for a lease, besides its context.
var (
	ErrTimeout = errors.New("no backend became free within the pool's acquire_timeout")
	ErrClosed  = errors.New("the pool is closed")
	// ErrDenied: waiting does not help. The server refuses the pool's user, database or
	// settings, the pool's own hook is refused by it, or the two don't trust each other.
	ErrDenied = errors.New("the server refuses the pool's connections")
	// ErrHookFailed: the pool's own connect hook fails; see [HookError].
	ErrHookFailed = errors.New("a connect hook of the pool fails")
	// ErrPaused: the pool is paused, and so that acquires fail instead of waiting.
	ErrPaused = errors.New("the pool is paused")
	// ErrOverloaded: the queue has been too long for too long (queue_target, queue_interval).
	ErrOverloaded = errors.New("the pool is overloaded")
)

// Refusal is why an acquire failed, as a closed set: it labels metrics.
type Refusal uint8

// The kinds of refusals.
const (
	RefusedTimeout Refusal = iota
	RefusedCanceled
	RefusedClosed
	RefusedDenied
	RefusedPaused
	RefusedOverload
	RefusedBreaker
	RefusedHook
	refusalKinds = iota
)

var refusalNames = [...]string{"timeout", "canceled", "closed", "denied", "paused", "overload", "breaker", "hook"}

func (r Refusal) String() string { return refusalNames[r] }

// sentinels are what the reasons of each kind match, but for contexts, which can
// end with anything.
var sentinels = [refusalKinds]error{
	RefusedTimeout: ErrTimeout, RefusedClosed: ErrClosed, RefusedDenied: ErrDenied, RefusedPaused: ErrPaused,
	RefusedOverload: ErrOverloaded, RefusedBreaker: ErrBreakerOpen, RefusedHook: ErrHookFailed,
}

func kindOf(reason error) Refusal {
	for kind, sentinel := range sentinels {
		if sentinel != nil && errors.Is(reason, sentinel) {
			return Refusal(kind)
		}
	}
	return RefusedCanceled
}

// Refusals counts the acquires that failed, by kind.
func (s *Slots) Refusals() map[Refusal]uint64 {
	counts := make(map[Refusal]uint64, refusalKinds)
	for i := range s.refusals {
		counts[Refusal(i)] = s.refusals[i].Load()
	}
	return counts
}

// AcquireError is why there was no lease: what ended the wait, what the pool
// looked like then, and the last failure to connect, which is often the reason.
// It matches what ended the wait and the failure with errors.Is and errors.As.
type AcquireError struct {
	Pool   string
	Waited time.Duration
	Reason error // one of the above, a *BreakerError, or the cause of the context's end
	Stats  Stats
	// LastFailure is the last attempt to connect that failed since one succeeded; nil if none.
	LastFailure *Failure
	// OwnLeases is how many leases of the pool the goroutine itself has that
	// waited in vain: it may have waited for itself.
	OwnLeases int
	// Recent are the last decisions of the pool, the latest last.
	Recent []Decision
}

func (e *AcquireError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "acquire from pool %q: %v", e.Pool, e.Reason)
	if e.Waited > 0 {
		fmt.Fprintf(&b, " (waited %v)", e.Waited.Round(time.Microsecond))
	}
	fmt.Fprintf(&b, ": %d of at most %d backends open, %d leased, %d idle, %d waiting",
		e.Stats.Size, e.Stats.HardLimit, e.Stats.Used, e.Stats.Idle, e.Stats.Waiting)
	if e.OwnLeases > 0 {
		fmt.Fprintf(&b, "; the goroutine that waits has %d of the leases itself", e.OwnLeases)
	}
	if e.LastFailure != nil {
		fmt.Fprintf(&b, "; last connect failure, at %s: %v", e.LastFailure.At.Format(time.RFC3339), e.LastFailure.Err)
	}
	return b.String()
}

// Unwrap gives what ended the wait, and the last connect failure.
func (e *AcquireError) Unwrap() []error {
	all := []error{e.Reason}
	if errors.Is(e.Reason, context.DeadlineExceeded) {
		all = append(all, timedOut()) // for pgconn.Timeout
	}
	if e.LastFailure != nil {
		all = append(all, e.LastFailure.Err)
	}
	return all
}

// denial is why waiting is of no use, for a reason that it names.
type denial struct {
	text    string
	matches []error
}

func (d *denial) Error() string   { return d.text }
func (d *denial) Unwrap() []error { return d.matches }

// Hopeless is the reason for those who wait in vain, after a failure that waiting does
// not mend.
func Hopeless(err error) error {
	var hook *HookError
	if errors.As(err, &hook) {
		d := &denial{"the pool's connect hook " + hook.Hook + " fails", []error{ErrHookFailed}}
		if hook.denies() {
			d.matches = append(d.matches, ErrDenied)
		}
		return d
	}
	cause, found := judge(err)
	switch {
	case cause == messages.Untrusted:
		return &denial{"no connection over TLS that both sides trust comes about", []error{ErrDenied}}
	case cause == messages.Denied && !isA[*pgconn.PgError](found):
		return &denial{"the pool can't connect as it is configured", []error{ErrDenied}}
	}
	return ErrDenied
}

// Permanent says that waiting longer would not have helped: the server refuses
// the user, the database or a hook's SQL, or the pool is closed.
func (e *AcquireError) Permanent() bool {
	return errors.Is(e.Reason, ErrDenied) || errors.Is(e.Reason, ErrClosed)
}

// refusal is the error of a wait that ended without a lease.
func (s *Slots) refusal(reason error, waited time.Duration) *AcquireError {
	kind := kindOf(reason)
	s.refusals[kind].Add(1)
	s.journal.Write(Decision{What: Refused, Slot: -1, Waited: waited, Note: refusalNames[kind]})
	return &AcquireError{Pool: s.name, Waited: waited, Reason: reason, Stats: s.Stats(), LastFailure: s.failure.Load(),
		Recent: s.journal.Last(recentDecisions)}
}

// recentDecisions is how many decisions an error carries.
const recentDecisions = 8

// StaleLeaseError is the error of using a lease after its end: it was released,
// or revoked.
type StaleLeaseError struct {
	Pool    string
	Slot    int
	Revoked bool // it was ended against its holder's will, not released
}

func (e *StaleLeaseError) Error() string {
	switch {
	case e.Pool == "":
		return "use of a lease that was never granted"
	case e.Revoked:
		return fmt.Sprintf("use of a lease of pool %q, slot %d, that was revoked", e.Pool, e.Slot)
	}
	return fmt.Sprintf("use of a lease of pool %q, slot %d, after its release", e.Pool, e.Slot)
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
	cause, err := judge(err)
	if advice := advise(cause, err); advice != "" {
		return advice
	}
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return pg.Error()
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Error()
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// advise says what to do about failures whose own text does not; "" about others.
func advise(cause messages.Cause, err error) string {
	text := err.Error()
	_, required, asked := strings.Cut(text, "require_auth check failed: ")
	_, tlsFailed, overTLS := strings.Cut(text, "tls error: ")
	switch {
	case asked && strings.Contains(required, `"!password"`):
		return "the server asks for the password in clear text over a connection without TLS, and it was not sent: " +
			`set tls.mode to "require" or stricter, have the server ask for scram-sha-256, or allow it by require_auth = "password"`
	case asked:
		return required + ": what the node's require_auth allows and what the server asks for must agree"
	case cause == messages.Exhausted:
		return "this process has no room for another connection, the server was not asked (raise its limit of open files, as ulimit -n shows it): " + root(err)
	case overTLS && strings.Contains(tlsFailed, "server refused TLS connection"):
		return "the server offers no TLS, which tls.mode of the node asks for"
	case overTLS && cause == messages.Untrusted:
		return "TLS: " + root(err)
	}
	return ""
}

// root is the innermost error's text.
func root(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}
