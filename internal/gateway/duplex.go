package gateway

import (
	"errors"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// duplex is the state of a client both of whose directions are open at once.
// While it is on, everything of the exchange is under mu.
type duplex struct {
	mu     sync.Mutex
	on     bool
	err    error // what ended the relaying of answers
	silent bool  // answers are read and go nowhere
	busy   bool  // the server is being written to, or its side ended: the backend is in use

	unwritable bool // that failed
}

// converse relays both directions until the server has answered everything.
// This goroutine reads from the client, another from the server.
func (c *client) converse() error {
	d := &c.duplexed
	d.on, d.err, d.unwritable = true, nil, false
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer c.surviveRelaying()
		c.relayAnswers()
	}()
	c.waiting.Store(0) // the client is read from: if it goes, that shows
	for held := c.r < c.w; ; held = false {
		var err error
		if !held {
			err = c.fill()
		}
		d.mu.Lock()
		var t turn
		if d.on && err == nil {
			t, err = c.forward()
		}
		if !d.on {
			d.mu.Unlock()
			<-done
			return c.conversed(err)
		}
		if t.ends && err == nil {
			err = io.EOF
		}
		if err == nil && !d.unwritable && !c.answeredAll() && !t.holds {
			d.mu.Unlock()
			continue
		}
		upstream := c.upstream
		d.busy = true // until the other goroutine has ended, the backend is not given back
		d.mu.Unlock()
		return c.interrupt(upstream, done, err)
	}
}

// forward passes on what the client has sent. The lock is not held while the
// server is written to, and meanwhile the backend is not given back.
func (c *client) forward() (turn, error) {
	d := &c.duplexed
	between := c.core.settled() && c.passing == 0
	t, f := c.take()
	c.countPin()
	out := t.bytes
	if between && len(out) > 0 {
		if first := c.adopt(); first != nil {
			out = append(first, out...)
		}
	}
	upstream := c.upstream
	d.busy = true
	d.mu.Unlock()
	c.waiting.Store(c.server.ticks.Load()) // meanwhile nobody reads from the client
	err := upstream.write(out)
	c.waiting.Store(0)
	d.mu.Lock()
	c.heldUp(upstream)
	if err == nil {
		err = c.inquire()
	}
	d.busy, d.unwritable = false, err != nil
	if f != nil {
		return t, f
	}
	return t, nil
}

// answeredAll says that the conversation is over: the server has answered all
// of it, and all of what the client has said was passed on.
func (c *client) answeredAll() bool {
	return c.core.settled() && c.passing == 0 && c.back.r == c.back.w && !c.core.pin.listens && !c.duplexed.busy
}

// conversed ends a conversation that the server's side has ended. The client's
// next words, if any, are in the buffer.
func (c *client) conversed(err error) error {
	lost := c.duplexed.err
	if lost == nil {
		return err
	}
	c.duplexed.err = nil
	_ = c.unlimit() // it was woken; this fails only on a closed socket
	if c.back.lost {
		return c.lostServer(lost)
	}
	return lost
}

// interrupt ends the other goroutine, since the client has gone (err says how),
// the server can't be written to, or all is answered.
func (c *client) interrupt(upstream *socket, done chan struct{}, err error) error {
	d := &c.duplexed
	if upstream != nil {
		_ = upstream.SetReadDeadline(time.Now()) // a closed socket is read to its end as well
	}
	<-done
	lost := d.err
	d.on, d.err, d.busy = false, nil, false
	if c.upstream != nil {
		c.mu.Lock()
		_ = c.upstream.SetReadDeadline(c.until) // none, unless nobody waits for answers any more
		c.mu.Unlock()
	}
	switch {
	case err != nil:
		return err
	case lost != nil || d.unwritable && c.upstream != nil:
		c.broken = true
		return c.lostServer(lost)
	}
	if c.upstream != nil && c.core.free() {
		c.giveBack()
	}
	return nil
}

// errPanicked is what a client that met a bug in the other goroutine ends with.
var errPanicked = errors.New("relaying its answers panicked")

// surviveRelaying is [client.survive] for the other goroutine.
func (c *client) surviveRelaying() {
	p := recover()
	if p == nil {
		return
	}
	c.server.log.Error("a client's goroutine panicked", "user", c.user, "database", c.database, "panic", p, "stack", string(debug.Stack()))
	d := &c.duplexed
	d.mu.Lock()
	d.on, d.err, c.broken = false, errPanicked, true
	d.mu.Unlock()
	c.kill()
}

// relayAnswers is the other goroutine.
func (c *client) relayAnswers() {
	d, a := &c.duplexed, &c.back
	for {
		d.mu.Lock()
		room := a.room() // the other goroutine asks whether anything is in the buffer
		d.mu.Unlock()
		n, err := c.upstream.read(room)
		out, on, err := c.relayRead(n, err)
		if werr := c.socket.write(out); werr != nil && err == nil {
			err = clientError{werr}
			d.mu.Lock()
			d.on, d.err, on = false, err, false
			d.mu.Unlock()
		}
		if err != nil {
			c.wake()
		}
		if !on {
			return
		}
	}
}

// relayRead looks at what the server has sent, n bytes or the end, and returns what goes to the
// client. on says that there is more to come; err, what ended it.
func (c *client) relayRead(n int, err error) (out []byte, on bool, _ error) {
	d, a := &c.duplexed, &c.back
	d.mu.Lock()
	defer d.mu.Unlock() // after a panic as well: the other goroutine would wait for ever
	if errors.Is(err, os.ErrDeadlineExceeded) {
		d.on = false // interrupted
		return nil, false, nil
	}
	if err != nil {
		a.lost, c.broken = true, true
	} else {
		a.w += n
		out, err = c.relay()
		if err == nil && !d.busy && !c.broken {
			err = c.inquire()
		}
	}
	if err == nil && a.lost {
		err = errGoodbye
	}
	if err == nil && c.answeredAll() {
		d.on = false
		if c.core.free() {
			c.giveBack()
		}
	}
	if err == nil {
		_ = c.setLimit() // fails only on a closed socket, which its reader notices
	}
	if c.server.draining.Load() && c.core.idle() {
		c.wake()
	}
	if err != nil {
		d.on, d.err = false, err
	}
	return out, d.on, err
}
