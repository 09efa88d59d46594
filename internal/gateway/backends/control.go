package backends

import (
	"context"
	"sync"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/gateway/sockets"
)

// control is what others may touch of a client: a cancel request, a shutdown, the watch over those that wait. It is
// safe for concurrent use. No network call is made under its lock: cancel requests that are under way are a state,
// for whose end the client waits before it gives its backend back.
type control struct {
	mu         sync.Mutex
	killed     bool            // the client gets no backend any more
	queuing    func()          // ends its wait for a backend
	running    *conn.Backend   // what a cancel request may cancel
	serving    *sockets.Socket // that backend's
	cancels    int             // cancel requests that are under way
	until      time.Time       // by when the server must have answered, since nobody waits for that any more; zero: somebody does
	cancelling sync.RWMutex    // held by cancel requests that are under way, and never while mu is waited for
}

const (
	// CleanUpTime is how long a server may take to answer what a client left behind. A second later the slot is free
	// in any case.
	CleanUpTime = 4 * time.Second
	// killTime is the same of a client that was ended by a shutdown.
	killTime = 2 * time.Second
	// cancelWait is how long a backend is held for a cancel request at most.
	cancelWait = 5 * time.Second
	// maxCancels of one client are under way at most. Of more none could mean anything that these don't.
	maxCancels = 2
)

// occupy notes that the client uses a backend; false if it may not any more.
func (c *control) occupy(b *conn.Backend, s *sockets.Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.killed || !c.until.IsZero() { // or it has gone meanwhile
		return false
	}
	c.running, c.serving = b, s
	return true
}

// vacate notes that the client uses its backend no more. It waits for cancel requests that are under way, so that they
// hit nobody else. until is as in [control].
func (c *control) vacate() (until time.Time) {
	c.mu.Lock()
	c.running, c.serving = nil, nil
	until, hurried := c.until, c.cancels > 0
	c.mu.Unlock()
	if hurried {
		c.cancelling.Lock()
		c.cancelling.Unlock() //nolint:staticcheck // nothing is guarded: the cancel requests have ended
	}
	return until
}

// Cancel cancels what the client waits for: a backend, or an answer. While the request is under way the backend is not
// given back, so it hits no other.
func (c *control) Cancel() error {
	c.mu.Lock()
	if c.queuing != nil {
		c.queuing()
	}
	b, until := c.running, c.until
	if b == nil || c.cancels == maxCancels {
		c.mu.Unlock()
		return nil
	}
	c.cancels++
	c.cancelling.RLock() // does not wait: vacate forgets the backend first
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), cancelWait)
	defer cancel()
	if !until.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	err := b.CancelRequest(ctx)
	c.cancelling.RUnlock()
	c.mu.Lock()
	c.cancels--
	c.mu.Unlock()
	return err
}

// Kill ends a client: it gets no backend any more, and the server little time to answer.
func (c *control) Kill() {
	c.mu.Lock()
	c.killed = true
	c.mu.Unlock()
	c.Unwanted(killTime)
}

// Unwanted says that nobody waits for the server's answers any more: it gets so much time for them. Unless it has used
// that up, the backend then serves others.
func (c *control) Unwanted(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if until := time.Now().Add(limit); c.until.IsZero() || until.Before(c.until) {
		c.until = until
	}
	if c.serving != nil {
		_ = c.serving.SetDeadline(c.until) // fails on a closed socket only, which its reader notices
	}
}

// Insist gives the server so much time for its next answer, and no more than there is in all. last says that it is
// the end of that.
func (c *control) Insist(s *sockets.Socket, limit time.Duration) (last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	by := time.Now().Add(limit)
	if c.until.Before(by) {
		by, last = c.until, true
	}
	_ = s.SetReadDeadline(by) // fails on a closed socket only, which the read tells
	return last
}

// Interrupt ends a read from the backend that another goroutine of the client waits in.
func (c *control) Interrupt(s *sockets.Socket) {
	_ = s.SetReadDeadline(time.Now()) // a closed socket is read to its end as well
}

// Interrupted takes that back, when the other goroutine has ended.
func (c *control) Interrupted(s *sockets.Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = s.SetReadDeadline(c.until) // none, unless nobody waits for answers any more
}

// WhileQueuing lets cancel requests end a wait, until the function that it returns is called.
func (c *control) WhileQueuing(end func()) (queued func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queuing = end
	if c.killed {
		end()
	}
	return func() { c.queued(nil) }
}

func (c *control) queued(end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queuing = end
}
