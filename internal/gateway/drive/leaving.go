package drive

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/unoactor/unoactor/internal/gateway/backends"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// ErrDone is a connection that has had what it came for.
var ErrDone = errors.New("done")

// Leave says goodbye to a client that has ended with err, and leaves nothing behind on the server.
func (c *Client) Leave(err error) {
	var e *wire.Error
	switch {
	case errors.Is(err, ErrDone):
		return
	case errors.As(err, &e):
		e = e.AsFatal()
		c.socket.SetPatience(0) // the deadline that follows is all that it gets
		_ = c.socket.SetWriteDeadline(time.Now().Add(time.Second))
		_ = c.socket.WriteAll(e.Append(nil)) // it may have gone
		c.shared.Log.Debug("client ended", "user", c.user, "database", c.database, "sqlstate", e.Code, "reason", e.Message)
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed):
		c.shared.Log.Debug("client lost", "user", c.user, "database", c.database, "error", err)
	}
	c.unpin()
	c.cleanUp()
	c.request.discard()
	c.answer.discard()
}

// cleanUp leaves the backend of a client that has gone as the next one needs it, or closes it.
func (c *Client) cleanUp() {
	if c.machine.ClientGone(); c.machine.Output().Turn == protocol.Server {
		c.tenant.Unwanted(backends.CleanUpTime)
	}
	for {
		out := c.machine.Output()
		c.release(out)
		upstream := c.tenant.Socket()
		if out.Turn != protocol.Server || upstream == nil {
			break
		}
		if out.Cancel {
			c.Cancel()
		}
		if err := upstream.WriteAll(out.ToServer); err != nil {
			c.machine.ServerLost(err.Error())
			continue
		}
		last := c.tenant.Insist(upstream, insistAfter)
		switch err := c.hear(upstream); {
		case errors.Is(err, os.ErrDeadlineExceeded) && !last:
			c.machine.Unanswered()
		case err != nil:
			c.shared.Log.Debug("a backend could not be left clean", "error", err)
			c.machine.ServerLost(err.Error())
		}
	}
	c.tenant.Leave()
}

// insistAfter is how long a server may say nothing before it is asked again to cancel what a client left behind.
const insistAfter = time.Second

// Survive keeps a bug that one client met from ending all others: its backend is in an unknown state, and is closed.
// It is to be deferred.
func (c *Client) Survive() {
	p := recover()
	if p == nil {
		return
	}
	c.shared.Log.Error("a client's goroutine panicked", "user", c.user, "database", c.database, "panic", p, "stack", string(debug.Stack()))
	c.unpin()
	if c.tenant.HasLease() {
		c.tenant.Release(true, "", false)
	}
}
