package backends

import (
	"context"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/sockets"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// Pool is where a client's backends come from.
type Pool interface {
	TryAcquire() (conn.Lease, bool)
	Acquire(context.Context) (conn.Lease, error)
	Slots() *conn.Slots     // where a client queues that waits for nothing but a slot
	Settings() *config.Pool // not to be changed
	// WriteRefused says that the server refused to write: SQLSTATE 25006.
	WriteRefused()
}

// Tenant is one client as a user of backends: it has one leased at most. Its methods are for the client's goroutine,
// but for those that [control] has for others. The zero value belongs to no pool yet.
type Tenant struct {
	pool      Pool
	greetings *Greetings

	lease   conn.Lease
	backend *conn.Backend // nil if none is leased
	held    *held
	unused  bool // the lease was made at login, and nothing was sent on it yet

	place   conn.Waiting // in the pool's queue
	granted chan struct{}
	grant   conn.Lease
	denial  error

	control
}

// Join makes the tenant one of a pool.
func (t *Tenant) Join(p Pool, g *Greetings) { t.pool, t.greetings = p, g }

// Pool returns the pool that the tenant has joined, nil before.
func (t *Tenant) Pool() Pool { return t.pool }

// Socket returns the leased backend's socket, nil if none is leased.
func (t *Tenant) Socket() *sockets.Socket {
	if t.held == nil {
		return nil
	}
	return t.held.socket
}

// PID returns the process of the leased backend, 0 if none is leased.
func (t *Tenant) PID() uint32 {
	if t.backend == nil {
		return 0
	}
	return t.backend.PID()
}

// Lease leases a backend, for which the tenant waits as long as the pool and limit allow, and returns what is known of
// its session. An error is the client's to see.
func (t *Tenant) Lease(limit time.Duration) (*protocol.Backend, *wire.Error) {
	if t.unused && t.stillThere() {
		return &t.held.session, nil
	}
	l, e := t.acquire(limit)
	if e == nil {
		e = t.use(l)
	}
	if e != nil {
		return nil, e
	}
	return &t.held.session, nil
}

// acquire leases a backend to which the server has not hung up. All that are idle may be lost at once, but where the
// server hangs up on new ones too, that is the answer.
func (t *Tenant) acquire(limit time.Duration) (conn.Lease, *wire.Error) {
	for lost := 0; ; lost++ {
		l, ok := t.pool.TryAcquire()
		if !ok {
			var e *wire.Error
			if l, e = t.queue(limit); e != nil {
				return l, e
			}
		}
		if l.Glance() {
			return l, nil
		}
		if lost >= t.pool.Settings().Hard() {
			return conn.Lease{}, errHungUp
		}
	}
}

// use prepares to speak to the backend of a lease.
func (t *Tenant) use(l conn.Lease) *wire.Error {
	b, err := l.Backend()
	if err != nil {
		l.Release()
		return refused(err, 0, 0)
	}
	h := heldOf(b)
	socket, err := h.socketOf(b, CleanUpTime)
	if err != nil {
		l.Destroy(err)
		return refused(err, 0, 0)
	}
	if h.session.Params() == nil {
		base := t.greetings.base(b)
		t.greetings.renew(t.pool.Settings().Name, base)
		h.session = protocol.NewBackend(base)
	}
	if !t.occupy(b, socket) {
		l.Release()
		return ErrShutdown
	}
	t.lease, t.backend, t.held = l, b, h
	return nil
}

// attachWait is how long a login waits for the session's backend, where there is room for one.
const attachWait = time.Second

// Attach leases a backend before there is something to send, so that the client can be told its pid. If none can be
// had at once, or be opened soon, the first request waits for one.
func (t *Tenant) Attach(ctx context.Context) {
	l, ok := t.pool.TryAcquire()
	if s := t.pool.Slots().Stats(); !ok && s.Used+s.Waiting < s.HardLimit && !s.Paused {
		ctx, cancel := context.WithTimeout(ctx, attachWait)
		defer cancel()
		var err error
		l, err = t.pool.Acquire(ctx)
		ok = err == nil
	}
	if ok && l.Check() {
		t.unused = t.use(l) == nil
	}
}

// stillThere says whether the backend that was leased at login may be used: nothing was sent to it, so if its server
// has gone the session gets another.
func (t *Tenant) stillThere() bool {
	t.unused = false
	if t.lease.Check() {
		return true
	}
	t.vacate()
	t.forget()
	return false
}

// HasLease says whether a backend is leased.
func (t *Tenant) HasLease() bool { return t.backend != nil }
