package gateway

// core is the protocol state of one client, from its login on. It does no I/O:
// it is told what the client sends and what the server answers, message by
// message, and says what is to be done with each.
//
// Every Query, FunctionCall and Sync that is forwarded is due one ReadyForQuery;
// due lists them, in order. A backend may go back when nothing is due, no
// extended batch is open, no COPY runs and the server is outside a transaction.
type core struct {
	session bool              // named statements and the like are the backend's own: nothing is refused
	reports map[string]string // the settings that the server reports, by its spelling
	asked   map[string]string // others that the client asked for when it connected

	due     []due
	ended   batch // before the last ReadyForQuery
	open    bool  // extended messages were forwarded since the last Sync
	batch   batch // those messages
	ignored bool  // one of them failed: the server skips all until the Sync
	copyIn  bool  // the server reads COPY data
	tx      byte  // of the last ReadyForQuery: I, T or E

	skip  bool     // the client was told of an error: nothing is done until its Sync
	found putBacks // in the text that was looked at last
	pin   pin      // why the client must keep its backend, zero if it need not
	blind bool     // of a statement's text only the beginning was seen
	statement
}

// due is a ReadyForQuery that the server owes.
type due struct {
	request byte // Q, F or S
	ours    bool // to a request of the gateway's own: its answers are swallowed
	after   int  // CopyDones and CopyFails that came after it, and that no COPY has read yet
	batch        // the extended messages before it
}

// batch is what is known of the extended messages between two ReadyForQuerys.
type batch struct {
	asked   int  // those that the server has not answered
	swallow int  // ParseCompletes that answer what the gateway sent
	parses  bool // the unnamed statement is parsed in it, and that is not confirmed
	ends    int  // CopyDones and CopyFails in it that no COPY has read yet
	failed  bool // the server has answered with an error
	puts    putBacks
	hasPut  bool // a command that may be one of them is complete
}

// statement is the client's unnamed statement, as far as it outlives a lease.
type statement struct {
	parse  []byte // the Parse message, nil if there is none
	there  bool   // the leased backend has it
	unkept bool   // only the leased backend has it, and it is not bound yet
	puts   putBacks
}

// maxStatement is the longest Parse of an unnamed statement that is kept for a
// later transaction. With a longer one that is not bound in the batch that parses it, the
// client keeps its backend until it is.
const maxStatement = bufferSize

// verdict is what is to be done with a message.
type verdict uint8

const (
	forward verdict = iota
	drop            // say nothing of it to the other side
	prepend         // forward core.parse, then the message
	refuse          // forward a message that fails instead
	ready           // answer with a ReadyForQuery
	end             // the client says goodbye
)

// returned says that the next backend will know nothing of the client.
func (c *core) returned() { c.there, c.unkept, c.blind = false, false, false }

// failed says that the client was told of an error in the place of the answers
// that it is due. No backend is leased.
func (c *core) failed() {
	c.skip = c.open
	c.due, c.open, c.batch, c.ignored, c.copyIn, c.tx = c.due[:0], false, batch{}, false, false, 'I'
	c.parse, c.puts = nil, nil
	c.returned()
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
		if c.settled() {
			return drop, nil // there is nothing to flush, and nobody would answer
		}
		return forward, nil
	case msgSync:
		if !c.copyIn { // where the server ignores it
			c.owe(m.typ)
		}
		return forward, nil
	}
	if c.copyIn {
		return drop, violation("message type %q in the middle of a COPY", m.typ)
	}
	switch m.typ {
	case msgQuery:
		c.look(m.body(), m.missing > 0)
		if !c.ignored {
			c.statement = statement{} // a simple query destroys the unnamed statement
		}
		c.batch.puts = append(c.batch.puts, c.found...)
		c.owe(m.typ)
		return forward, nil
	case msgFunction:
		c.owe(m.typ)
		return forward, nil
	case msgParse, msgBind, msgDescribe, msgClose, msgExecute:
		c.open = true
		c.batch.asked++
		return c.extended(m)
	}
	return drop, violation("unexpected message type %q", m.typ)
}

// owe notes that the server will answer the request with a ReadyForQuery.
func (c *core) owe(request byte) {
	if request == msgSync {
		c.ignored = false
	} else if c.ignored {
		return
	}
	c.due = append(c.due, due{request: request, batch: c.batch})
	c.open, c.batch = false, batch{}
}

// copyMessage decides about COPY data and its end. What comes after a COPY has
// failed the server ignores, and nobody else need see it.
func (c *core) copyMessage(typ byte) verdict {
	if c.settled() {
		return drop
	}
	if typ != msgCopyData {
		switch {
		case c.copyIn:
			c.copyIn = false
		case c.open:
			c.batch.ends++
		default:
			c.due[len(c.due)-1].after++
		}
	}
	return forward
}

func (c *core) extended(m message) (verdict, *failure) {
	body := m.body()
	switch m.typ {
	case msgParse:
		return c.parseMessage(m)
	case msgBind:
		_, rest, ok := cstring(body)
		if !ok && m.missing == 0 {
			return drop, violation("Bind without a portal name")
		}
		v := c.uses(rest)
		if len(rest) > 0 && rest[0] == 0 {
			c.unkept = false
			c.batch.puts = append(c.batch.puts, c.puts...)
		}
		return v, nil
	case msgDescribe:
		if len(body) > 1 && body[0] == 'S' {
			return c.uses(body[1:]), nil
		}
	case msgClose:
		if len(body) > 1 && body[0] == 'S' && body[1] == 0 && !c.ignored {
			c.statement = statement{}
		}
	}
	return forward, nil
}

// parseMessage keeps an unnamed statement for a later transaction, and refuses
// a named one where the next transaction may meet another backend.
func (c *core) parseMessage(m message) (verdict, *failure) {
	name, rest, ok := cstring(m.body())
	if !ok {
		return drop, violation("Parse without a statement name")
	}
	c.look(rest, m.missing > 0)
	if len(name) > 0 {
		if c.session || c.pin.why != "" {
			return forward, nil
		}
		return refuse, nil
	}
	c.parse, c.there, c.unkept, c.puts = nil, true, true, c.found
	c.batch.parses = true
	if m.missing == 0 && len(m.raw) <= maxStatement {
		c.parse, c.unkept = append([]byte(nil), m.raw...), false
	}
	return forward, nil
}

// uses decides about a message that names a statement first in rest.
func (c *core) uses(rest []byte) verdict {
	switch {
	case len(rest) > 0 && rest[0] != 0, c.there, c.session, c.ignored:
		return forward // named, or there, or unknown anywhere: the server says so
	case c.parse == nil:
		return refuse // what the backend has may be another client's
	}
	c.there = true
	c.batch.asked++
	c.batch.swallow++
	return prepend
}

// reply decides about a message of the server.
func (c *core) reply(m message) (verdict, *failure) {
	ours := len(c.due) > 0 && c.due[0].ours
	if m.typ == msgReady {
		return c.readied(m, ours)
	}
	if ours {
		if m.typ == msgError && !goodbye(m.body()) {
			return drop, &failure{fatal: true, code: "08006", message: "the client's session parameters could not be set on a backend",
				detail: errorText(m.body())}
		}
		return drop, nil
	}
	b := c.answered()
	switch m.typ {
	case msgParseComplete:
		b.answer()
		if b.swallow > 0 {
			b.swallow--
			return drop, nil
		}
		b.parses = false
	case msgBindComplete, msgCloseComplete, msgRowDescription, msgNoData, msgEmptyQuery, msgPortalSuspended:
		b.answer()
	case msgCommandComplete:
		b.answer()
		c.copyIn = false
		b.hasPut = c.tag(m.body()) || b.hasPut
	case msgError:
		c.fail(b)
		if refusedAs(m.body()) != nil {
			return refuse, nil
		}
	case msgCopyIn:
		c.beginCopy()
	}
	return forward, nil
}

// answered is the batch that the server's next answer belongs to.
func (c *core) answered() *batch {
	if len(c.due) > 0 {
		return &c.due[0].batch
	}
	return &c.batch
}

func (b *batch) answer() {
	if b.asked > 0 {
		b.asked--
	}
}

// fail notes an error. After one in the extended protocol the server skips all
// until the next Sync, simple queries too.
func (c *core) fail(b *batch) {
	c.copyIn = false
	if c.parse != nil || b.parses {
		c.there, c.unkept = false, false
	}
	if b.parses && (len(c.due) == 0 || len(c.due) == 1 && c.batch.asked == 0) {
		c.parse, c.puts = nil, nil
	}
	if len(c.due) > 0 {
		if c.due[0].request != msgSync && b.asked > 0 {
			for len(c.due) > 0 && c.due[0].request != msgSync {
				c.pop()
			}
			c.ignored = len(c.due) == 0
			c.open = c.open || c.ignored
			c.answered().failed = true
			return
		}
	} else if c.open {
		c.ignored = true
	}
	*b = batch{failed: true, puts: b.puts}
}

func (c *core) pop() { c.due = c.due[:copy(c.due, c.due[1:])] }

func (c *core) readied(m message, ours bool) (verdict, *failure) {
	if len(c.due) == 0 || len(m.body()) != 1 {
		return drop, violation("the server sent a ReadyForQuery that nobody waited for")
	}
	c.ended = c.due[0].batch
	c.pop()
	c.tx = m.body()[0]
	c.copyIn = false
	if ours {
		return drop, nil
	}
	return forward, nil
}

// beginCopy notes that the server reads COPY data from now on. A Sync that it
// finds there it ignores, so the one that was forwarded after the Execute is not
// due, and the batch is open until the next.
func (c *core) beginCopy() {
	if len(c.due) == 0 {
		c.readData(&c.batch.ends)
		return
	}
	d := &c.due[0]
	switch {
	case d.ends > 0:
		d.ends--
	case d.request != msgSync:
		c.readData(&d.after)
	default:
		ignored := *d
		c.pop()
		next := c.answered()
		if len(c.due) == 0 {
			c.open = true
		}
		next.asked += ignored.asked
		next.swallow += ignored.swallow
		next.ends += ignored.after
		next.parses = next.parses || ignored.parses
		next.failed = next.failed || ignored.failed
		next.puts = append(ignored.puts, next.puts...)
		c.readData(&next.ends)
	}
}

// readData notes that data is read up to the next CopyDone or CopyFail, unless
// that was sent already.
func (c *core) readData(ends *int) {
	if *ends > 0 {
		*ends--
		return
	}
	c.copyIn = true
}

// settled says that the server has answered everything, so that the turn is the client's.
func (c *core) settled() bool { return len(c.due) == 0 && !c.open && !c.copyIn }

// free says that the backend may serve somebody else.
func (c *core) free() bool { return c.settled() && c.tx == 'I' && !c.unkept }

// idle says that the client may be told to go.
func (c *core) idle() bool { return c.settled() && c.tx == 'I' }

// inTurns says that the server's answers end with a ReadyForQuery that is due,
// so that one side can be served after the other.
func (c *core) inTurns() bool { return len(c.due) > 0 && !c.open && !c.copyIn }
