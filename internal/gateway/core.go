package gateway

import "bytes"

// core is the protocol state of one client, from its login on. It does no I/O:
// it is told what the client sends and what the server answers, message by
// message, and says what is to be done with each.
//
// Every Query, FunctionCall and Sync that is forwarded is due one ReadyForQuery;
// due lists them, in order. A backend may go back when nothing is due, no
// extended batch is open, no COPY runs and the server is outside a transaction.
type core struct {
	session bool // named statements and the like are the backend's own: nothing is refused

	due    []due
	open   bool // extended messages were forwarded since the last Sync
	flush  bool // among them a Flush: answers are wanted now
	copyIn bool // the server reads COPY data
	tx     byte // of the last ReadyForQuery: I, T or E

	skip     bool // the client was told of an error: nothing is done until its Sync
	resetAll bool // a RESET ALL was forwarded
	pin      pin  // why the client must keep its backend, zero if it need not
	statement
}

// due is a ReadyForQuery that the server owes.
type due struct {
	request byte // Q, F or S
	ours    bool // to a request of the gateway's own: its answers are swallowed
}

// statement is the client's unnamed statement, as far as it outlives a lease.
type statement struct {
	parse   []byte // the Parse message, nil if there is none
	there   bool   // the leased backend has it
	swallow int    // ParseCompletes that answer what the gateway sent
}

// maxStatement is the longest Parse of an unnamed statement that is kept for a
// later transaction.
const maxStatement = 64 << 10

// verdict is what is to be done with a message.
type verdict uint8

const (
	forward verdict = iota
	drop            // say nothing of it to the other side
	prepend         // forward core.parse, then the message
	replace         // forward what core.refusal returns instead
	ready           // answer with a ReadyForQuery
	end             // the client says goodbye
)

// returned says that the next backend will know nothing of the client.
func (c *core) returned() { c.there, c.swallow, c.resetAll = false, 0, false }

// failed says that the client was told of an error in the place of the answers
// that it is due. No backend is leased.
func (c *core) failed() {
	c.skip = c.open
	c.due, c.open, c.flush, c.copyIn, c.tx = c.due[:0], false, false, false, 'I'
	c.parse = nil
	c.returned()
}

// request decides about a message of the client. Of a long one only the
// beginning need be there.
func (c *core) request(m message) (verdict, *failure) {
	body := m.body()
	if c.skip && m.typ != msgTerminate {
		if m.typ != msgSync {
			return drop, nil
		}
		c.skip = false
		return ready, nil
	}
	if c.copyIn {
		switch m.typ {
		case msgCopyData:
			return forward, nil
		case msgCopyDone, msgCopyFail:
			c.copyIn = false
			return forward, nil
		case msgFlush, msgSync:
			return forward, nil // the server ignores them in a COPY
		}
	}
	switch m.typ {
	case msgQuery:
		c.look(body)
		c.due = append(c.due, due{request: m.typ})
		c.parse, c.there = nil, false // a simple query destroys the unnamed statement
		return forward, nil
	case msgFunction, msgSync:
		c.due = append(c.due, due{request: m.typ})
		c.open, c.flush = false, false
		return forward, nil
	case msgParse:
		c.open = true
		return c.parseMessage(m)
	case msgBind:
		c.open = true
		_, rest, ok := cstring(body)
		if !ok && m.missing == 0 {
			return drop, violation("Bind without a portal name")
		}
		return c.uses(rest), nil
	case msgDescribe:
		c.open = true
		if len(body) > 1 && body[0] == 'S' {
			return c.uses(body[1:]), nil
		}
		return forward, nil
	case msgClose, msgExecute:
		c.open = true
		return forward, nil
	case msgFlush:
		c.flush = c.open
		return forward, nil
	case msgCopyData, msgCopyDone, msgCopyFail: // of a COPY that has failed: the server ignores them
		return forward, nil
	case msgTerminate:
		return end, nil
	}
	return drop, violation("unexpected message type %q", m.typ)
}

// parseMessage keeps an unnamed statement for a later transaction, and refuses
// a named one where the next transaction may meet another backend.
func (c *core) parseMessage(m message) (verdict, *failure) {
	name, rest, ok := cstring(m.body())
	if !ok {
		return drop, violation("Parse without a statement name")
	}
	c.look(rest)
	if len(name) > 0 {
		if c.session || c.pin.why != "" {
			return forward, nil
		}
		return replace, nil
	}
	c.parse, c.there = nil, true
	if m.missing == 0 && len(m.raw) <= maxStatement {
		c.parse = append([]byte(nil), m.raw...)
	}
	return forward, nil
}

// uses decides about a message that names a statement first in rest.
func (c *core) uses(rest []byte) verdict {
	if len(rest) > 0 && rest[0] != 0 || c.there || c.parse == nil {
		return forward // named, or known there, or unknown anywhere: the server says so
	}
	c.there = true
	c.swallow++
	return prepend
}

// refusalMark is a statement that no server understands. Sent in the place of
// one that is refused, it makes the server fail as it would by itself:
// transaction aborted, the rest of the batch skipped.
const refusalMark = "unoactor_refuses_named_statements"

var refusal = appendMessage(nil, msgParse, []byte{0}, []byte(refusalMark), []byte{0, 0, 0})

var errNamedStatement = &failure{code: "0A000", message: "named prepared statements are not supported in transaction mode",
	detail: "The next transaction may run on another backend, which does not have the statement.",
	hint:   `Set mode = "session" for the pool, or have the client use unnamed statements (JDBC: prepareThreshold=0, psycopg: prepare_threshold=None, pgx: default_query_exec_mode=exec).`}

// refused says whether an ErrorResponse answers the refusalMark.
func isRefusal(body []byte) bool { return bytes.Contains(body, []byte(refusalMark)) }

// reply decides about a message of the server.
func (c *core) reply(m message) (verdict, *failure) {
	ours := len(c.due) > 0 && c.due[0].ours
	switch m.typ {
	case msgReady:
		return c.readied(m, ours)
	case msgParseComplete:
		if c.swallow > 0 {
			c.swallow--
			return drop, nil
		}
	case msgError:
		c.swallow, c.copyIn = 0, false
		if !ours && isRefusal(m.body()) {
			return replace, nil
		}
	case msgCopyIn, msgCopyBoth:
		c.beginCopy()
	case msgCommandComplete:
		c.tag(m.body())
	}
	if ours {
		if m.typ == msgError {
			return drop, &failure{fatal: true, code: "08006", message: "the client's session parameters could not be set on a backend",
				detail: errorText(m.body())}
		}
		return drop, nil
	}
	return forward, nil
}

func (c *core) readied(m message, ours bool) (verdict, *failure) {
	if len(c.due) == 0 || len(m.body()) != 1 {
		return drop, violation("the server sent a ReadyForQuery that nobody waited for")
	}
	c.due = c.due[:copy(c.due, c.due[1:])]
	c.tx = m.body()[0]
	c.swallow = 0
	if ours {
		return drop, nil
	}
	return forward, nil
}

// beginCopy notes that the server reads COPY data from now on. A Sync that it
// finds there it ignores, so the one that was forwarded after the Execute is not
// due, and the batch is open until the next.
func (c *core) beginCopy() {
	c.copyIn = true
	if len(c.due) > 0 && c.due[0].request == msgSync {
		c.due = c.due[:copy(c.due, c.due[1:])]
		c.open = true
	}
}

// settled says that the server has answered everything, so that the turn is the client's.
func (c *core) settled() bool { return len(c.due) == 0 && !c.open && !c.copyIn }

// free says that the backend may serve somebody else.
func (c *core) free() bool { return c.settled() && c.tx == 'I' }

// inTurns says that the server's answers end with a ReadyForQuery that is due,
// so that one side can be served after the other.
func (c *core) inTurns() bool { return len(c.due) > 0 && !c.open && !c.copyIn }
