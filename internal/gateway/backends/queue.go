package backends

import (
	"context"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// queue waits for a backend, where a cancel request finds the client. limit is the gateway's own; the pool's may be
// shorter.
func (t *Tenant) queue(limit time.Duration) (conn.Lease, *wire.Error) {
	p := t.pool.Settings()
	limit = min(limit, 24*time.Hour)
	began := time.Now()
	if len(p.Hooks.OnCheckout) > 0 || limit < p.AcquireTimeout {
		l, err := t.queueFor(limit)
		if err != nil {
			return l, refused(err, time.Since(began), limit)
		}
		return l, nil
	}
	// The pool itself ends the wait, and nothing has to run on the backend first: the client stands in the pool's
	// queue as it is, at no cost but its own record.
	if t.granted == nil {
		t.granted = make(chan struct{}, 1)
	}
	if e := t.enqueue(); e != nil {
		return conn.Lease{}, e
	}
	<-t.granted
	t.queued(nil)
	l, err := t.grant, t.denial
	t.grant, t.denial = conn.Lease{}, nil
	if err != nil {
		return l, refused(err, time.Since(began), p.AcquireTimeout)
	}
	return l, nil
}

// enqueue puts the client in the queue, and lets a cancel request know where.
func (t *Tenant) enqueue() *wire.Error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.killed {
		return ErrShutdown
	}
	if err := t.pool.Slots().Enqueue(&t.place, t); err != nil {
		return refused(err, 0, 0)
	}
	t.queuing = t.leaveQueue
	return nil
}

// Granted is called by the pool when it is the client's turn.
func (t *Tenant) Granted(l conn.Lease, err error) {
	t.grant, t.denial = l, err
	t.granted <- struct{}{}
}

// leaveQueue ends the wait for a backend, for a cancel request.
func (t *Tenant) leaveQueue() {
	if t.pool.Slots().Cancel(&t.place) {
		t.Granted(conn.Lease{}, context.Canceled)
	}
}

func (t *Tenant) queueFor(limit time.Duration) (conn.Lease, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit) // a client has no context but its connection
	defer cancel()
	defer t.WhileQueuing(cancel)()
	return t.pool.Acquire(ctx)
}
