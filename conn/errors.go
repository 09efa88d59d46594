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

// The reasons for which an acquire fails, besides the end of its context: see [AcquireError].
var (
	ErrTimeout = errors.New("no backend became free within the pool's acquire_timeout")
	ErrClosed  = errors.New("the pool is closed")
	// ErrDenied says that waiting does not help: the server refuses the pool's user, database
	// or parameters, or the SQL of its connect hook, or the two don't trust each other.
	ErrDenied = errors.New("the server refuses the pool's connections")
	// ErrHookFailed says that the pool's own connect hook fails; see [HookError].
	ErrHookFailed = errors.New("a connect hook of the pool fails")
	// ErrPaused says that the pool is paused, and that acquires fail instead of waiting.
	ErrPaused = errors.New("the pool is paused")
	// ErrOverloaded says that the queue has been too long for too long (queue_target, queue_interval).
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

// sentinels are the errors that the reasons of each kind match. The end of a context matches none: its
// cause can be any error.
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

// Refusals returns how many acquires have failed, by kind. Safe for concurrent use.
func (s *Slots) Refusals() map[Refusal]uint64 {
	counts := make(map[Refusal]uint64, refusalKinds)
	for i := range s.refusals {
		counts[Refusal(i)] = s.refusals[i].Load()
	}
	return counts
}

// AcquireError says why there was no lease: what ended the wait, the pool's figures at that moment,
// and the last failure to connect, which is often the reason. errors.Is and errors.As match what
// ended the wait, and the failure.
type AcquireError struct {
	Pool   string
	Waited time.Duration
	Reason error // one of the errors above, a *BreakerError, or the cause of the context's end
	Stats  Stats
	// LastFailure is the last failure to connect, nil if the pool has connected since.
	LastFailure *Failure
	// OwnLeases is how many leases of the pool the goroutine that waited has itself: with
	// one or more, it may have waited for itself.
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

// Unwrap returns what ended the wait, and the last failure to connect.
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

// denial is the reason of an acquire for which waiting does not help, in words.
type denial struct {
	text    string
	matches []error
}

func (d *denial) Error() string   { return d.text }
func (d *denial) Unwrap() []error { return d.matches }

// Hopeless returns the reason for those who wait in vain, given a failure to connect that waiting does
// not mend: it matches [ErrDenied] or [ErrHookFailed].
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

// Permanent returns whether waiting longer would not have helped: the server refuses the user, the
// database or a hook's SQL, or the pool is closed.
func (e *AcquireError) Permanent() bool {
	return errors.Is(e.Reason, ErrDenied) || errors.Is(e.Reason, ErrClosed)
}

// refusal makes the error of a wait that ended without a lease, counts it and writes it to the journal.
func (s *Slots) refusal(reason error, waited time.Duration) *AcquireError {
	kind := kindOf(reason)
	s.refusals[kind].Add(1)
	s.journal.Write(Decision{What: Refused, Slot: -1, Waited: waited, Note: refusalNames[kind]})
	return &AcquireError{Pool: s.name, Waited: waited, Reason: reason, Stats: s.Stats(), LastFailure: s.failure.Load(),
		Recent: s.journal.Last(recentDecisions)}
}

// recentDecisions is how many decisions an error carries.
const recentDecisions = 8

// StaleLeaseError is the error of using a lease that has ended.
type StaleLeaseError struct {
	Pool    string
	Slot    int
	Revoked bool // the lease was ended against its holder's will, not released
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

// DialError is the error of an attempt to connect. Its text names the one thing that stood in the
// way, where pgconn lists every address and every TLS mode that it tried; Unwrap returns pgconn's
// error, which holds the server's [*pgconn.PgError] if it sent one.
type DialError struct {
	Node, Pool string
	Err        error
}

func (e *DialError) Error() string {
	return fmt.Sprintf("connect to node %q for pool %q: %s", e.Node, e.Pool, gist(e.Err))
}

// Unwrap returns pgconn's error.
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

// advise returns what to do about a failure whose own text does not say it; "" for others.
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

// root returns the text of the innermost error.
func root(err error) string {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}
