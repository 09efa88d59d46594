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
	if len(c.core.due) == 0 || len(c.core.due) > 2 || c.core.open || c.core.copyIn || c.passing > 0 || c.keeps() || c.core.swallow > 0 {
		return false
	}
	if len(c.core.due) == 2 && !c.core.due[0].ours {
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

// onlyReads says whether the text is one statement that changes nothing by itself.
func onlyReads(sql []byte) bool {
	if text, _, ok := cstring(sql); ok {
		sql = text
	}
	w := words{text: sql}
	first, ok := w.next()
	if !ok || !is(first, "select") && !is(first, "show") && !is(first, "values") && !is(first, "table") && !is(first, "begin") && !is(first, "start") {
		return false
	}
	for word, ok := w.next(); ok; word, ok = w.next() {
		if word[0] == ';' {
			_, more := w.next()
			return !more
		}
	}
	return true
}

// repeat prepares to send the turn to another backend, if it may be sent again.
func (c *client) repeat() bool {
	if !c.back.repeatable || c.back.relayed {
		return false
	}
	c.broken = true
	c.release()
	last := c.core.due[len(c.core.due)-1]
	c.core.due = append(c.core.due[:0], last)
	c.core.tx = 'I'
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
	var out []byte
	if !a.fatal {
		out = f.append(out)
	}
	for i, d := range c.core.due {
		if d.ours {
			continue
		}
		if i > 0 && !c.core.due[i-1].ours {
			out = f.append(out)
		}
		out = appendReady(out, 'I')
	}
	c.broken = true
	c.release()
	if c.passing > 0 {
		c.skipping, c.passing = c.passing, 0
	}
	c.core.failed()
	return c.socket.write(out)
}

func reason(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("it closed the connection without a word")
	}
	return err
}
