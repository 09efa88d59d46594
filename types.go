package unoactor

import (
	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/supervisor"
)

// Everything that a program says to this package, and hears of it, has a name here, so that
// one import is enough: what a topology is written with in this file, events in
// types_events.go, errors in errors.go, the language of mappers in mapper.go. A name here is
// an alias: a value of it is one of the package that it is of, which documents it.

// What a topology is written with in Go, for [New], [Connect], [System.Register] and
// [System.Apply].
type (
	// Topology is all of it: nodes, the pools on them, routes to the pools.
	Topology = config.Topology
	// Node is a PostgreSQL server.
	Node = config.Node
	// Pool is a pool as a topology has it; one that runs is a [SupervisedPool].
	Pool = config.Pool
	// Route sends sessions to a pool.
	Route = config.Route
	// Secret is a password, which is not printed.
	Secret = config.Secret
	// TLS is how a node is encrypted and proven.
	TLS = config.TLS
	// Breaker is when a node counts as down.
	Breaker = config.Breaker
	// Retry is what of a pool's statements is run again, and how often.
	Retry = config.Retry
	// Sizing is how a pool grows and shrinks with its load.
	Sizing = config.Sizing
	// HookStatements are SQL that is run on a backend at the turns of its life; hooks in
	// Go are each a [Hook].
	HookStatements = config.Hooks
	// Source is the place of something in a topology file.
	Source = config.Source
	// Gateway is the daemon's listener, which an embedded system does not have.
	Gateway = config.Gateway
	// Log is the daemon's log: that of an embedded system is set by [WithLogger].
	Log = config.Log
	// DatabaseSettings are those of the environment, see [SettingsFromEnv].
	DatabaseSettings = config.DatabaseSettings
)

// The choices of a topology's settings.
type (
	// Profile is a size and an age for a pool, by name.
	Profile = config.Profile
	// Reset is what is done to a backend between two leases.
	Reset = config.Reset
	// Order is which idle backend is leased next.
	Order = config.Order
	// Mode is for how long a client of the gateway keeps its backend.
	Mode = config.Mode
	// Role is what a node is for.
	Role = config.Role
	// Access is what a session is for: [Read] or [Write].
	Access = config.Access
)

// The values of these settings.
const (
	ProfileLight    = config.Light
	ProfileMedium   = config.Medium
	ProfileHeavy    = config.Heavy
	ProfileBatch    = config.Batch
	ResetRollback   = config.ResetRollback
	ResetDiscard    = config.ResetDiscard
	ResetNone       = config.ResetNone
	OrderLIFO       = config.LIFO
	OrderFIFO       = config.FIFO
	ModeSession     = config.Session
	ModeTransaction = config.Transaction
	RolePrimary     = config.Primary
	RoleReplica     = config.Replica
	AccessAny       = config.Any
	// Never is a time that does not come, for settings in which 0 is the default.
	Never = config.Never
)

// ParseURL reads a connection URL, postgres://user:password@host:port/database?sslmode=...,
// as [Connect] does, but without the environment.
func ParseURL(url string) (Node, error) { return config.ParseURL(url) }

// SettingsFromEnv reads the settings of a database from variables of the environment that
// begin with UNO_DB_, or with the prefix that is given.
func SettingsFromEnv(prefix ...string) (DatabaseSettings, error) {
	return config.SettingsFromEnv(prefix...)
}

// What [System.Apply] says about a change of the topology.
type (
	// Delta is what one topology has and another has not, by kind.
	Delta = config.Delta
	// Change is a line of it.
	Change = config.Change
	// Differences are what was added, removed and changed of one kind.
	Differences[T any] = config.Differences[T]
	// Changed is a thing that has other settings now.
	Changed[T any] = config.Changed[T]
	// Setting is a setting that changed.
	Setting = config.Setting
	// Reordering is routes that stand in another order now.
	Reordering = config.Reordering
	// Reload is when a running system takes a setting up.
	Reload = config.Reload
)

// When a setting is taken up.
const (
	ReloadLive    = config.Live
	ReloadDrained = config.Drained
	ReloadRefused = config.Refused
)

// A pool that runs, what is leased of it, and what it says of itself.
type (
	// SupervisedPool is a pool that runs, see [DB.Pool]: to pause, resize, warm up and
	// invalidate, and to be asked why.
	SupervisedPool = supervisor.Pool
	// PauseMode is what becomes of acquires while a pool is paused.
	PauseMode = supervisor.PauseMode
	// Invalidation is what becomes of leases when all backends of a pool are replaced.
	Invalidation = supervisor.Invalidation
	// Stats are the numbers of a pool.
	Stats = conn.Stats
	// Priority says which of those who wait are served first.
	Priority = conn.Priority
	// Decision is an entry of a pool's journal.
	Decision = conn.Decision
	// Verdict is what was decided.
	Verdict = conn.Verdict
	// Failure is an attempt to connect that failed.
	Failure = conn.Failure
	// Backend is a server connection, as hooks and leases have it.
	Backend = conn.Backend
	// BareLease is a lease without the statements of [Lease].
	BareLease = conn.Lease
	// Use is a statement that is under way on a lease.
	Use = conn.Use
	// Hook is a hook in Go: it implements one or more of the hooks that follow.
	Hook = conn.Hook
	// ConnectHook is called when a backend is new.
	ConnectHook = conn.ConnectHook
	// CheckoutHook is called when a backend is leased.
	CheckoutHook = conn.CheckoutHook
	// CheckinHook is called when a lease has ended.
	CheckinHook = conn.CheckinHook
	// CloseHook is called before a backend is closed.
	CloseHook = conn.CloseHook
)

// The choices of a pool's methods, and what its journal says.
const (
	PauseWait         = supervisor.Wait
	PauseFailFast     = supervisor.FailFast
	InvalidateSoft    = supervisor.Soft
	InvalidateHard    = supervisor.Hard
	PriorityLow       = conn.Low
	PriorityNormal    = conn.Normal
	PriorityHigh      = conn.High
	PriorityAdmin     = conn.Admin
	VerdictGranted    = conn.Granted
	VerdictRefused    = conn.Refused
	VerdictOpening    = conn.Opening
	VerdictRetiring   = conn.Retiring
	VerdictRestarting = conn.Restarting
	VerdictResizing   = conn.Resizing
	VerdictHolding    = conn.Holding
	VerdictNoticing   = conn.Noticing
)

// The whole system, seen from outside.
type (
	// Snapshot is the tree at one moment.
	Snapshot = supervisor.Snapshot
	// NodeSnapshot is a node in it.
	NodeSnapshot = actors.NodeView
	// PoolSnapshot is a pool in it.
	PoolSnapshot = supervisor.PoolSnapshot
	// SlotSnapshot is a place for a backend in a pool.
	SlotSnapshot = supervisor.SlotSnapshot
	// SlotState is what is in such a place.
	SlotState = conn.State
	// HealthStatus is how a pool is, with the reasons.
	HealthStatus = supervisor.HealthStatus
	// Health is how a pool is, in a word.
	Health = supervisor.Health
	// Intent is what a session is for, as routes see it: see [System.For].
	Intent = routing.Intent
	// Tree is the supervision tree: see [System.Tree].
	Tree = supervisor.System
	// TreeOptions are its options: see [WithTree].
	TreeOptions = supervisor.Options
)

// How a pool is, and what is in a slot.
const (
	HealthOK       = supervisor.OK
	HealthWarning  = supervisor.Warning
	HealthCritical = supervisor.Critical
	SlotEmpty      = conn.Empty
	SlotIdle       = conn.Idle
	SlotLeased     = conn.Leased
	SlotClaimed    = conn.Claimed
)
