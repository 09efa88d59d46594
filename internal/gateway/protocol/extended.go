package protocol

import (
	"bytes"

	"github.com/unoactor/unoactor/internal/gateway/prepared"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// decideExtended decides about a message of the extended protocol, but for Sync and Flush.
func (m *Machine) decideExtended(msg wire.Message) (verdict, *wire.Error) {
	switch msg.Type {
	case wire.Parse:
		return m.decideParse(msg)
	case wire.Bind:
		_, rest, ok := wire.CString(msg.Body())
		if !ok && msg.Missing == 0 {
			return drop, wire.Violation("Bind without a portal name")
		}
		return m.uses(rest, expect{request: wire.Bind}), nil
	case wire.Describe:
		if body := msg.Body(); len(body) > 1 && body[0] == 'S' {
			return m.uses(body[1:], expect{request: wire.Describe}), nil
		}
	case wire.Close:
		if body := msg.Body(); len(body) > 1 && body[0] == 'S' && body[1] == 0 {
			e := expect{request: wire.Close}
			m.statements.Unnamed = prepared.Unnamed{}
			m.state(&e)
			m.extended(e)
			return forward, nil
		}
	case wire.Execute:
	default:
		return drop, wire.Violation("unexpected message type %q", msg.Type)
	}
	m.extended(expect{request: msg.Type})
	return forward, nil
}

// extended notes a request of the extended protocol.
func (m *Machine) extended(e expect) {
	m.replies.push(e)
	m.open, m.flushed = true, false
}

// state notes that a request makes the unnamed statement what it is now.
func (m *Machine) state(e *expect) {
	e.states = true
	m.statements.State()
}

// decideParse keeps an unnamed statement for a later transaction, and refuses a named one where the next transaction
// may meet another backend.
func (m *Machine) decideParse(msg wire.Message) (verdict, *wire.Error) {
	name, rest, ok := wire.CString(msg.Body())
	if !ok {
		return drop, wire.Violation("Parse without a statement name")
	}
	kept := m.statements.Parse
	again := m.statements.Under == m.params && msg.Missing == 0 && bytes.Equal(kept, msg.Raw) // as drivers that run one text often
	if again {
		m.found = m.statements.Resets
	} else {
		m.inspect(rest, msg.Missing > 0)
	}
	e := expect{request: wire.Parse}
	if len(name) > 0 {
		m.extended(e)
		if m.keeps() {
			return forward, nil
		}
		return refuse, nil
	}
	m.statements.Unnamed = prepared.Unnamed{There: true, Unkept: !m.options.Session, Resets: m.found}
	if msg.Missing == 0 && len(msg.Raw) <= prepared.MaxParse {
		m.statements.Unkept = false
		if !m.options.Session {
			if !again {
				kept = append([]byte(nil), msg.Raw...)
			}
			m.statements.Parse, m.statements.Under = kept, m.params
		}
	}
	m.state(&e)
	m.extended(e)
	return forward, nil
}

// uses decides about a message that names a statement first in rest.
func (m *Machine) uses(rest []byte, e expect) (v verdict) {
	unnamed := len(rest) > 0 && rest[0] == 0
	switch {
	case !unnamed, m.options.Session, m.statements.There && !m.statements.Stale:
		v = forward // named, or there: the server says what is wrong with it
	case m.statements.Stale, m.statements.Parse == nil:
		v = refuse // what the backend has may be another client's
	case m.statements.Shape != 0:
		m.prepare()
		m.checking = true
		m.extended(expect{request: wire.Describe, hidden: true, shape: true})
		return check
	default:
		m.prepare()
		v = prepend
	}
	if unnamed && v != refuse {
		e.shape = e.request == wire.Describe
		if e.request == wire.Bind {
			e.binds = true
			m.resets.Merge(m.statements.Resets)
		}
	}
	m.extended(e)
	return v
}

// prepare notes that the unnamed statement is parsed again, on the leased backend.
func (m *Machine) prepare() {
	e := expect{request: wire.Parse, hidden: true}
	m.statements.There = true
	m.state(&e)
	m.extended(e)
}

// shaped takes in a message that may belong to the answer of a Describe of the unnamed statement. hidden says that the
// gateway has asked.
func (m *Machine) shaped(msg wire.Message, hidden bool) {
	sum, last := m.shape.Add(msg)
	if !last {
		return
	}
	if hidden {
		if m.statements.Stale = sum != m.statements.Shape; !m.statements.Stale {
			return
		}
	} else {
		m.statements.Done.Shape = sum
		if m.statements.Unconfirmed() {
			return
		}
		m.statements.Shape = sum
	}
	m.statements.Done = m.statements.Unnamed
}
