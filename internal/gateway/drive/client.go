package drive

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway/backends"
	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/sockets"
)

// Client is one connection to the gateway, from when it was accepted. Its fields belong to its goroutine, but for
// those that are atomic, and for the machine and what is read from the backend while duplex is on.
type Client struct {
	shared   *Shared
	socket   *sockets.Socket
	user     string
	database string

	tenant  backends.Tenant
	machine protocol.Machine
	config  *Snapshot // that the machine was told
	pinned  bool      // the client is counted among those that keep their backend
	request inbox     // what the client has sent
	answer  inbox     // what its backend has sent
	duplex  duplex

	deadline protocol.Tick // that reads from the client have; 0 if they have none
	waiting  atomic.Int64  // since which tick the client waits for an answer; 0 if it doesn't
	sent     int64         // at which tick the backend was last written to
	gone     atomic.Bool   // the client hung up while it waited
}

// NewClient returns the client at the other end of a connection, which is not logged in.
func NewClient(s *Shared, nc net.Conn) *Client { return &Client{shared: s, socket: sockets.New(nc)} }

// Socket returns the client's connection.
func (c *Client) Socket() *sockets.Socket { return c.socket }

// Tenant returns the client as a user of backends.
func (c *Client) Tenant() *backends.Tenant { return &c.tenant }

// Introduce says who the client is, for the log.
func (c *Client) Introduce(user, database string) { c.user, c.database = user, database }

// Begin takes a client that has logged in, and joined a pool, to where it can be served.
func (c *Client) Begin(p *params.Set) {
	c.config = c.shared.Config()
	c.machine = protocol.New(c.options(), p)
}

// Params returns the parameters of the client's session.
func (c *Client) Params() *params.Set { return c.machine.Params() }

func (c *Client) options() protocol.Options {
	p := c.tenant.Pool().Settings()
	return protocol.Options{
		Session: p.Mode == config.Session, MaxMessage: c.config.MaxMessage, Attempts: p.Hard(),
		Idle: limitOf(c.config.IdleTimeout), InTransaction: limitOf(c.config.IdleInTransaction),
		Interner: &c.shared.Greetings.Interner,
	}
}

// configure takes up a configuration that has changed.
func (c *Client) configure() {
	if now := c.shared.Config(); now != c.config {
		c.config = now
		c.machine.Configure(c.options())
		c.socket.SetPatience(now.Patience())
	}
}

// Patience returns for how long a client may take nothing of what it is sent; 0 is for ever.
func (s *Snapshot) Patience() time.Duration {
	if s.WriteTimeout == config.Never {
		return 0
	}
	return s.WriteTimeout
}

// Serve is the life of a client that is logged in. Its error is what ended it.
func (c *Client) Serve() error {
	for {
		if err := c.fill(); err != nil {
			return err
		}
		for !c.request.empty() {
			more, err := c.exchange()
			if err != nil {
				return err
			}
			if more {
				break
			}
		}
		if c.shared.Draining() && c.machine.Idle() && c.request.empty() {
			return backends.ErrShutdown
		}
	}
}

// fill reads what the client sends, behind what is there already.
func (c *Client) fill() error {
	if err := c.limitIdle(); err != nil {
		return err
	}
	for {
		err := c.request.fill(c.socket)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err := c.timedOut(); err != nil {
			return err
		}
	}
}

// Wake ends the wait of a client that is read from, for a moment: it finds out whether it has to end. It is safe for
// concurrent use.
func (c *Client) Wake() { _ = c.socket.SetReadDeadline(time.Now()) }

// Kill ends a client whatever it does. It is safe for concurrent use.
func (c *Client) Kill() {
	c.tenant.Kill()
	_ = c.socket.Close()
	c.Cancel()
}

// Cancel cancels what the client waits for: a backend, or an answer. It is safe for concurrent use.
func (c *Client) Cancel() {
	if err := c.tenant.Cancel(); err != nil {
		c.shared.Log.Debug("cancel request failed", "error", err)
	}
}

// WaitsSince returns since when the client waits for an answer, by the clock of [Shared.Tick]; 0 if it doesn't. It is
// safe for concurrent use.
func (c *Client) WaitsSince() int64 { return c.waiting.Load() }

// Abandon cancels for a client that hung up while it waited. It is safe for concurrent use.
func (c *Client) Abandon() {
	if !c.gone.Swap(true) {
		c.tenant.Unwanted(backends.CleanUpTime)
		c.Cancel()
	}
}
