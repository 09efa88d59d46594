package supervisor

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// Pool is one pool of a running system, from which leases come. It is safe for concurrent use.
type Pool struct {
	config  atomic.Pointer[config.Pool]
	slots   *conn.Slots
	journal conn.Journal
	ref     actors.Address[messages.ToPool]
	node    atomic.Pointer[node]
	observe observers

	orders       orders // what the methods of admin.go ask of the pool's actor
	dialer       atomic.Pointer[conn.Dialer]
	connections  connections
	view         atomic.Pointer[poolView]
	changed      bell
	warming      atomic.Int32 // calls of WarmUp that wait
	lateReleases atomic.Uint64
	leaks        atomic.Uint64 // leases that lasted too long
	lastLeak     atomic.Int64  // Unix nanoseconds of the last of them, 0 if there was none
	revoked      atomic.Int64  // leases that were revoked at the end of a drain
	done         chan struct{} // closed when the pool's actor and all its connections have ended
}

// observers are functions that are told what happens in a pool. None is nil, none may block.
type observers struct {
	emit         func(messages.Event)
	created      func(time.Duration) // how long it took to create a backend
	waited, used func(time.Duration) // how long a timed lease was waited for, and lasted
}

func newPool(n *node, server config.Node, p config.Pool, o conn.DialerOptions, observe observers) (*Pool, error) {
	pool := &Pool{observe: observe, done: make(chan struct{})}
	first, err := pool.setup(n, server, p, o, keepAll)
	if err != nil {
		return nil, err
	}
	pool.use(first)
	dialer := first.dialer
	pool.view.Store(&poolView{})
	pool.slots = conn.NewSlots(conn.Options{Pool: p, Owner: owner{pool}, Hooked: dialer.HasCheckoutHooks(), Journal: &pool.journal})
	return pool, nil
}

// setup is what a pool is run by.
type setup struct {
	config   *config.Pool
	dialer   *conn.Dialer
	node     *node
	turnover turnover // what becomes of the backends of the former setup
}

// setup makes a setup of other settings. The error says why there can be none.
func (p *Pool) setup(n *node, server config.Node, settings config.Pool, o conn.DialerOptions, t turnover) (*setup, error) {
	o.ReadOnly = p.WriteRefused
	dialer, err := conn.NewDialer(server, settings, o)
	if err != nil {
		return nil, err
	}
	return &setup{&settings, dialer, n, t}, nil
}

// use makes a setup the one by which the pool is run.
func (p *Pool) use(s *setup) {
	p.node.Store(s.node)
	p.dialer.Store(s.dialer)
	p.config.Store(s.config)
}

// Acquire returns the lease of a backend, as [conn.Slots.Acquire] does.
func (p *Pool) Acquire(ctx context.Context) (conn.Lease, error) { return p.slots.Acquire(ctx) }

// AcquirePriority returns the lease of a backend, as [conn.Slots.AcquirePriority] does.
func (p *Pool) AcquirePriority(ctx context.Context, priority conn.Priority) (conn.Lease, error) {
	return p.slots.AcquirePriority(ctx, priority)
}

// TryAcquire returns the lease of a backend if one is idle, nobody waits and no checkout hook has to
// run; otherwise false, without a wait.
func (p *Pool) TryAcquire() (conn.Lease, bool) { return p.slots.TryAcquire() }

// WriteRefused says that the server refused a write (SQLSTATE 25006) to a holder that speaks to it
// without pgx. The pool then asks the server whether it takes writes. It does not block.
func (p *Pool) WriteRefused() { p.ref.Tell(messages.WriteRefused{}) }

// Name is the pool's name in the topology.
func (p *Pool) Name() string { return p.config.Load().Name }

// Config returns the pool's settings, defaults filled in.
func (p *Pool) Config() config.Pool { return *p.config.Load() }

// Settings is [Pool.Config] without a copy. The caller must not change them.
func (p *Pool) Settings() *config.Pool { return p.config.Load() }

// Stats returns the figures of the pool at this moment.
func (p *Pool) Stats() conn.Stats { return p.slots.Stats() }

// Slots returns the slots of the pool, for those who wait for a lease otherwise than in Acquire.
func (p *Pool) Slots() *conn.Slots { return p.slots }

// awaited returns whether somebody waits for a backend.
func (p *Pool) awaited() bool { return p.slots.Waiting() > 0 || p.warming.Load() > 0 }

// Leased returns how many leases there are, that of the reserve included.
func (p *Pool) Leased() int {
	n := p.slots.Stats().Used
	if state, _ := p.slots.State(p.slots.Reserve()); state == conn.Leased {
		n++
	}
	return n
}

// Why returns the last decisions of the pool, up to n, the latest last: whom it refused or let wait,
// which backends it opened, retired and restarted, and the causes.
func (p *Pool) Why(n int) []conn.Decision { return p.journal.Last(n) }

func (p *Pool) origin() messages.Origin {
	return messages.Origin{Pool: p.Name(), Node: p.node.Load().name, At: time.Now()}
}
