package protocol

import (
	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/prepared"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// This file is what the machine makes of what the server answers.

// reply decides about a message of the server.
func (m *Machine) reply(msg wire.Message) (verdict, *wire.Error) {
	if msg.Type == wire.Ready {
		return m.readied(msg)
	}
	var next expect
	if m.replies.n > 0 {
		next = *m.replies.at(0)
	}
	hidden := next.hidden
	switch msg.Type {
	case wire.Notification:
		return forward, nil
	case wire.ErrorResponse:
		if hidden && next.request == wire.Query && !wire.EndsSession(msg.Body()) {
			return drop, &wire.Error{Fatal: true, Code: "08006", Message: "the client's session parameters could not be set on a backend",
				Detail: wire.ErrorText(msg.Body())}
		}
		m.fail()
		switch {
		case hidden && next.request == wire.Query:
			return drop, nil
		case refusedAs(msg.Body()) != nil:
			return refuse, nil
		}
		return forward, nil
	case wire.CloseComplete:
		if m.probe == probing {
			return ready, nil
		}
	case wire.CommandComplete:
		if !hidden {
			m.copied()
			if m.tag(msg.Body()) && m.resetting() {
				m.reset = true
			}
		}
	case wire.CopyIn:
		m.beginCopy()
	}
	if next.shape {
		m.shaped(msg, hidden)
	}
	if next.ends(msg.Type) {
		m.complete(m.replies.pop())
	}
	if hidden && (next.request == wire.Query || msg.Type != wire.ParameterStatus && msg.Type != wire.Notice) {
		return drop, nil
	}
	return forward, nil
}

// complete notes that a request was answered.
func (m *Machine) complete(e expect) {
	if e.states {
		m.statements.Confirm()
	}
	if e.binds {
		m.statements.Bound()
	}
	if e.hidden && e.request == wire.Describe {
		m.checking = false
	}
}

// resetting says whether the server's next answer belongs to what puts parameters back.
func (m *Machine) resetting() bool {
	return m.resets.Any() && (m.replies.readies == 0 || m.replies.readies == 1 && !m.open)
}

// fail notes an error. After one in the extended protocol the server skips all
// until the next Sync, simple queries too.
func (m *Machine) fail() {
	m.spoilt = m.spoilt || m.resetting()
	next := m.replies.next()
	if m.copyFailed() || next != nil && next.readies() {
		return // it goes on with a ReadyForQuery
	}
	if next != nil && next.request == wire.Parse && next.states {
		if next.hidden {
			m.statements.Done.There = false
		} else {
			m.statements.Done = prepared.Unnamed{} // the server drops the one that there was first
		}
	}
	for m.replies.n > 0 && m.replies.at(0).request != wire.Sync {
		if m.replies.pop().states {
			m.statements.Forgo()
		}
	}
	m.checking = false
	m.ignored = m.replies.n == 0 && (next != nil || m.open)
	m.open = m.open || m.ignored
}

func (m *Machine) readied(msg wire.Message) (verdict, *wire.Error) {
	if len(msg.Body()) != 1 {
		return drop, wire.ServerViolation("a ReadyForQuery of %d bytes", len(msg.Body()))
	}
	if m.probe != noProbe {
		m.tx = msg.Body()[0]
		m.count++
		return drop, nil
	}
	for m.replies.n > 0 && !m.replies.at(0).readies() {
		m.complete(m.replies.pop())
	}
	if m.replies.n == 0 {
		return drop, wire.ServerViolation("a ReadyForQuery that nobody waited for")
	}
	e := m.replies.pop()
	m.complete(e)
	m.tx = msg.Body()[0]
	m.copied()
	m.ended = params.Resets{}
	if e.hidden {
		return drop, nil
	}
	if m.replies.readies == 0 && !m.open {
		m.ended, m.undone = m.resets, !m.reset || m.spoilt
		m.resets, m.reset, m.spoilt = params.Resets{}, false, false
	}
	return forward, nil
}
