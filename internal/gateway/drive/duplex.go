package drive

import (
	"errors"
	"sync"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/sockets"
)

// duplex is the state of a client both of whose directions are open at once. While it is on, the machine is under mu.
// No network call is made under it.
type duplex struct {
	mu   sync.Mutex
	on   bool
	busy bool  // the client's goroutine writes to the server, or ends the conversation: the backend stays leased
	err  error // what ended the client, as the other goroutine has found

	left     protocol.Output // what becomes of the backend, where the other goroutine found it busy
	question []byte          // what is to be sent to the server, where it did
}

// converse relays both directions until the server has answered everything, or one side has to wait. This goroutine
// reads from the client, another from the server. What there is to do then is the machine's output.
func (c *Client) converse() error {
	c.duplex.on = true
	upstream, done := c.tenant.Socket(), make(chan struct{})
	go func() {
		defer close(done)
		defer c.surviveRelaying()
		c.relay(upstream)
	}()
	ended := false
	defer func() {
		if !ended {
			c.abort(upstream)
			<-done
		}
	}()
	c.waiting.Store(0) // the client is read from: if it goes, that shows
	out, err := c.speak(upstream)
	if c.duplex.busy { // the other goroutine has not ended by itself
		c.tenant.Interrupt(upstream)
	}
	<-done
	ended = true
	return c.conversed(upstream, out, err)
}

// abort ends the other goroutine, since this one has met a bug.
func (c *Client) abort(upstream *sockets.Socket) {
	d := &c.duplex
	d.mu.Lock()
	on := d.on
	d.busy = true // or it could give the backend away
	d.mu.Unlock()
	_ = c.socket.Close()
	if on {
		c.tenant.Interrupt(upstream)
	}
}

// speak passes on what the client sends for as long as the conversation goes on: see [Client.sayOn].
func (c *Client) speak(upstream *sockets.Socket) (out protocol.Output, err error) {
	for unread := len(c.request.unread()); ; {
		if unread == 0 {
			err = c.fill()
		}
		before, goesOn := len(c.request.unread()), false
		if out, goesOn, err = c.sayOn(upstream, err); !goesOn {
			return out, err
		}
		if unread = len(c.request.unread()); unread == before {
			unread = 0 // it is not there whole
		}
	}
}

// sayOn passes on what the client has sent, while the conversation goes on: err is how reading it has ended. out is
// what is still to be done when it does not go on, and err what has ended it, if anything has.
func (c *Client) sayOn(upstream *sockets.Socket, err error) (out protocol.Output, goesOn bool, _ error) {
	out, goesOn = c.say(err)
	if !goesOn {
		return out, false, err
	}
	for b := out.ToServer; len(b) > 0; b = c.said(upstream.Waited()) {
		c.waiting.Store(c.shared.ticks.Load()) // meanwhile nobody reads from the client
		err = upstream.WriteAll(b)
		c.waiting.Store(0)
		if err != nil {
			return protocol.Output{}, false, lostServer{err}
		}
	}
	return out, c.goOn(&out), nil
}

// say tells the machine what the client has sent, and returns what it makes of that. The backend is busy from then on.
// goesOn is false where the conversation has ended, or is to be: the client has.
func (c *Client) say(err error) (out protocol.Output, goesOn bool) {
	d := &c.duplex
	d.mu.Lock()
	defer d.mu.Unlock() // after a panic as well: the other goroutine would wait for ever
	if !d.on {
		return protocol.Output{}, false
	}
	d.busy = true
	if err != nil {
		return protocol.Output{}, false
	}
	c.configure()
	c.request.use(c.machine.FromClient(c.request.unread()))
	c.countPin()
	return *c.machine.Output(), true
}

// said notes that something was written to the server, which has made the client wait or not, and returns what is to be
// written after it.
func (c *Client) said(waited bool) (question []byte) {
	d := &c.duplex
	d.mu.Lock()
	defer d.mu.Unlock()
	if waited {
		c.machine.HeldUp()
	}
	question, d.question = d.question, nil
	return question
}

// goOn says whether the conversation goes on after out. The backend is busy no more then.
func (c *Client) goOn(out *protocol.Output) bool {
	d := &c.duplex
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.on || out.Turn != protocol.Both || len(out.ToClient) > 0 || len(d.question) > 0 {
		return false
	}
	d.busy = false
	return true
}

// lostServer is a failure to write to the server.
type lostServer struct{ error }

// conversed ends a conversation, when the other goroutine has ended.
func (c *Client) conversed(upstream *sockets.Socket, out protocol.Output, err error) error {
	d := &c.duplex
	d.on, d.busy = false, false
	if c.tenant.HasLease() {
		c.tenant.Interrupted(upstream) // before anybody else reads from the backend
	}
	c.release(&d.left)
	ended, question := d.err, d.question
	d.err, d.left, d.question = nil, protocol.Output{}, nil
	var lost lostServer
	switch {
	case errors.As(err, &lost):
		err = nil
	case len(question) > 0 && c.tenant.HasLease(): // even if the client has gone: the machine expects the answer
		lost.error = c.toServer(question)
	}
	switch {
	case ended != nil:
		_ = c.unlimit() // it was woken; this fails only on a closed socket
		return ended
	case err != nil:
		return err
	case out.Want == protocol.End:
		return ending(&out)
	}
	if err := c.socket.WriteAll(out.ToClient); err != nil {
		return err
	}
	if lost.error != nil && c.tenant.HasLease() { // else the other goroutine has found so too
		c.machine.ServerLost(reason(lost.error))
	} else {
		c.machine.Resume()
	}
	return nil
}
