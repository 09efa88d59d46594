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

// Pool is one pool of a running system: where leases come from. It is safe for
// concurrent use.
type Pool struct {
	config config.Pool
	slots  *conn.Slots
	dialer *conn.Dialer
	ref    actors.Ref[messages.ToPool]
	// connections are the actors of the slots, for what comes back unfit.
	connections []atomic.Pointer[actors.Ref[messages.ToConnection]]
	view        atomic.Pointer[[]slotView]
	misused     atomic.Uint64
	revoked     atomic.Int64  // leases fenced at the end of a drain
	done        chan struct{} // closed when the pool's actor and all its connections have ended
}

func newPool(node config.Node, p config.Pool, o conn.DialerOptions) (*Pool, error) {
	dialer, err := conn.NewDialer(node, p, o)
	if err != nil {
		return nil, err
	}
	pool := &Pool{
		config:      p,
		dialer:      dialer,
		connections: make([]atomic.Pointer[actors.Ref[messages.ToConnection]], p.Hard()),
		done:        make(chan struct{}),
	}
	pool.view.Store(&[]slotView{})
	pool.slots = conn.NewSlots(conn.Options{Pool: p, Owner: owner{pool}, OnCheckout: dialer.OnCheckout()})
	return pool, nil
}

// Acquire lends a backend, as [conn.Slots.Acquire] says.
func (p *Pool) Acquire(ctx context.Context) (conn.Lease, error) { return p.slots.Acquire(ctx) }

// TryAcquire lends a backend if one is idle, nobody waits for it and no checkout
// hook has to run.
func (p *Pool) TryAcquire() (conn.Lease, bool) { return p.slots.TryAcquire() }

// Config is the pool as the topology has it, defaults filled in.
func (p *Pool) Config() config.Pool { return p.config }

// Stats is what the pool looks like now.
func (p *Pool) Stats() conn.Stats { return p.slots.Stats() }

// Slots is where those enqueue for a lease who wait otherwise than in Acquire.
func (p *Pool) Slots() *conn.Slots { return p.slots }

// Leased is how many leases are out.
func (p *Pool) Leased() int { return p.slots.Stats().Leased }

// owner is the pool as its slots see it: it turns what they report into messages.
type owner struct{ *Pool }

// Missed tells the pool that somebody waits.
func (o owner) Missed() { o.ref.Tell(messages.Grow{}) }

// Unfit tells a backend's connection that it has to care for it. When one was
// lost, the others may be too: whoever leases them next looks first.
func (o owner) Unfit(b *conn.Backend, cause messages.Cause) {
	if cause == messages.Broken || cause == messages.HungUp {
		o.slots.SuspectAll()
	}
	o.connections[b.Slot()].Load().Tell(messages.Settle{Cause: cause})
}

// Stale counts a release that came too late.
func (o owner) Stale(slot int) {
	o.misused.Add(1)
	o.ref.Tell(messages.Misused{Slot: slot})
}

// slotView is what the pool's actor knows of a slot, as it lets others see it.
type slotView struct {
	phase       phase
	incarnation uint64
	since       time.Time
	restarts    uint64
	cause       messages.Cause // of the last end that was not planned
	err         error
	at          time.Time
}
