package drive

import (
	"errors"
	"os"
	"runtime/debug"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/sockets"
)

// relay is the other goroutine of a conversation: it passes on what the server says.
func (c *Client) relay(upstream *sockets.Socket) {
	for {
		n, err := upstream.ReadSome(c.answer.room())
		out, goesOn := c.heard(n, err)
		c.release(&out)
		_ = upstream.WriteAll(out.ToServer) // if it fails, so does the next read
		if err := c.socket.WriteAll(out.ToClient); err != nil {
			c.hangUp(err)
			return
		}
		if !goesOn {
			return
		}
	}
}

// heard tells the machine what the server has sent, n bytes or the end, and returns what is to be done.
func (c *Client) heard(n int, err error) (out protocol.Output, goesOn bool) {
	d := &c.duplex
	d.mu.Lock()
	defer d.mu.Unlock() // after a panic as well: the other goroutine would wait for ever
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && d.busy:
		d.on = false // interrupted
		return out, false
	case err != nil:
		c.machine.ServerLost(reason(err))
	default:
		c.answer.w += n
		c.answer.use(c.machine.FromServer(c.answer.unread()))
	}
	out = *c.machine.Output()
	c.count(&out)
	if d.busy && len(out.ToServer) > 0 {
		d.question, out.ToServer = out.ToServer, nil
	}
	switch {
	case out.Want == protocol.End:
		d.on, d.err = false, ending(&out)
		c.Wake()
	case out.Turn != protocol.Both:
		d.on = false
		if d.busy {
			d.left, out.Backend = out, protocol.Keep
		}
	}
	_ = c.setLimit() // fails only on a closed socket, which its reader notices
	if c.shared.Draining() && c.machine.Idle() {
		c.Wake()
	}
	return out, d.on
}

// hangUp ends the client from the other goroutine.
func (c *Client) hangUp(err error) {
	d := &c.duplex
	d.mu.Lock()
	d.on, d.err = false, err
	d.mu.Unlock()
	c.Wake()
}

// errPanicked is what a client that met a bug in the other goroutine ends with.
var errPanicked = errors.New("relaying its answers panicked")

// surviveRelaying is [Client.Survive] for [Client.relay].
func (c *Client) surviveRelaying() {
	p := recover()
	if p == nil {
		return
	}
	c.shared.Log.Error("a client's goroutine panicked", "user", c.user, "database", c.database, "panic", p, "stack", string(debug.Stack()))
	d := &c.duplex
	d.mu.Lock()
	d.on, d.err = false, errPanicked
	c.machine.Distrust()
	d.mu.Unlock()
	c.Kill()
}
