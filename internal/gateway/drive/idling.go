package drive

import (
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway/backends"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
)

// epoch is when the clock of the machines begins.
var epoch = time.Now()

// clock is the machines' clock.
func clock() protocol.Tick { return protocol.Tick(time.Since(epoch)) }

// limitOf is a time of the configuration as the machines know it.
func limitOf(d time.Duration) protocol.Tick {
	if d == config.Never {
		return protocol.Never
	}
	return protocol.Tick(d)
}

// limitIdle sets the time until which the client has to speak. Its error is what ends the client before it is read
// from again.
func (c *Client) limitIdle() error {
	d := &c.duplex
	d.mu.Lock()
	defer d.mu.Unlock()
	err := c.setLimit()
	// Shutdown wakes clients after it has said so: who has not seen it by now is woken.
	if err == nil && c.shared.Draining() && c.machine.Idle() && c.request.empty() {
		return backends.ErrShutdown
	}
	if err == nil {
		return d.err
	}
	return err
}

// setLimit sets the time for what the client is at now.
func (c *Client) setLimit() error {
	by := c.machine.Deadline(clock)
	if by == protocol.Never {
		if c.deadline == 0 {
			return nil
		}
		return c.unlimit()
	}
	if by == c.deadline {
		return nil
	}
	c.deadline = by
	return c.socket.SetReadDeadline(epoch.Add(time.Duration(by)))
}

// unlimit takes the deadline off the client's reads, be it a limit or a wake.
func (c *Client) unlimit() error {
	c.deadline = 0
	return c.socket.SetReadDeadline(time.Time{})
}

// timedOut says what the end of a read's time means: nil if the client was only woken, or what it sent came just in
// time.
func (c *Client) timedOut() error {
	d := &c.duplex
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return d.err // woken, since the conversation has ended the client
	}
	if c.shared.Draining() && c.machine.Idle() {
		return backends.ErrShutdown
	}
	if e := c.machine.TimedOut(clock()); e != nil {
		return e
	}
	if err := c.unlimit(); err != nil {
		return err
	}
	return c.setLimit()
}
