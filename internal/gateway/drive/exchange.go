package drive

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/sockets"
)

// exchange tells the machine what the client has sent, and does what it says until the turn is the client's. more
// says that the rest of the next message is needed first.
func (c *Client) exchange() (more bool, err error) {
	c.configure()
	used := c.machine.FromClient(c.request.unread())
	c.request.use(used)
	out := c.machine.Output()
	more = used == 0 && out.Want == protocol.Nothing && out.Turn == protocol.Client
	return more, c.perform()
}

// perform does what the machine says until the turn is the client's.
func (c *Client) perform() error {
	c.countPin()
	c.waiting.Store(c.shared.ticks.Load())
	defer c.waiting.Store(0)
	for {
		if err := c.do(); err != nil {
			return err
		}
		switch c.machine.Output().Turn {
		case protocol.Client:
			c.answer.rest()
			c.machine.Rest()
			return nil
		case protocol.Both:
			if err := c.converse(); err != nil {
				return err
			}
			c.waiting.Store(c.shared.ticks.Load())
			continue
		}
		if err := c.hear(c.tenant.Socket()); err != nil {
			c.machine.ServerLost(reason(err))
		}
		if c.gone.Load() {
			out := c.machine.Output()
			c.release(out)
			c.count(out)
			return net.ErrClosed
		}
	}
}

// do does what the machine says after an event, but for reading. Its error is what ends the client.
func (c *Client) do() error {
	for {
		out := c.machine.Output()
		c.release(out)
		c.count(out)
		if out.Want == protocol.Lease {
			if b, e := c.tenant.Lease(c.shared.Config().QueryWait); e != nil {
				c.machine.Refused(e)
			} else {
				c.machine.Leased(b)
			}
			continue
		}
		if len(out.ToServer) > 0 {
			if err := c.toServer(out.ToServer); err != nil {
				c.machine.ServerLost(reason(err))
				continue
			}
		}
		if len(out.ToClient) > 0 {
			if err := c.socket.WriteAll(out.ToClient); err != nil {
				return err
			}
		}
		if out.Want == protocol.End {
			return ending(out)
		}
		return nil
	}
}

// ending is the error that a client ends with.
func ending(out *protocol.Output) error {
	if out.Err == nil {
		return io.EOF
	}
	return out.Err
}

// toServer writes to the leased backend.
func (c *Client) toServer(b []byte) error {
	upstream := c.tenant.Socket()
	c.sent = c.shared.ticks.Load()
	err := upstream.WriteAll(b)
	if upstream.Waited() {
		c.machine.HeldUp()
	}
	return err
}

// hear reads once what the server sends, and tells the machine.
func (c *Client) hear(upstream *sockets.Socket) error {
	n, err := upstream.ReadSome(c.answer.room())
	if c.shared.ticks.Load()-c.sent > 1 {
		c.machine.Late()
	}
	if err != nil {
		return err
	}
	c.answer.w += n
	c.answer.use(c.machine.FromServer(c.answer.unread()))
	return nil
}

// release does what the machine says about the backend.
func (c *Client) release(out *protocol.Output) {
	if out.Backend == protocol.Keep {
		return
	}
	c.answer.r, c.answer.w = 0, 0
	c.tenant.Release(out.Backend == protocol.Discard, out.Why, out.Tainted)
}

// count keeps the books.
func (c *Client) count(out *protocol.Output) {
	if out.Transaction {
		c.shared.Counters.Transactions.Add(1)
	}
	if out.Replayed {
		c.shared.Counters.Replays.Add(1)
	}
	if out.WriteRefused {
		c.tenant.Pool().WriteRefused()
	}
}

// countPin counts a client from when it is pinned.
func (c *Client) countPin() {
	if !c.pinned && c.machine.Pinned() {
		c.pinned = true
		c.shared.Counters.Pinned.Add(1)
		c.shared.Log.Debug("a client keeps its backend", "user", c.user, "database", c.database, "cause", c.machine.Pin().Why)
	}
}

// unpin ends that.
func (c *Client) unpin() {
	if c.pinned {
		c.pinned = false
		c.shared.Counters.Pinned.Add(-1)
	}
}

// reason is what a client is told of how its server was lost.
func reason(err error) string {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return "it closed the connection without a word"
	}
	return err.Error()
}
