package gateway

import (
	"encoding/binary"
	"fmt"
	"io"
)

// turn is what can be forwarded of what the client has sent.
type turn struct {
	bytes []byte // as they go to the server
	holds bool   // the next message waits for answers of the server
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
		c.spoke = c.spoke || c.skipping == 0
	}
	from := c.r
	if c.passing > 0 {
		n := min(c.passing, c.w-c.r)
		c.passing -= n
		c.r += n
		c.spoke = c.spoke || c.passing == 0
	}
	for c.r < c.w && !t.ends && t.ready == 0 {
		m, ok, bad := frame(c.in[c.r:c.w], c.server.config.MaxMessage)
		if bad {
			f = impossible(c.in[c.r:c.w])
			break
		}
		if t.holds = ok && c.core.holds(m.typ); t.holds || !ok || m.missing > 0 && !c.passable(m) {
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
		case check:
			c.out = append(append(append(c.out, c.in[from:c.r]...), c.core.parse...), describeUnnamed...)
			from = c.r
			continue // it is held now
		case refuse, drop, ready, end:
			c.out = append(c.out, c.in[from:c.r]...)
			from = c.r + len(m.raw)
			if v == refuse {
				c.out = append(c.out, c.core.refusal(m)...)
			}
			t.ready += b2i(v == ready)
			t.ends = v == end
			c.skipping = m.missing
		}
		c.r += len(m.raw)
		c.spoke = c.spoke || m.missing == 0
	}
	if t.holds && c.core.mustFlush() {
		c.out = append(append(c.out, c.in[from:c.r]...), flushMessage...)
		from = c.r
	}
	t.bytes = c.in[from:c.r]
	if len(c.out) > 0 {
		c.out = append(c.out, t.bytes...)
		t.bytes = c.out
	}
	return t, f
}

var (
	flushMessage    = appendMessage(nil, msgFlush)
	describeUnnamed = appendMessage(nil, msgDescribe, []byte{'S', 0})
)

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// passable says whether a message may be forwarded before it is there whole:
// when it fills the buffer, so that as much of it as can be is looked at, and
// when nothing keeps the server from reading the rest.
func (c *client) passable(m message) bool {
	if len(m.raw) < bufferSize {
		return m.typ == msgCopyData && c.core.copyIn && len(m.raw)+m.missing > bufferSize
	}
	return c.core.replies.n == 0 || c.duplexed.on
}

// impossible says what is wrong with the length of the message that b begins with.
func impossible(b []byte) *failure {
	n := int32(binary.BigEndian.Uint32(b[1:]))
	if n < 4 {
		return violation("a message of length %d", n)
	}
	return &failure{fatal: true, code: "54000", message: "a message is longer than allowed", detail: fmt.Sprintf("It has %d bytes.", n),
		hint: "The gateway's max_message says how long a message may be."}
}

// exchange forwards a turn and relays the answers to it. more says that the rest
// of the next message is needed first.
func (c *client) exchange() (more bool, err error) {
	start := c.r
	between := c.core.settled() && c.passing == 0
	c.retain()
	t, f := c.take()
	more = c.r == start && !t.holds
	if len(t.bytes) > 0 || t.holds {
		if err := c.send(t, start, between); err != nil {
			return false, err
		}
	}
	if f != nil {
		return false, f
	}
	for range t.ready {
		if err := c.socket.write(appendReady(nil, c.core.tx)); err != nil {
			return false, err
		}
	}
	if t.ends {
		return false, io.EOF
	}
	return more, nil
}

// send forwards a turn, to a backend that is leased for it if need be, and
// relays the answers. between says that nothing else is under way.
func (c *client) send(t turn, start int, between bool) error {
	fresh := c.upstream == nil || c.unused && !c.stillThere()
	c.countPin()
	c.waiting.Store(c.server.ticks.Load())
	defer c.waiting.Store(0)
	for try := 1; ; try++ {
		if c.upstream == nil {
			if f := c.borrow(); f != nil {
				return c.refuse(f)
			}
		}
		out := t.bytes
		if between {
			if first := c.adopt(); first != nil {
				out = append(first, t.bytes...)
			}
		}
		c.back.begin(fresh && try <= c.repeats && c.repeatable(start))
		c.sent = c.server.ticks.Load()
		err := c.upstream.write(out)
		c.heldUp(c.upstream)
		if err != nil {
			c.back.lost, c.broken = true, true
		}
		for err == nil && c.passing == 0 && (c.core.inTurns() || c.waits(t) || c.trailing()) {
			err = c.answer()
		}
		if c.back.lost {
			if c.repeat(start) {
				t, _ = c.take() // as before
				continue
			}
			err = c.lostServer(err)
		} else if err == nil && c.upstream != nil && (c.core.copyIn || c.passing == 0 && (c.core.open || c.core.pin.listens)) {
			err = c.converse()
		}
		c.back.end()
		return err
	}
}

// waits says that the message after a turn still waits for answers of the server.
func (c *client) waits(t turn) bool {
	return t.holds && c.upstream != nil && c.core.holds(c.in[c.r])
}

// refuse tells the client why its request has no answer. Its session goes on.
func (c *client) refuse(f *failure) error {
	if c.passing > 0 {
		c.skipping, c.passing = c.passing, 0
	}
	out := c.core.fails(nil, f, false)
	c.core.failed()
	if f == errShutdown {
		return f
	}
	return c.socket.write(out)
}
