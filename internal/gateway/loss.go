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
	if len(c.core.due) == 0 || len(c.core.due) > 2 || c.core.open || c.core.copyIn || c.passing > 0 || c.keeps() {
		return false
	}
	if len(c.core.due) == 2 && !c.core.due[0].ours {
		return false
	}
	if last := c.core.due[len(c.core.due)-1]; last.swallow > 0 || last.request != msgSync && last.asked > 0 {
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

// retained is what the state machine knew before a turn was answered.
type retained struct {
	statement statement
	due       due
}

func (c *client) retains() {
	if c.back.repeatable {
		c.retained = retained{c.core.statement, c.core.due[len(c.core.due)-1]}
	}
}

// late says that the turn under way has run for more than a second or two. Then it
// was not lost with an idle backend: maybe somebody has ended it on purpose.
func (c *client) late() bool { return c.server.ticks.Load()-c.sent > 1 }

// repeat prepares to send the turn to another backend, if it may be sent again.
func (c *client) repeat() bool {
	if !c.back.repeatable || c.back.relayed {
		return false
	}
	c.broken = true
	c.release()
	c.core.statement = c.retained.statement
	c.core.due = append(c.core.due[:0], c.retained.due)
	c.core.open, c.core.ignored, c.core.tx = false, false, 'I'
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
	for _, d := range c.due {
		if d.ours {
			continue
		}
		if !told {
			out = f.append(out)
		}
		out = appendReady(out, 'I')
		told = false
	}
	if c.open && !told || len(c.due) == 0 && !told {
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
