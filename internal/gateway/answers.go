package gateway

import (
	"bytes"
	"errors"
	"net"
)

// answers is what comes back from a server during a turn.
type answers struct {
	buf        *buffer
	r, w       int    // what was read and not yet looked at is buf[r:w]: a message that is not there whole
	out        []byte // what goes to the client instead, where the server's bytes can't as they are
	passing    int    // bytes of a long message that are still to be relayed as they come
	drops      bool   // ... or not
	relayed    bool   // something went to the client
	repeatable bool   // the turn may be sent again if the server is lost before that
	lost       bool   // the server is gone, and owes the client something
	fatal      bool   // ... and has told the client so itself
}

func (a *answers) begin(repeatable bool) {
	if a.buf == nil {
		a.buf = buffers.Get().(*buffer)
	}
	a.relayed, a.repeatable, a.lost, a.fatal = false, repeatable, false, false
}

// end gives the buffer back, unless a message is in it that is not there whole.
func (a *answers) end() {
	if a.buf != nil && a.r == a.w {
		buffers.Put(a.buf)
		a.buf = nil
	}
}

// room is where the next read goes, behind what is left of the last.
func (a *answers) room() []byte {
	if a.r > 0 {
		a.w = copy(a.buf[:], a.buf[a.r:a.w])
		a.r = 0
	}
	return a.buf[a.w:]
}

// answer reads once what the server sends and relays it. When that frees the
// backend it is given back before the client is written to.
func (c *client) answer() error {
	a := &c.back
	if err := c.inquire(); err != nil {
		a.lost, c.broken = true, true
		return err
	}
	n, err := c.upstream.read(a.room())
	a.repeatable = a.repeatable && !c.late()
	if err != nil {
		a.lost, c.broken = true, true
		return err
	}
	a.w += n
	out, err := c.relay()
	if err != nil {
		return err
	}
	if a.lost && a.repeatable && !a.relayed {
		return errGoodbye
	}
	if c.gone.Load() && !c.duplexed.silent {
		return clientError{net.ErrClosed}
	}
	if c.core.free() && c.passing == 0 && (a.r == a.w || c.broken) && !c.duplexed.silent {
		c.giveBack()
	}
	if len(out) > 0 && !c.duplexed.silent {
		a.relayed = true
		if err := c.socket.write(out); err != nil {
			return clientError{err}
		}
	}
	if a.lost {
		return errGoodbye
	}
	return nil
}

// inquire sends what the state machine has to ask the server.
func (c *client) inquire() error { return c.upstream.write(c.core.asks()) }

// trailing says that the server has begun to say more than it was asked.
func (c *client) trailing() bool {
	return c.upstream != nil && !c.broken && c.core.settled() && c.back.r < c.back.w
}

// clientError is a failure to write to the client.
type clientError struct{ error }

var errGoodbye = errors.New("the server said goodbye")

// relay looks at what the server has sent and returns what goes to the client.
func (c *client) relay() ([]byte, error) {
	a := &c.back
	buf := a.buf[a.r:a.w]
	a.out = a.out[:0]
	from, at := 0, 0
	if a.passing > 0 {
		at = min(a.passing, len(buf))
		a.passing -= at
		if a.drops {
			from = at
		}
	}
	for at < len(buf) && !c.broken {
		m, ok, bad := frame(buf[at:], 1<<30)
		if bad {
			c.broken = true
			return nil, broken("a message of an impossible length")
		}
		if !ok || m.missing > 0 && (len(m.raw)+m.missing <= len(a.buf) || mustBeWhole(m.typ) && at > 0) {
			break
		}
		v, f := c.core.reply(m)
		if f != nil {
			c.broken = true
			return nil, f
		}
		if m.typ == msgError && m.missing == 0 && bytes.Contains(m.body(), []byte("\x00C25006\x00")) {
			c.pool.WriteRefused()
		}
		switch {
		case m.typ == msgParameterStatus && m.missing == 0:
			if c.reported(m.body(), v == forward) {
				v = drop
			}
		case m.typ == msgReady && v == forward && c.core.ended.any():
			a.out = c.putBack(append(a.out, buf[from:at]...))
			from = at
		case m.typ == msgError && c.leaves(m):
			c.broken, c.farewell = true, "the server said: "+errorText(m.body())
			if c.core.settled() && !c.keeps() {
				v = drop // of no concern to the client: all that it asked is answered
			} else {
				a.lost, a.fatal = true, v == forward
			}
		}
		if v != forward {
			a.out = append(a.out, buf[from:at]...)
			from = at + len(m.raw)
			switch v {
			case refuse:
				a.out = refusedAs(m.body()).append(a.out)
			case ready:
				n := c.core.accounted()
				if c.core.ended.any() {
					a.out = c.putBack(a.out)
				}
				for range n {
					a.out = appendReady(a.out, c.core.tx)
				}
			}
		}
		at += len(m.raw)
		a.passing, a.drops = m.missing, v != forward
	}
	out := buf[from:at]
	if len(a.out) > 0 {
		a.out = append(a.out, out...)
		out = a.out
	}
	a.r += at
	return out, nil
}

// mustBeWhole are the messages that are looked into.
func mustBeWhole(typ byte) bool {
	switch typ {
	case msgReady, msgError, msgCommandComplete, msgParameterStatus:
		return true
	}
	return false
}

// leaves says whether an ErrorResponse is the server's last word. For a client
// whose session outlives the backend it becomes an error like any other, in
// place: FATAL, PANIC and ERROR are equally long.
func (c *client) leaves(m message) bool {
	body := m.body()
	if m.missing > 0 || !goodbye(body) {
		return false
	}
	if c.keeps() {
		return true
	}
	for at := 0; at < len(body) && body[at] != 0; {
		value, _, ok := cstring(body[at+1:])
		if !ok {
			break
		}
		if (body[at] == 'S' || body[at] == 'V') && (string(value) == "FATAL" || string(value) == "PANIC") {
			copy(value, "ERROR")
		}
		at += 1 + len(value) + 1
	}
	return true
}

// goodbye says whether an error ends the server's connection.
func goodbye(body []byte) bool {
	return bytes.Contains(body, []byte("\x00VFATAL\x00")) || bytes.Contains(body, []byte("\x00VPANIC\x00")) || bytes.HasPrefix(body, []byte("VFATAL\x00"))
}

// keeps says whether the client's session lives and dies with its backend.
func (c *client) keeps() bool { return c.core.session || c.core.pin.why != "" }

// errorText is the message of an ErrorResponse.
func errorText(body []byte) string {
	for len(body) > 0 && body[0] != 0 {
		value, rest, ok := cstring(body[1:])
		if !ok {
			return ""
		}
		if body[0] == 'M' {
			return string(value)
		}
		body = rest
	}
	return ""
}
