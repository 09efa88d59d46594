package unoactor

import (
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/supervisor"
)

// What an error of this package may be, for errors.As. The others are documented where they
// come from: [UnansweredError], [AmbiguousCommitError], [TwoPhaseError], [StaleObjectError],
// [PanicError].
type (
	// AcquireError is why there was no lease: the end of the wait, the state of the pool
	// and the last failure to connect. It matches what ended the wait: [ErrTimeout] and the
	// others below, a [*BreakerError], or the cause of the context's end.
	AcquireError = conn.AcquireError
	// BreakerError is a node that is down: nobody waits for it.
	BreakerError = conn.BreakerError
	// DialError is an attempt to connect that failed, with the step.
	DialError = conn.DialError
	// HookError is a hook that failed.
	HookError = conn.HookError
	// LostError is a connection that was lost before a statement was sent: it did nothing.
	LostError = conn.LostError
	// StaleLeaseError is the use of a lease after its end: nothing was sent.
	StaleLeaseError = conn.StaleLeaseError
	// NoRouteError is a session that no pool is for.
	NoRouteError = routing.NoRouteError
	// TopologyErrors are all that is wrong with a topology.
	TopologyErrors = config.Errors
	// TopologyProblem is one of them.
	TopologyProblem = config.Problem
)

// What ended the wait for a lease, for errors.Is.
var (
	// ErrTimeout is a wait for longer than acquire_timeout.
	ErrTimeout = conn.ErrTimeout
	// ErrClosed is a pool that was closed, or taken out of its system.
	ErrClosed = conn.ErrClosed
	// ErrDenied is a server that refuses the pool's user, database or settings.
	ErrDenied = conn.ErrDenied
	// ErrHookFailed is a connect hook of the pool that fails.
	ErrHookFailed = conn.ErrHookFailed
	// ErrPaused is a pool that is paused with [PauseFailFast].
	ErrPaused = conn.ErrPaused
	// ErrOverloaded is a queue that has been too long for too long.
	ErrOverloaded = conn.ErrOverloaded
	// ErrBreakerOpen is a node that is down: see [BreakerError].
	ErrBreakerOpen = conn.ErrBreakerOpen
)

// What else an error may be, for errors.Is.
var (
	// ErrHangsUp is a server that ends each new connection before anything is sent on it.
	ErrHangsUp = conn.ErrHangsUp
	// ErrNoTicket is the claim of a lease that is not there: see [System.Claim].
	ErrNoTicket = supervisor.ErrNoTicket
	// ErrRotation is new credentials of a pool that were not taken up.
	ErrRotation = supervisor.ErrRotation
)

// Unsent says whether a statement that failed certainly did nothing, since it was never
// sent, so that it can be sent again.
func Unsent(err error) bool { return conn.Unsent(err) }
