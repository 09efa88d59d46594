package gateway

import (
	"io"
)

// turn is what can be forwarded of what the client has sent.
type turn struct {
	bytes []byte // as they go to the server
	ready int    // ReadyForQuerys to answer with, without a server
	ends  bool   // the client says goodbye after it
}

// take looks at what the client has sent and says what is to be forwarded. It
// stops before a message that is not there whole, unless that is too long for
// the buffer, and then only if no answer is due before.
func (c *client) take() (t turn, f *failure) {
	c.out = c.out[:0]
	if c.skipping > 0 {
		n := min(c.skipping, c.w-c.r)
		c.skipping -= n
		c.r += n
	}
	from := c.r
	if c.passing > 0 {
		n := min(c.passing, c.w-c.r)
		c.passing -= n
		c.r += n
	}
	for c.r < c.w && f == nil && !t.ends {
		m, ok, bad := frame(c.in[c.r:c.w], c.server.config.MaxMessage)
		if bad {
			f = c.impossible(m)
			break
		}
		if !ok || m.missing > 0 && !c.passable(m) {
			break
		}
		var v verdict
		if v, f = c.core.request(m); f != nil {
			break
		}
		switch v {
		case forward:
			c.passing = m.missing
		case prepend:
			c.out = append(append(c.out, c.in[from:c.r]...), c.core.parse...)
			from = c.r
			c.passing = m.missing
		case replace, drop, ready, end:
			c.out = append(c.out, c.in[from:c.r]...)
			from = c.r + len(m.raw)
			if v == replace {
				c.out = append(c.out, refusal...)
			}
			t.ready += b2i(v == ready)
			t.ends = v == end
			c.skipping = m.missing
		}
		c.r += len(m.raw)
	}
	t.bytes = c.in[from:c.r]
	if len(c.out) > 0 {
		c.out = append(c.out, t.bytes...)
		t.bytes = c.out
	}
	return t, f
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// passable says whether a message may be forwarded before it is there whole.
func (c *client) passable(m message) bool {
	if len(m.raw)+m.missing <= bufferSize {
		return false
	}
	// Make the most of the buffer before a long message is looked at.
	return c.core.copyIn || len(c.core.due) == 0 && (c.r == 0 || c.w < bufferSize)
}

func (c *client) impossible(message) *failure {
	return &failure{fatal: true, code: "54000", message: "a message is longer than allowed, or its length is impossible",
		hint: "The gateway's max_message says how long a message may be."}
}

// exchange forwards a turn and relays the answers to it. more says that the rest
// of the next message is needed first.
func (c *client) exchange() (more bool, err error) {
	start := c.r
	t, f := c.take()
	more = c.r == start
	if len(t.bytes) > 0 {
		if err := c.send(t, start); err != nil {
			return false, err
		}
	}
	if f != nil {
		return false, f
	}
	for range t.ready {
		if err := c.socket.write(appendReady(nil, 'I')); err != nil {
			return false, err
		}
	}
	if t.ends {
		return false, io.EOF
	}
	return more, nil
}

// send forwards a turn, to a backend that is leased for it if need be, and
// relays the answers.
func (c *client) send(t turn, start int) error {
	fresh := c.upstream == nil
	c.waiting.Store(c.server.ticks.Load())
	defer c.waiting.Store(0)
	for try := 1; ; try++ {
		if c.upstream == nil {
			if f := c.borrow(); f != nil {
				return c.refuse(f)
			}
		}
		out := t.bytes
		if fresh {
			if first := c.adopt(); first != nil {
				out = append(first, t.bytes...)
			}
		}
		c.back.begin(fresh && try <= 3 && c.repeatable(start))
		err := c.upstream.write(out)
		if err != nil {
			c.back.lost, c.broken = true, true
		}
		for err == nil && c.core.inTurns() {
			err = c.answer()
		}
		if c.back.lost {
			if c.repeat() {
				continue
			}
			err = c.lostServer(err)
		} else if err == nil && !c.core.settled() && (c.core.copyIn || c.core.open && c.passing == 0) {
			err = c.converse()
		}
		c.back.end()
		return err
	}
}

// refuse tells the client why its request has no answer. Its session goes on.
func (c *client) refuse(f *failure) error {
	if c.passing > 0 {
		c.skipping, c.passing = c.passing, 0
	}
	out := f.append(nil)
	for range c.core.due {
		out = appendReady(out, 'I')
	}
	c.core.failed()
	if f == errShutdown {
		return f
	}
	return c.socket.write(out)
}
