package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/unoactor/unoactor/conn"
)

// borrow leases a backend, and prepares what must be sent to it before the
// client's own request. A failure is the client's to see; its session goes on.
func (c *client) borrow() *failure {
	l, f := c.acquire()
	if f != nil {
		return f
	}
	return c.use(l)
}

// use prepares to speak to the backend of a lease.
func (c *client) use(l conn.Lease) *failure {
	b, err := l.Backend()
	if err != nil {
		l.Release()
		return refused(err, 0, 0)
	}
	h := remember(b)
	upstream, err := h.raw(b)
	if err != nil {
		l.Destroy(err)
		return refused(err, 0, 0)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed || !c.until.IsZero() { // or it has gone meanwhile
		l.Release()
		return errShutdown
	}
	c.lease, c.backend, c.held, c.upstream, c.broken, c.farewell = l, b, h, upstream, false, ""
	c.running, c.serving = b, upstream
	return nil
}

// attachWait is how long a login waits for the session's backend, where there is room for one.
const attachWait = time.Second

// attach leases the backend of a session when it begins, so that the client can be told its
// pid. If none can be had at once, or be opened soon, the first request waits for one.
func (c *client) attach(ctx context.Context) {
	if !c.core.session {
		return
	}
	l, ok := c.pool.TryAcquire()
	if s := c.pool.Slots().Stats(); !ok && s.Used+s.Waiting < s.HardLimit && !s.Paused {
		ctx, cancel := context.WithTimeout(ctx, attachWait)
		defer cancel()
		var err error
		l, err = c.pool.Acquire(ctx)
		ok = err == nil
	}
	if ok && l.Check() {
		c.unused = c.use(l) == nil
	}
}

// stillThere says whether the backend that was leased at login may be used: nothing was sent to it, so
// if its server has gone the session gets another.
func (c *client) stillThere() bool {
	c.unused = false
	if c.lease.Check() {
		return true
	}
	c.mu.Lock()
	c.running, c.serving = nil, nil
	c.mu.Unlock()
	c.drop()
	return false
}

// acquire leases a backend to which the server has not hung up. All that are idle may be lost at
// once, but where the server hangs up on new ones too, that is the answer.
func (c *client) acquire() (conn.Lease, *failure) {
	for range c.repeats + 1 {
		l, ok := c.pool.TryAcquire()
		if !ok {
			var f *failure
			if l, f = c.queue(); f != nil {
				return l, f
			}
		}
		if l.Glance() {
			return l, nil
		}
	}
	return conn.Lease{}, errHungUp
}

// queue waits for a backend, where a cancel request finds the client.
func (c *client) queue() (conn.Lease, *failure) {
	p := c.pool.Settings()
	limit := min(c.server.config.QueryWait, 24*time.Hour)
	began := time.Now()
	if len(p.Hooks.OnCheckout) > 0 || limit < p.AcquireTimeout {
		l, err := c.queueFor(limit)
		if err != nil {
			return l, refused(err, time.Since(began), limit)
		}
		return l, nil
	}
	// The pool itself ends the wait, and nothing has to run on the backend first:
	// the client stands in the pool's queue as it is, at no cost but its own record.
	if c.granted == nil {
		c.granted = make(chan struct{}, 1)
	}
	if f := c.enqueue(); f != nil {
		return conn.Lease{}, f
	}
	<-c.granted
	c.mu.Lock()
	c.queuing = nil
	c.mu.Unlock()
	l, err := c.grant, c.denial
	c.grant, c.denial = conn.Lease{}, nil
	if err != nil {
		return l, refused(err, time.Since(began), p.AcquireTimeout)
	}
	return l, nil
}

// enqueue stands in the queue, and lets a cancel request know where.
func (c *client) enqueue() *failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed {
		return errShutdown
	}
	if err := c.pool.Slots().Enqueue(&c.place, c); err != nil {
		return refused(err, 0, 0)
	}
	c.queuing = c.leaveQueue
	return nil
}

// Granted is called by the pool when it is the client's turn.
func (c *client) Granted(l conn.Lease, err error) {
	c.grant, c.denial = l, err
	c.granted <- struct{}{}
}

// leaveQueue ends the wait for a backend, for a cancel request.
func (c *client) leaveQueue() {
	if c.pool.Slots().Cancel(&c.place) {
		c.Granted(conn.Lease{}, context.Canceled)
	}
}

func (c *client) queueFor(limit time.Duration) (conn.Lease, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit) // a client has no context but its connection
	defer cancel()
	defer c.whileQueuing(cancel)()
	return c.pool.Acquire(ctx)
}

// whileQueuing lets cancel requests end a wait, until the function that it returns
// is called.
func (c *client) whileQueuing(end func()) (over func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queuing = end
	if c.killed {
		end()
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.queuing = nil
	}
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
		c.server.welcomes.renew(c.pool.Settings().Name, from)
	}
	if c.core.tx == 'E' {
		return nil // nothing can be set there, and nothing depends on it
	}
	sql := change(from, c.settings)
	c.held.settings = c.settings
	if sql == "" {
		return nil
	}
	c.core.replies.pushFirst(expect{request: msgQuery, ours: true})
	return appendMessage(nil, msgQuery, []byte(sql), []byte{0})
}

// giveBack ends the lease of a backend that is free, unless the client keeps it.
func (c *client) giveBack() {
	c.server.counters.transactions.Add(1)
	if !c.keeps() {
		c.release()
	}
}

// countPin counts a client from when it is pinned.
func (c *client) countPin() {
	if c.core.pin.why != "" && !c.pinned {
		c.pinned = true
		c.server.counters.pinned.Add(1)
		c.server.log.Debug("a client keeps its backend", "user", c.user, "database", c.database, "cause", c.core.pin.why)
	}
}

// release ends the lease. It waits for a cancel request that is under way.
func (c *client) release() {
	c.mu.Lock()
	c.running, c.serving = nil, nil
	until, hurried := c.until, c.cancels > 0
	c.mu.Unlock()
	if hurried {
		c.cancelling.Lock()
		c.cancelling.Unlock() //nolint:staticcheck // nothing is guarded: the cancel requests have ended
	}
	if !until.IsZero() && !c.broken {
		c.broken = c.upstream.SetDeadline(time.Time{}) != nil
	}
	switch {
	case c.broken && !until.IsZero() && !time.Now().Before(until):
		c.lease.DestroySilent(errUnanswered)
	case c.broken:
		c.lease.Destroy(errors.New(cmp.Or(c.farewell, "lost by a client of the gateway")))
	default:
		c.lease.Release()
	}
	c.drop()
}

// drop forgets a lease that has ended.
func (c *client) drop() {
	c.lease, c.backend, c.held, c.upstream = conn.Lease{}, nil, nil, nil
	c.core.returned()
	c.back.r, c.back.w, c.back.passing = 0, 0, 0
}

// errUnanswered is a server that did not say in time what became of what its client left behind.
var errUnanswered = errors.New("the server did not answer in time, after the client had gone")

// settle gives back, or gives up, the backend of a client that has gone.
func (c *client) settle() {
	if c.pinned {
		c.server.counters.pinned.Add(-1)
	}
	if c.upstream == nil {
		return
	}
	if c.keeps() && !c.unused {
		c.backend.Taint()
	}
	c.core.unkept = false
	if !c.broken && (!c.core.free() || c.passing > 0 || c.back.r < c.back.w) {
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
	c.unwanted(settleTime)
	if !c.core.settled() && !c.core.copyIn {
		c.cancel()
	}
	if err := c.upstream.write(c.core.conclude()); err != nil {
		return err
	}
	if err := c.await(); err != nil {
		return err
	}
	if c.core.tx != 'I' {
		if err := c.upstream.write(appendMessage(nil, msgQuery, []byte("ROLLBACK\x00"))); err != nil {
			return err
		}
		c.core.owe(expect{request: msgQuery})
		if err := c.await(); err != nil {
			return err
		}
	}
	if !c.core.free() {
		return fmt.Errorf("the server is not ready for another client")
	}
	return nil
}

// await reads answers that nobody wants until all are there. A server that asks
// for COPY data meanwhile is told that there is none.
func (c *client) await() error {
	c.duplexed.silent = true
	c.back.begin(false)
	owed := c.core.replies.readies
	for c.core.inTurns() || c.trailing() {
		if err := c.insist(); err != nil {
			return err
		}
		if n := c.core.replies.readies; n > 0 && n < owed {
			c.cancel() // the next of its statements runs
			owed = n
		}
		if err := c.upstream.write(c.core.conclude()); err != nil {
			return err
		}
	}
	return nil
}

// insist reads an answer that nobody wants. Where none comes the server is asked to
// cancel again: the first request may have come before the statement that it meant.
func (c *client) insist() error {
	for {
		again, patient := time.Now().Add(time.Second), true
		c.mu.Lock()
		if c.until.Before(again) {
			again, patient = c.until, false
		}
		c.mu.Unlock()
		_ = c.upstream.SetReadDeadline(again) // fails on a closed socket only, which the read tells
		err := c.answer()
		if err == nil || !patient || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		c.back.lost, c.broken = false, false
		c.cancel()
	}
}
