package unoactor

import (
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
)

// What [Subscribe] and the handlers of [WithEvents] are told.
type (
	// Event is any of them.
	Event = messages.Event
	// Origin is in every event of a pool: the pool, its node and the time.
	Origin = messages.Origin
	// EventBackend is which connection an event is about.
	EventBackend = messages.Backend
	// PoolCreated is a pool that has started.
	PoolCreated = messages.PoolCreated
	// PoolRecycled is a pool whose backends are all replaced.
	PoolRecycled = messages.PoolRecycled
	// PoolDisposed is a pool that was closed.
	PoolDisposed = messages.PoolDisposed
	// CheckedOut is a lease that began.
	CheckedOut = messages.CheckedOut
	// CheckedIn is a lease that ended.
	CheckedIn = messages.CheckedIn
	// ConnectionOpened is a new backend.
	ConnectionOpened = messages.ConnectionOpened
	// ConnectionClosed is a backend that was closed.
	ConnectionClosed = messages.ConnectionClosed
	// ConnectionRestarted is a lost backend that another one takes the place of.
	ConnectionRestarted = messages.ConnectionRestarted
	// ConnectionError is a backend that was lost, or an attempt to connect that failed.
	ConnectionError = messages.ConnectionError
	// ConnectionLeaked is a lease that lasts for longer than leak_after.
	ConnectionLeaked = messages.ConnectionLeaked
	// NodeChanged is a node that went up or down.
	NodeChanged = messages.NodeChanged
	// BreakerChanged is a node's breaker that opened or closed.
	BreakerChanged = messages.BreakerChanged
	// RoleChanged is a server that takes writes now, or takes none any more.
	RoleChanged = messages.RoleChanged
	// BreakerState is what a node's breaker lets through.
	BreakerState = messages.BreakerState
	// ServerState is what a new backend learned of its server.
	ServerState = messages.Server
	// Cause is why a backend is cleaned up or closed.
	Cause = messages.Cause
)

// What an actor asks for a lease with, and is answered: see [System.Claim].
type (
	// Checkout is the question, sent to the router of [System.Tree].
	Checkout = messages.Checkout
	// Granted is its answer.
	Granted = messages.Granted
	// Ticket is what a lease is claimed by.
	Ticket = messages.Ticket
)

// ClaimTime is how long a granted ticket can be claimed.
const ClaimTime = supervisor.ClaimTime

// The states of a breaker.
const (
	BreakerClosed   = messages.BreakerClosed
	BreakerOpen     = messages.BreakerOpen
	BreakerHalfOpen = messages.BreakerHalfOpen
)

// The causes; package messages says of each what it is.
const (
	CauseNone         = messages.None
	CauseConnected    = messages.Connected
	CauseDirty        = messages.Dirty
	CauseUnsolicited  = messages.Unsolicited
	CauseUnproven     = messages.Unproven
	CauseHungUp       = messages.HungUp
	CauseBroken       = messages.Broken
	CauseHookFailed   = messages.HookFailed
	CauseResetFailed  = messages.ResetFailed
	CauseLifetimeOver = messages.LifetimeOver
	CauseIdleTooLong  = messages.IdleTooLong
	CauseSurplus      = messages.Surplus
	CauseDrained      = messages.Drained
	CauseFenced       = messages.Fenced
	CauseRefused      = messages.Refused
	CauseDenied       = messages.Denied
	CauseCrowded      = messages.Crowded
	CauseCrashed      = messages.Crashed
	CauseInvalidated  = messages.Invalidated
	CauseCleared      = messages.Cleared
	CauseRotated      = messages.Rotated
	CauseReclaimed    = messages.Reclaimed
	CauseSilent       = messages.Silent
	CauseReadOnly     = messages.ReadOnly
	CauseUntrusted    = messages.Untrusted
	CauseUnavailable  = messages.Unavailable
	CauseExhausted    = messages.Exhausted
	CauseReconfigured = messages.Reconfigured
)
