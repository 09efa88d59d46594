package gateway

import "encoding/binary"

// core is the protocol state of one client, from its login on. It does no I/O:
// it is told what the client sends and what the server answers, message by
// message, and says what is to be done with each.
//
// replies lists what the server owes, an entry for each request that was sent, in
// order. An error in the extended protocol takes out all up to the next Sync. A backend
// may go back when nothing is owed, no extended batch is open, no COPY runs and the
// server is outside a transaction.
type core struct {
	session bool              // named statements and the like are the backend's own: nothing is refused
	reports map[string]string // the settings that the server reports, by its spelling
	asked   map[string]string // others that the client asked for when it connected

	replies replies
	open    bool // extended messages were sent since the last Sync
	flushed bool // and a Flush after the last of them
	ignored bool // one of them failed: the server skips all until the Sync
	full    bool // so much is owed that the client waits until half of it is there
	tx      byte // of the last ReadyForQuery: I, T or E
	copying
	statements

	skip  bool   // the client was told of an error: nothing is done until its Sync
	pin   pin    // why the client must keep its backend, zero if it need not
	blind bool   // of a statement's text only the beginning was seen
	found resets // in the text that was looked at last
	ahead int    // how far may be looked ahead in it: see [localConfig]

	resets resets // what the batch that is open puts back, or the last request
	reset  bool   // a command that may be one of them is complete
	spoilt bool   // one has failed
	ended  resets // the same before the last ReadyForQuery
	undone bool   // but none of it is put back: it failed
}

// verdict is what is to be done with a message.
type verdict uint8

const (
	forward verdict = iota
	drop            // say nothing of it to the other side
	prepend         // forward core.parse, then the message
	check           // forward core.parse and ask for its shape; the message waits
	refuse          // forward a message that fails instead
	ready           // answer with ReadyForQuerys instead
	end             // the client says goodbye
)

// failed says that the client was told of an error in the place of the answers
// that it is due. No backend is leased.
func (c *core) failed() {
	c.skip = c.open
	c.replies.clear()
	c.forget()
	c.open, c.flushed, c.ignored, c.full, c.blind, c.tx = false, false, false, false, false, 'I'
	c.copying, c.resets, c.ended, c.reset, c.spoilt = copying{}, resets{}, resets{}, false, false
}

// returned says that the next backend will know nothing of the client.
func (c *core) returned() {
	c.statements.returned()
	c.blind = false
}

// holds says whether a message of the client has to wait for answers of the server:
// for room, since too much is owed; for the last request, which puts settings back, and
// what the client connected with is to be set before the next; or to learn what the
// message means.
func (c *core) holds(typ byte) bool {
	if c.skip || c.settled() {
		return false
	}
	if c.full = c.replies.n >= maxOwed || c.full && c.replies.n > maxOwed/2; c.full {
		return true
	}
	switch {
	case c.probe != noProbe, c.checking, c.syncs > 0 && !c.copyIn:
		return true
	case !c.open && c.replies.n > 0 && c.resets.any():
		return true
	}
	switch typ {
	case msgCopyData, msgCopyDone, msgCopyFail:
		return !c.copyIn && c.replies.n > 0
	case msgBind, msgDescribe:
		return !c.session && c.unconfirmed() && !c.stated
	}
	return false
}

// request decides about a message of the client. Of a long one only the
// beginning need be there.
func (c *core) request(m message) (verdict, *failure) {
	if c.skip && m.typ != msgTerminate {
		if m.typ != msgSync {
			return drop, nil
		}
		c.skip = false
		return ready, nil
	}
	switch m.typ {
	case msgCopyData, msgCopyDone, msgCopyFail:
		return c.copyMessage(m.typ), nil
	case msgTerminate:
		return end, nil
	case msgFlush:
		if c.settled() || c.ignored {
			return drop, nil // there is nothing to flush, and nobody would answer
		}
		c.flushed = true
		return forward, nil
	case msgSync:
		if c.copyIn {
			c.syncs++
			return forward, nil
		}
		c.ignored = false
		c.owe(expect{request: msgSync})
		return forward, nil
	}
	if c.copyIn {
		return drop, violation("message type %q in the middle of a COPY", m.typ)
	}
	switch m.typ {
	case msgQuery, msgFunction, msgParse, msgBind, msgDescribe, msgClose, msgExecute:
		if c.ignored {
			return drop, nil // the server would skip it
		}
	}
	switch m.typ {
	case msgQuery:
		c.look(m.body(), m.missing > 0)
		c.resets.merge(c.found)
		e := expect{request: msgQuery}
		if c.parse != nil || c.there || c.unkept { // a simple query destroys the unnamed statement
			c.statement = statement{}
			c.changes(&e)
		}
		c.owe(e)
		return forward, nil
	case msgFunction:
		if body := m.body(); len(body) >= 4 {
			c.calls(binary.BigEndian.Uint32(body))
		}
		c.owe(expect{request: msgFunction})
		return forward, nil
	case msgParse:
		return c.parseMessage(m)
	case msgBind:
		_, rest, ok := cstring(m.body())
		if !ok && m.missing == 0 {
			return drop, violation("Bind without a portal name")
		}
		return c.uses(rest, expect{request: msgBind}), nil
	case msgDescribe:
		if body := m.body(); len(body) > 1 && body[0] == 'S' {
			return c.uses(body[1:], expect{request: msgDescribe}), nil
		}
	case msgClose:
		if body := m.body(); len(body) > 1 && body[0] == 'S' && body[1] == 0 {
			e := expect{request: msgClose}
			c.statement = statement{}
			c.changes(&e)
			c.extended(e)
			return forward, nil
		}
	case msgExecute:
	default:
		return drop, violation("unexpected message type %q", m.typ)
	}
	c.extended(expect{request: m.typ})
	return forward, nil
}

// owe notes a request that the server will answer with a ReadyForQuery.
func (c *core) owe(e expect) {
	c.replies.push(e)
	c.open, c.stated = false, false
	if !c.resets.any() {
		c.resets = resets{}
	}
}

// extended notes a request of the extended protocol.
func (c *core) extended(e expect) {
	c.replies.push(e)
	c.open, c.flushed = true, false
}

// parseMessage keeps an unnamed statement for a later transaction, and refuses
// a named one where the next transaction may meet another backend.
func (c *core) parseMessage(m message) (verdict, *failure) {
	name, rest, ok := cstring(m.body())
	if !ok {
		return drop, violation("Parse without a statement name")
	}
	c.look(rest, m.missing > 0)
	e := expect{request: msgParse}
	if len(name) > 0 {
		c.extended(e)
		if c.session || c.pin.why != "" {
			return forward, nil
		}
		return refuse, nil
	}
	c.statement = statement{there: true, unkept: !c.session, resets: c.found}
	if m.missing == 0 && len(m.raw) <= maxStatement {
		c.unkept = false
		if !c.session {
			c.parse = append([]byte(nil), m.raw...)
		}
	}
	c.changes(&e)
	c.extended(e)
	return forward, nil
}

// uses decides about a message that names a statement first in rest.
func (c *core) uses(rest []byte, e expect) (v verdict) {
	unnamed := len(rest) > 0 && rest[0] == 0
	switch {
	case !unnamed, c.session, c.there && !c.changed:
		v = forward // named, or there: the server says what is wrong with it
	case c.changed, c.parse == nil:
		v = refuse // what the backend has may be another client's
	case c.shape != 0:
		c.prepare()
		c.checking = true
		c.extended(expect{request: msgDescribe, ours: true, shape: true})
		return check
	default:
		c.prepare()
		v = prepend
	}
	if unnamed && v != refuse {
		e.shape = e.request == msgDescribe
		if e.request == msgBind {
			c.unkept = false
			c.resets.merge(c.statement.resets)
		}
	}
	c.extended(e)
	return v
}

// prepare notes that the unnamed statement is parsed again, on the leased backend.
func (c *core) prepare() {
	e := expect{request: msgParse, ours: true}
	c.there = true
	c.changes(&e)
	c.extended(e)
}

// settled says that the server has answered everything, so that the turn is the client's.
func (c *core) settled() bool {
	return c.replies.n == 0 && !c.open && !c.copyIn && c.probe == noProbe
}

// free says that the backend may serve somebody else.
func (c *core) free() bool { return c.settled() && c.tx == 'I' && !c.unkept }

// idle says that the client may be told to go.
func (c *core) idle() bool { return c.settled() && c.tx == 'I' }

// inTurns says that the server's answers end with a ReadyForQuery that is due,
// so that one side can be served after the other.
func (c *core) inTurns() bool {
	return c.replies.n > 0 && !c.open && !c.copyIn || c.probe != noProbe
}

// mustFlush says that the server may keep answers back which a message is held for, and notes that
// it is told not to.
func (c *core) mustFlush() bool {
	if !c.open || c.flushed || c.ignored {
		return false
	}
	c.flushed = true
	return true
}

// conclude is what brings the server to its last ReadyForQuery when the client is gone.
func (c *core) conclude() (out []byte) {
	if c.copyIn {
		c.copyIn = false
		out = appendMessage(out, msgCopyFail, []byte("the client went away\x00"))
	}
	if c.open {
		c.ignored = false
		c.owe(expect{request: msgSync})
		out = appendMessage(out, msgSync)
	}
	return out
}
