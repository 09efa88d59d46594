package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/conn"
)

// client is one connection to the gateway. Its fields belong to its goroutine,
// but for those under mu, and for all of the exchange's while it is duplex.
type client struct {
	server   *Server
	socket   *socket
	address  string      // where it comes from
	seat     *place      // in the lobby
	ousted   atomic.Bool // that was given to somebody else
	user     string
	database string
	pool     Pool
	repeats  int // how often a request is sent to another backend: all that the pool has may be lost at once
	key      cancelKey
	core     core
	settings *settings // its session's
	initial  *settings // the same at login: what RESET puts back
	pinned   bool      // it is counted among those that keep their backend

	in       *buffer // what it sent and was not forwarded is in[r:w]; nil if nothing
	r, w     int
	passing  int    // bytes of a long message that are still to be forwarded as they come
	skipping int    // bytes of one that are to be thrown away
	out      []byte // what is forwarded instead, where the client's bytes can't be as they are
	lease    conn.Lease
	backend  *conn.Backend
	held     *held
	upstream *socket // the leased backend's, nil if none is leased
	unused   bool    // nothing was sent on this lease yet: it was made at login
	broken   bool    // the server can't be spoken to any more
	farewell string  // why, if it said so
	back     answers
	retained statements // what a second attempt needs
	duplexed duplex

	waiting atomic.Int64 // since which tick of the server it waits for an answer; 0 if it doesn't
	sent    int64        // at which tick its last turn went to the server
	gone    atomic.Bool  // it hung up while it waited
	idling               // for how long it may say nothing

	place   conn.Waiting // in the pool's queue
	granted chan struct{}
	grant   conn.Lease
	denial  error

	mu         sync.Mutex
	killed     bool          // it gets no backend any more
	queuing    func()        // ends its wait for a backend
	running    *conn.Backend // what a cancel request may cancel
	serving    *socket       // that backend's
	cancels    int           // cancel requests that are under way
	until      time.Time     // by when the server must have answered, since nobody waits for that any more; zero: somebody does
	cancelling sync.RWMutex  // held by cancel requests that are under way, and never while mu is waited for
}

// serve is the life of a client that is logged in. Its error is what ended it.
func (c *client) serve() error {
	for {
		if err := c.fill(); err != nil {
			return err
		}
		for c.r < c.w {
			more, err := c.exchange()
			if err != nil {
				return err
			}
			if more {
				break
			}
		}
		if c.server.draining.Load() && c.core.idle() && c.r == c.w {
			return errShutdown
		}
	}
}

// fill reads what the client sends, behind what is there already.
func (c *client) fill() error {
	if err := c.limitIdle(); err != nil {
		return err
	}
	for {
		var err error
		if c.r == c.w {
			c.discard()
			var n int
			if c.in, n, err = c.socket.readLent(); err == nil {
				c.r, c.w = 0, n
				return nil
			}
		} else {
			c.compact()
			var n int
			if n, err = c.socket.read(c.in[c.w:]); err == nil {
				c.w += n
				return nil
			}
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err := c.timedOut(); err != nil {
			return err
		}
	}
}

// discard gives the buffer back when all of it is used.
func (c *client) discard() {
	if c.in != nil {
		buffers.Put(c.in)
		c.in, c.r, c.w = nil, 0, 0
	}
}

// compact moves what is left to the beginning of the buffer.
func (c *client) compact() {
	if c.r > 0 {
		c.w = copy(c.in[:], c.in[c.r:c.w])
		c.r = 0
	}
}

// wake has a client that waits to be spoken to look around.
func (c *client) wake() { _ = c.socket.SetReadDeadline(time.Now()) }

// kill ends a client whatever it does.
func (c *client) kill() {
	c.mu.Lock()
	c.killed = true
	c.mu.Unlock()
	c.unwanted(killTime)
	_ = c.socket.Close()
	c.cancel()
}

// unwanted says that nobody waits for the server's answers any more: it gets so much
// time for them. Unless it has used that up, the backend then serves others.
func (c *client) unwanted(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := time.Now().Add(limit); c.until.IsZero() || until.Before(c.until) {
		c.until = until
	}
	if c.serving != nil {
		_ = c.serving.SetDeadline(c.until) // fails on a closed socket only, which its reader notices
	}
}

const (
	// settleTime is how long a server may take to answer what a client left behind,
	// and killTime, what a client did that was ended by a shutdown. A second later
	// the slot is free in any case.
	settleTime = 4 * time.Second
	killTime   = 2 * time.Second
	// cancelWait is how long a backend is held for a cancel request at most.
	cancelWait = 5 * time.Second
	// manyCancels of one client are under way at most. Of more none could mean
	// anything that these don't.
	manyCancels = 2
)

// cancel cancels what the client waits for: a backend, or an answer. While the
// request is under way the backend is not given back, so it hits no other.
func (c *client) cancel() {
	c.mu.Lock()
	if c.queuing != nil {
		c.queuing()
	}
	b, until := c.running, c.until
	if b == nil || c.cancels == manyCancels {
		c.mu.Unlock()
		return
	}
	c.cancels++
	c.cancelling.RLock() // does not wait: release forgets the backend first
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), cancelWait)
	defer cancel()
	if !until.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	if err := b.CancelRequest(ctx); err != nil {
		c.server.log.Debug("cancel request failed", "error", err)
	}
	c.cancelling.RUnlock()
	c.mu.Lock()
	c.cancels--
	c.mu.Unlock()
}

// abandoned cancels for a client that hung up while it waited.
func (c *client) abandoned() {
	if !c.gone.Swap(true) {
		c.unwanted(settleTime)
		c.cancel()
	}
}

// leave says goodbye and leaves nothing behind on the server.
func (c *client) leave(err error) {
	var f *failure
	switch {
	case errors.Is(err, errDone):
		return
	case errors.As(err, &f):
		f = f.ended()
		c.socket.patience = 0 // the deadline that follows is all that it gets
		_ = c.socket.SetWriteDeadline(time.Now().Add(time.Second))
		_ = c.socket.write(f.append(nil)) // it may be gone
		c.server.log.Debug("client ended", "user", c.user, "database", c.database, "sqlstate", f.code, "reason", f.message)
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed):
		c.server.log.Debug("client lost", "user", c.user, "database", c.database, "error", err)
	}
	c.settle()
	c.discard()
}

// survive keeps a bug that one client met from ending all others: its backend is
// in an unknown state, and is closed.
func (c *client) survive() {
	p := recover()
	if p == nil {
		return
	}
	c.server.log.Error("a client's goroutine panicked", "user", c.user, "database", c.database, "panic", p, "stack", string(debug.Stack()))
	if c.upstream != nil {
		c.broken = true
		c.release()
	}
}
