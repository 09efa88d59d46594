package unoactor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/twophase"
	"github.com/unoactor/unoactor/supervisor"
)

// System is a running topology: a tree of supervised pools. It is safe for
// concurrent use.
type System struct {
	tree     *supervisor.System
	log      hclog.Logger
	sessions *SessionConfig // how sessions behave, nil: the default
	router   atomic.Pointer[Router]
	hooks    *hookSet
	recovery *twophase.Background
	// recoverOnce is done by the first Atomic.
	recoverOnce sync.Once
}

// Open starts the topology in an HCL file, or in all *.hcl files of a folder.
// It does not wait for a server: what can't be connected to yet is connected to
// when it is wanted and there. ctx bounds nothing but the start itself.
func Open(ctx context.Context, path string, options ...Option) (*System, error) {
	o := gather(options)
	t, err := config.Load(path, o.config...)
	if err != nil {
		return nil, err
	}
	return start(ctx, t, o)
}

// New starts a topology that is written in Go. Settings left at zero take their
// defaults; the error says what can't work.
func New(ctx context.Context, t Topology, options ...Option) (*System, error) {
	o := gather(options)
	if len(o.config) > 0 {
		return nil, errNoFile
	}
	return start(ctx, t, o)
}

func start(ctx context.Context, t config.Topology, o settings) (*System, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := o.check(t); err != nil {
		return nil, err
	}
	wanted := supervisor.Options{Log: o.log, MeterProvider: o.meters, Dialer: o.dialer, Ready: o.subscribe}
	for _, set := range o.tree {
		set(&wanted)
	}
	tree, err := supervisor.Start(t, wanted)
	if err != nil {
		return nil, err
	}
	s := &System{tree: tree, log: o.log, sessions: o.sessions, hooks: o.hooks}
	if s.log == nil {
		s.log = hclog.NewNullLogger()
	}
	s.recovery = twophase.NewBackground(s.lookAndRecover, s.recoveryFailed)
	if o.recovery > 0 {
		s.recovery.Start(o.recovery)
	}
	return s, nil
}

// DB finds a pool by name, and its error lists the names there are.
func (s *System) DB(name string) (*DB, error) {
	p, err := s.tree.Pool(name)
	if err != nil {
		return nil, err
	}
	return s.database(p), nil
}

func (s *System) database(p *supervisor.Pool) *DB {
	return &DB{pool: p, sessions: s.sessions, system: s}
}

// Snapshot is the whole tree at one moment: nodes, pools, slots, their restarts
// and the causes.
func (s *System) Snapshot() Snapshot { return s.tree.Snapshot() }

// Tree is the supervision tree itself, for whoever builds another face on it.
func (s *System) Tree() *Tree { return s.tree }

// Claim gives the lease for which an actor was granted a ticket: see
// [Checkout]. A ticket is valid once, and for [ClaimTime]; else the
// error is [ErrNoTicket]. If it was an actor that asked, the lease is revoked
// when that ends, whoever claimed it: its late use is a [*StaleLeaseError]. Claim
// does not block, and is safe for concurrent use.
func (s *System) Claim(t Ticket) (Lease, error) {
	l, err := s.tree.Claim(t)
	return Lease{l}, err
}

// Close refuses new leases, waits for those that are out, for no longer than
// each pool's drain_timeout and ctx, closes every backend and returns when all
// goroutines of the system have ended. Its error tells of leases that had to be
// revoked.
//
// A ctx that was cancelled before Close is called, as that of a service that was told to end
// (SIGTERM), does not cut the wait short, so "defer sys.Close(ctx)" lets what is under way
// come to its end: each pool has its drain_timeout (10 s by default), up to the deadline of
// ctx. One that is cancelled during Close, or whose deadline is over, does: what is out
// then is revoked at once.
func (s *System) Close(ctx context.Context) error {
	s.recovery.Stop()
	if errors.Is(ctx.Err(), context.Canceled) {
		deadline, limited := ctx.Deadline()
		ctx = context.WithoutCancel(ctx)
		if limited {
			var end context.CancelFunc
			ctx, end = context.WithDeadline(ctx, deadline)
			defer end()
		}
	}
	return s.tree.Close(ctx)
}
