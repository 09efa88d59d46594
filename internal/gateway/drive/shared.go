package drive

import (
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway/auth"
	"github.com/unoactor/unoactor/internal/gateway/backends"
)

// Shared is what the clients of a gateway have in common.
type Shared struct {
	Log       hclog.Logger
	Greetings backends.Greetings
	Counters  Counters

	snapshot atomic.Pointer[Snapshot]
	ticks    atomic.Int64 // seconds, roughly
	draining atomic.Bool
}

// Counters are written by all clients.
type Counters struct {
	Transactions atomic.Uint64 // ended, since the start
	Pinned       atomic.Int64  // clients that keep their backend for its session state
	Replays      atomic.Uint64 // requests sent to a second backend because the first was lost
}

// Snapshot is a configuration, with what was made of it. It is immutable: a change of the configuration replaces it
// whole.
type Snapshot struct {
	config.Gateway
	Users *auth.Authenticator
}

// NewShared returns what clients share that are configured so. Log must not be nil.
func NewShared(c Snapshot, log hclog.Logger) *Shared {
	s := &Shared{Log: log}
	s.snapshot.Store(&c)
	s.ticks.Store(1)
	return s
}

// Config returns the configuration as it is now.
func (s *Shared) Config() *Snapshot { return s.snapshot.Load() }

// Configure replaces the configuration. Each client takes it up with its next request.
func (s *Shared) Configure(c Snapshot) { s.snapshot.Store(&c) }

// Tick moves the clients' coarse clock on, by which [Client.WaitsSince] tells, and returns its time. It is to be
// called once a second.
func (s *Shared) Tick() int64 { return s.ticks.Add(1) }

// Drain ends clients that are outside a transaction, from now on, as soon as they are woken. It returns false if that
// had begun already.
func (s *Shared) Drain() bool { return !s.draining.Swap(true) }

// Draining says whether they do.
func (s *Shared) Draining() bool { return s.draining.Load() }
