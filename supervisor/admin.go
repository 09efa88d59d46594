package supervisor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// This file holds what an operator can tell a running pool.

// orders hold what is handed to the pool's actor beside a message, which carries neither settings nor
// secrets.
type orders struct {
	mu       sync.Mutex // one reconfiguration at a time
	setup    atomic.Pointer[setup]
	rotating sync.Mutex // one rotation at a time; held while the trial lasts, for which mu is not
	trial    atomic.Pointer[trial]
}

// trial is an attempt to connect with other credentials, by a dialer of its own.
type trial struct {
	dialer *conn.Dialer
	once   sync.Once
	done   chan struct{} // closed when it is decided
	err    error         // why it failed
}

func newTrial(d *conn.Dialer) *trial { return &trial{dialer: d, done: make(chan struct{})} }

// decide ends the trial: err is why it failed, nil if it succeeded. Later calls do nothing.
func (t *trial) decide(err error) {
	t.once.Do(func() {
		t.err = err
		close(t.done)
	})
}

func (p *Pool) ended() error { return fmt.Errorf("pool %q: %w", p.Name(), conn.ErrClosed) }

// WarmUp opens backends until n are open, and returns when they are. n must be no more than the hard
// limit. They stay for idle_timeout, also those beyond size. The error is that of ctx, or says why
// no backend could be opened; those that were opened stay.
func (p *Pool) WarmUp(ctx context.Context, n int) error {
	if hard := p.Config().Hard(); n > hard {
		return fmt.Errorf("warm up pool %q: %d backends are more than its hard limit, %d", p.Name(), n, hard)
	}
	p.warming.Add(1)
	defer p.warming.Add(-1)
	p.ref.Tell(messages.Warm{Backends: n})
	err := p.until(ctx, func() bool { return p.Stats().Size >= n || p.refusedBy() != nil })
	if refused := p.refusedBy(); refused != nil {
		return fmt.Errorf("warm up pool %q: %d of %d backends open: %w", p.Name(), p.Stats().Size, n, refused)
	}
	if err != nil && ctx.Err() != nil {
		p.ref.Tell(messages.Warm{})
		if last := p.slots.LastFailure(); last != nil {
			err = fmt.Errorf("%w; last connect failure: %w", err, last.Err)
		}
		return fmt.Errorf("warm up pool %q: %d of %d backends open: %w", p.Name(), p.Stats().Size, n, err)
	}
	return err
}

// refusedBy returns why the pool can't connect, if waiting does not mend that; nil otherwise.
func (p *Pool) refusedBy() error {
	if v := p.view.Load(); v.hopeless {
		return v.refused
	}
	return nil
}

// ClearIdle closes all backends that are idle now, and returns how many there were when their server
// processes have ended. A pool with min_idle opens others. The error is that of ctx, or matches
// [conn.ErrClosed].
func (p *Pool) ClearIdle(ctx context.Context) (int, error) {
	idle := make(map[int]uint64)
	for i := range p.slots.Len() {
		if state, _ := p.slots.State(i); state != conn.Idle {
			continue
		}
		if b := p.slots.Backend(i); b != nil {
			idle[i] = b.Incarnation()
			p.note(conn.Decision{What: conn.Retiring, Slot: i, Incarnation: b.Incarnation(), Cause: messages.Cleared})
			p.slots.Condemn(i, messages.Cleared) // also if it is leased before its connection is told
			p.connections.at(i).Tell(messages.Retire{Cause: messages.Cleared})
		}
	}
	err := p.until(ctx, func() bool {
		for i, incarnation := range idle {
			state, _ := p.slots.State(i)
			if b := p.slots.Backend(i); b != nil && b.Incarnation() == incarnation && state != conn.Leased {
				return false
			}
		}
		return true
	})
	return len(idle), err
}

// Resize changes the soft limit and the overflow while the pool runs. A pool that grows uses its room
// at once; of a pool that shrinks, leased backends beyond the limits are closed when their leases
// end. The error says which number is wrong.
func (p *Pool) Resize(size, overflow int) error {
	if size < 1 || overflow < 0 {
		return fmt.Errorf("resize pool %q: want a size of at least 1 and an overflow of at least 0, not %d and %d", p.Name(), size, overflow)
	}
	next := p.Config()
	next.Size, next.MaxOverflow = size, overflow
	next.MinIdle = min(next.MinIdle, size)
	return p.Reconfigure(next)
}

// Reconfigure gives the pool other settings. Those that concern new backends only (runtime, hooks) are
// taken up by backends that are opened from now on. Name, node, database, user and password stay
// (see [Pool.Rotate]), and so does echo: [System.Apply] changes those too, and replaces backends
// for it. The error says which setting is wrong: then nothing is changed.
func (p *Pool) Reconfigure(next config.Pool) error {
	p.orders.mu.Lock()
	defer p.orders.mu.Unlock()
	now := p.Config()
	next.Name, next.Node, next.Database, next.User, next.Password = now.Name, now.Node, now.Database, now.User, now.Password
	check := config.Topology{Nodes: []config.Node{*p.node.Load().settings.Load()}, Pools: []config.Pool{next}, Gateway: config.Gateway{Auth: config.Trust}}.Complete()
	if err := check.Check(); err != nil {
		return err
	}
	next = check.Pools[0]
	dialer, err := p.dialer.Load().For(next)
	if err != nil {
		return err
	}
	s := &setup{&next, dialer, p.node.Load(), keepAll}
	p.give(s)
	return p.taken(s)
}

// give hands a setup to the pool's actor. p.orders.mu is held until it is taken.
func (p *Pool) give(s *setup) {
	p.orders.setup.Store(s)
	p.ref.Tell(messages.Reconfigure{})
}

// taken waits until a setup that was given is taken up.
func (p *Pool) taken(s *setup) error {
	ctx, cancel := context.WithTimeout(context.Background(), takeUpTime) // the pool's actor never waits
	defer cancel()
	return p.until(ctx, func() bool { return p.view.Load().applied == s.config })
}

// takeUpTime bounds how long the actor of a pool may take to take up settings.
const takeUpTime = 10 * time.Second

// PauseMode says what becomes of those who acquire while a pool is paused.
type PauseMode bool

// The modes of a pause.
const (
	Wait     PauseMode = false // until Resume, or their own deadline
	FailFast PauseMode = true  // at once, with [conn.ErrPaused]
)

// Pause stops lending and connecting, and returns when the last lease has ended. If ctx ends first, the
// pool stays paused, and the error says so. Idle backends stay open; see [Pool.ClearIdle].
func (p *Pool) Pause(ctx context.Context, mode PauseMode) error {
	p.slots.Pause(bool(mode))
	p.note(conn.Decision{What: conn.Holding, Slot: -1, Note: "paused by an operator"})
	p.ref.Tell(messages.Reconcile{})
	if err := p.until(ctx, func() bool { return p.Leased() == 0 }); err != nil {
		return fmt.Errorf("pause pool %q: %d leases are still out: %w", p.Name(), p.Leased(), err)
	}
	return nil
}

// Resume ends a pause.
func (p *Pool) Resume() {
	p.note(conn.Decision{What: conn.Holding, Slot: -1, Note: "resumed by an operator"})
	p.slots.Resume()
	p.ref.Tell(messages.Reconcile{})
}

// Invalidation says how backends are invalidated.
type Invalidation bool

// The ways to invalidate.
const (
	Soft Invalidation = false // leased backends are closed when their leases end
	Hard Invalidation = true  // leases are revoked
)

// Invalidate begins a new generation of backends. Those that there are now are closed: idle ones at
// once, leased ones as how says. When Invalidate has returned, none of them is lent any more. It
// does not block.
func (p *Pool) Invalidate(how Invalidation) {
	p.slots.CondemnAll(messages.Invalidated)
	p.ref.Tell(messages.Invalidate{Cause: messages.Invalidated, Hard: bool(how)})
}

// ErrRotation is matched by the error of a rotation that failed.
var ErrRotation = errors.New("the new credentials were not taken up, the old ones stay")

// Rotate makes the pool connect as another user or with another password; an empty user stays as it
// is. One backend is opened with the new credentials first: if that fails, nothing changes and the
// error says why. Rotate returns when that backend has connected; the other backends are then
// replaced, a few at a time, none while it is leased.
func (p *Pool) Rotate(ctx context.Context, user string, password config.Secret) error {
	p.orders.rotating.Lock()
	defer p.orders.rotating.Unlock()
	_, dialer, err := p.rotated(user, password)
	if err != nil {
		return fmt.Errorf("pool %q: %w: %w", p.Name(), ErrRotation, err)
	}
	t := newTrial(dialer)
	p.orders.trial.Store(t)
	p.ref.Tell(messages.Rotate{})
	select {
	case <-t.done:
	case <-p.done:
		return p.ended()
	case <-ctx.Done():
		t.decide(ctx.Err()) // unless it is decided
	}
	if t.err != nil {
		return fmt.Errorf("pool %q: %w: %w", p.Name(), ErrRotation, t.err)
	}
	p.orders.mu.Lock()
	defer p.orders.mu.Unlock()
	next, dialer, err := p.rotated(user, password) // of the settings that it has by now
	if err != nil {
		return fmt.Errorf("pool %q: %w: %w", p.Name(), ErrRotation, err)
	}
	p.dialer.Store(dialer)
	p.config.Store(next)
	p.ref.Tell(messages.Invalidate{Cause: messages.Rotated})
	return nil
}

// rotated is the pool with other credentials, and what dials with them.
func (p *Pool) rotated(user string, password config.Secret) (*config.Pool, *conn.Dialer, error) {
	next := p.Config()
	if user != "" {
		next.User = user
	}
	next.Password = password
	dialer, err := p.dialer.Load().For(next)
	return &next, dialer, err
}

// RevokeLease ends the lease of that epoch against its holder's will: what it runs is cancelled on
// the server, its late use gets a [*conn.StaleLeaseError], its backend is closed. It does nothing
// if the lease has ended. It does not block.
func (p *Pool) RevokeLease(slot int, epoch uint64) {
	if p.slots.RevokeLease(slot, epoch) {
		p.connections.at(slot).Tell(messages.Revoke{Cause: messages.Fenced, LeaseEnded: true})
	}
}

func (p *Pool) note(d conn.Decision) { p.journal.Write(d) }
