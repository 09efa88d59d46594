package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/unoactor/unoactor/conn"
)

// borrow leases a backend, and prepares what must be sent to it before the
// client's own request. A failure is the client's to see; its session goes on.
func (c *client) borrow() *failure {
	limit := min(c.server.config.QueryWait, 24*time.Hour)
	ctx, cancel := context.WithTimeout(context.Background(), limit) // a client has no context but its connection
	defer cancel()
	c.mu.Lock()
	c.queuing = cancel
	c.mu.Unlock()
	began := time.Now()
	l, err := c.pool.Acquire(ctx)
	c.mu.Lock()
	c.queuing = nil
	c.mu.Unlock()
	if err != nil {
		return refused(err, time.Since(began), limit)
	}
	b, err := l.Backend()
	if err != nil {
		l.Release()
		return refused(err, 0, limit)
	}
	h := remember(b)
	upstream, err := h.raw(ctx, b)
	if err != nil {
		l.Destroy(err)
		return refused(err, 0, limit)
	}
	c.lease, c.backend, c.held, c.upstream, c.broken, c.farewell = l, b, h, upstream, false, ""
	c.mu.Lock()
	c.running = b
	c.mu.Unlock()
	return nil
}

// adopt returns the request that gives the backend the client's settings, nil if
// it has them.
func (c *client) adopt() []byte {
	if c.held.settings == c.settings {
		return nil
	}
	from := c.held.settings
	if from == nil {
		from = c.server.welcomes.base(c.backend)
	}
	sql := change(from, c.settings)
	c.held.settings = c.settings
	if sql == "" {
		return nil
	}
	c.core.due = append([]due{{request: msgQuery, ours: true}}, c.core.due...)
	return appendMessage(nil, msgQuery, []byte(sql), []byte{0})
}

// giveBack ends the lease of a backend that is free, unless the client keeps it.
func (c *client) giveBack() {
	c.server.counters.transactions.Add(1)
	if c.core.session || c.core.pin.why != "" {
		return
	}
	c.release()
}

// release ends the lease. It waits for a cancel request that is under way.
func (c *client) release() {
	c.mu.Lock()
	c.running = nil
	c.mu.Unlock()
	if c.broken {
		c.lease.Destroy(errors.New(cmp.Or(c.farewell, "lost by a client of the gateway")))
	} else {
		c.lease.Release()
	}
	c.lease, c.backend, c.held, c.upstream = conn.Lease{}, nil, nil, nil
	c.core.returned()
	c.back.r, c.back.w, c.back.passing = 0, 0, 0
}

// settleTime is how long a server may take to answer what a client left behind.
const settleTime = 5 * time.Second

// settle gives back, or gives up, the backend of a client that has gone.
func (c *client) settle() {
	if c.upstream == nil {
		return
	}
	if c.core.pin.why != "" {
		c.server.counters.pinned.Add(-1)
		c.backend.Taint()
	}
	if !c.broken && !c.core.free() {
		if err := c.finish(); err != nil {
			c.server.log.Debug("a backend could not be settled", "error", err)
			c.broken = true
		}
	}
	c.release()
}

// finish brings the server to where it is ready for a query outside a
// transaction.
func (c *client) finish() error {
	if c.passing > 0 {
		return fmt.Errorf("the client went away in the middle of a message")
	}
	if err := c.upstream.SetDeadline(time.Now().Add(settleTime)); err != nil {
		return err
	}
	if len(c.core.due) > 0 && !c.core.copyIn {
		c.cancel()
	}
	var out []byte
	if c.core.copyIn {
		out = appendMessage(out, msgCopyFail, []byte("the client went away\x00"))
		c.core.copyIn = false
	}
	if c.core.open {
		out = appendMessage(out, msgSync)
		c.core.open = false
		c.core.due = append(c.core.due, due{request: msgSync})
	}
	if err := c.upstream.write(out); err != nil {
		return err
	}
	if err := c.await(); err != nil {
		return err
	}
	if c.core.tx != 'I' {
		if err := c.upstream.write(appendMessage(nil, msgQuery, []byte("ROLLBACK\x00"))); err != nil {
			return err
		}
		c.core.due = append(c.core.due, due{request: msgQuery})
		if err := c.await(); err != nil {
			return err
		}
	}
	if !c.core.free() {
		return fmt.Errorf("the server is not ready for another client")
	}
	return c.upstream.SetDeadline(time.Time{})
}

// await reads answers that nobody wants until all are there. A server that asks
// for COPY data meanwhile is told that there is none.
func (c *client) await() error {
	c.duplexed.silent = true
	c.back.begin(false)
	for len(c.core.due) > 0 {
		if err := c.answer(); err != nil {
			return err
		}
		if c.core.copyIn {
			c.core.copyIn = false
			out := appendMessage(nil, msgCopyFail, []byte("the client went away\x00"))
			if c.core.open {
				c.core.open = false
				c.core.due = append(c.core.due, due{request: msgSync})
				out = appendMessage(out, msgSync)
			}
			if err := c.upstream.write(out); err != nil {
				return err
			}
		}
	}
	return nil
}
