package gateway

import (
	"errors"
	"io"
	"os"
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
}

// converse relays both directions until the server has answered everything.
// This goroutine reads from the client, another from the server.
func (c *client) converse() error {
	d := &c.duplexed
	d.on, d.err = true, nil
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.relayAnswers()
	}()
	c.waiting.Store(0) // the client is read from: if it goes, that shows
	for {
		err := c.fill()
		d.mu.Lock()
		if !d.on {
			d.mu.Unlock()
			<-done
			return c.conversed(err)
		}
		var t turn
		if err == nil {
			var f *failure
			if t, f = c.take(); f != nil {
				err = f
			}
			upstream := c.upstream
			d.mu.Unlock()
			if werr := upstream.write(t.bytes); werr == nil && err == nil && !t.ends {
				continue
			}
			d.mu.Lock()
		}
		if t.ends && err == nil {
			err = io.EOF
		}
		upstream := c.upstream
		d.mu.Unlock()
		return c.interrupt(upstream, done, err)
	}
}

// conversed ends a conversation that the server's side has ended. The client's
// next words, if any, are in the buffer.
func (c *client) conversed(err error) error {
	lost := c.duplexed.err
	if lost == nil {
		return err
	}
	c.duplexed.err = nil
	_ = c.socket.SetReadDeadline(time.Time{}) // it was woken
	if c.back.lost {
		return c.lostServer(lost)
	}
	return lost
}

// interrupt ends the other goroutine, since the client has gone (err says how)
// or the server can't be written to.
func (c *client) interrupt(upstream *socket, done chan struct{}, err error) error {
	if upstream != nil {
		_ = upstream.SetReadDeadline(time.Now()) // a closed socket is read to its end as well
	}
	<-done
	lost := c.duplexed.err
	c.duplexed.on, c.duplexed.err = false, nil
	if c.upstream != nil {
		_ = c.upstream.SetReadDeadline(time.Time{})
	}
	if err == nil {
		return c.lostServer(lost)
	}
	return err
}

// relayAnswers is the other goroutine.
func (c *client) relayAnswers() {
	d, a := &c.duplexed, &c.back
	for {
		n, err := c.upstream.read(a.room())
		d.mu.Lock()
		var out []byte
		if errors.Is(err, os.ErrDeadlineExceeded) {
			d.on = false // interrupted
			d.mu.Unlock()
			return
		}
		if err != nil {
			a.lost, c.broken = true, true
		} else {
			a.w += n
			out, err = c.relay()
		}
		if err == nil && a.lost {
			err = errGoodbye
		}
		if err == nil && c.core.settled() && a.r == a.w && !c.core.pin.listens {
			d.on = false
			if c.core.free() {
				c.giveBack()
			}
		}
		if err != nil {
			d.on, d.err = false, err
		}
		on := d.on
		d.mu.Unlock()
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
