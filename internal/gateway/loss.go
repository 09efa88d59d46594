package gateway

import (
	"errors"
	"io"
	"os"
)

// repeatable says whether the turn that begins at start may be sent to a second
// backend when the first is lost before it answered: all of it is still there,
// it is one request, and all that it does is read, or begin a transaction.
func (c *client) repeatable(start int) bool {
	r := &c.core.replies
	if start == c.r || r.n == 0 || c.core.open || c.core.copyIn || c.passing > 0 || c.keeps() {
		return false
	}
	readies := 0
	for i := range r.n {
		e := r.at(i)
		if e.ours && e.request != msgQuery || e.request == msgQuery && i > 0 && !r.at(i-1).ours {
			return false
		}
		readies += b2i(e.readies() && !e.ours)
	}
	if readies != 1 {
		return false
	}
	for at := start; at < c.r; {
		m, ok, bad := frame(c.in[at:c.r], c.server.config.MaxMessage)
		if !ok || bad || m.missing > 0 {
			return false
		}
		switch m.typ {
		case msgQuery:
			if !onlyReads(m.body()) {
				return false
			}
		case msgParse:
			_, text, ok := cstring(m.body())
			if !ok || !onlyReads(text) {
				return false
			}
		case msgFunction:
			return false
		}
		at += len(m.raw)
	}
	return true
}

// retain notes what the state machine knows before a turn that may be sent a second time.
func (c *client) retain() {
	if c.upstream == nil {
		c.retained = c.core.statements
	}
}

// late says that the turn under way has run for more than a second or two. Then it
// was not lost with an idle backend: maybe somebody has ended it on purpose.
func (c *client) late() bool { return c.server.ticks.Load()-c.sent > 1 }

// repeat prepares to take the turn that begins at start once more, for another backend, if it may be
// sent again.
func (c *client) repeat(start int) bool {
	if !c.back.repeatable || c.back.relayed {
		return false
	}
	c.broken = true
	c.release()
	c.core.failed()
	c.core.skip, c.core.statements = false, c.retained
	c.r = start
	c.server.counters.replays.Add(1)
	return true
}

// lostServer tells a client that its backend is gone. Its session goes on if it
// does not live and die with that backend, and if the client's side of the
// stream stands between two messages.
func (c *client) lostServer(err error) error {
	var toClient clientError
	if errors.As(err, &toClient) {
		return err
	}
	a := &c.back
	if c.keeps() && a.fatal {
		return io.EOF // it has heard
	}
	f := serverLost(reason(err))
	if c.keeps() || a.passing > 0 {
		return f.ended()
	}
	out := c.core.fails(nil, f, a.fatal || c.core.ignored)
	c.broken = true
	c.release()
	if c.passing > 0 {
		c.skipping, c.passing = c.passing, 0
	}
	c.core.failed()
	return c.socket.write(out)
}

// fails answers all that is due with an error. told says that the client has
// heard of the first already.
func (c *core) fails(out []byte, f *failure, told bool) []byte {
	for i := range c.replies.n {
		if e := c.replies.at(i); e.ours || !e.readies() {
			continue
		}
		if !told {
			out = f.append(out)
		}
		out = appendReady(out, 'I')
		told = false
	}
	if c.open && !told || c.replies.readies == 0 && !told {
		out = f.append(out)
	}
	return out
}

func reason(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("it closed the connection without a word")
	}
	return err
}
