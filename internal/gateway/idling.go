package gateway

import (
	"time"

	"github.com/unoactor/unoactor/config"
)

// idling is for how long a client may say nothing. The time counts from its last
// complete message, or from the answer to that: parts of a message begin nothing anew.
type idling struct {
	spoke    bool      // a message of it is complete since the time was taken, or the server held it up
	since    time.Time // when it was
	deadline time.Time // that its reads have; zero if they have none
}

// heldUp has the client's time begin anew where the server made it wait: the client may have
// spoken meanwhile, and nobody has listened.
func (c *client) heldUp(upstream *socket) { c.spoke = c.spoke || upstream.waited }

// limitIdle sets the time until which the client has to speak.
func (c *client) limitIdle() error {
	c.duplexed.mu.Lock()
	defer c.duplexed.mu.Unlock()
	err := c.setLimit()
	// Shutdown wakes clients after it has said so: who has not seen it by now
	// is woken.
	if err == nil && c.server.draining.Load() && c.core.idle() && c.r == c.w {
		return errShutdown
	}
	if err == nil && c.duplexed.err != nil {
		return c.duplexed.err
	}
	return err
}

// setLimit sets it for what the client is at now.
func (c *client) setLimit() error {
	limit, _ := c.limit()
	if limit == config.Never {
		if c.deadline.IsZero() {
			return nil
		}
		return c.unlimit()
	}
	if c.spoke || c.since.IsZero() {
		c.spoke, c.since = false, time.Now()
	}
	deadline := c.since.Add(limit)
	if deadline.Equal(c.deadline) {
		return nil
	}
	c.deadline = deadline
	return c.socket.SetReadDeadline(deadline)
}

// unlimit takes the deadline off the client's reads, be it a limit or a wake.
func (c *client) unlimit() error {
	c.deadline = time.Time{}
	return c.socket.SetReadDeadline(time.Time{})
}

// limit is for how long the client may say nothing now, and what it is told when it
// does for longer. While the server has something to say, silence is not idleness.
func (c *client) limit() (time.Duration, *failure) {
	idle, inside := c.server.config.IdleTimeout, c.server.config.IdleInTransaction
	core := &c.core
	if idle == config.Never && inside == config.Never {
		return config.Never, nil
	}
	var at string // what the client is in the middle of, while a backend waits
	switch {
	case core.settled() && core.tx == 'I':
		return idle, errIdle
	case core.settled():
		return inside, errIdleInTransaction
	case core.copyIn:
		at = "It was expected to send the data of a COPY."
	case c.passing > 0 && core.replies.n <= 1:
		at = "It was in the middle of a message."
	case core.open && core.replies.readies == 0 && (core.replies.n == 0 || !core.flushed):
		at = "It had begun a batch of the extended protocol, which ends with a Sync."
	default:
		return config.Never, nil
	}
	limit, f := inside, *errIdleInTransaction
	if core.tx == 'I' && idle < inside {
		limit, f = idle, *errIdle
	}
	f.detail = at
	return limit, &f
}

// timedOut says what the end of a read's time means: nil if it was only woken, or
// what it sent came just in time.
func (c *client) timedOut() error {
	c.duplexed.mu.Lock()
	defer c.duplexed.mu.Unlock()
	if c.duplexed.err != nil {
		return c.duplexed.err // woken, since the server is lost
	}
	if c.server.draining.Load() && c.core.idle() {
		return errShutdown
	}
	limit, f := c.limit()
	if limit != config.Never && !c.spoke && !time.Now().Before(c.since.Add(limit)) {
		return f
	}
	if err := c.unlimit(); err != nil {
		return err
	}
	return c.setLimit()
}
