package protocol

import "github.com/unoactor/unoactor/internal/gateway/wire"

// This file is how a backend is left clean when its client has gone: what it runs is canceled, a batch or a COPY is
// ended, what it answers is read, a transaction is rolled back.

// ClientGone tells that the client has gone, whatever the reason. Until the backend has a fate, the server's answers
// are to be told by [Machine.FromServer] still.
func (m *Machine) ClientGone() {
	m.out = Output{}
	m.silent, m.both, m.held = true, false, 0
	m.replay.possible = false
	if m.backend == nil {
		return
	}
	switch {
	case m.broken:
		m.dispose(Discard, m.farewell)
	case m.request.passing > 0:
		m.dispose(Discard, "the client went away in the middle of a message")
	case m.free() && !m.answer.unfinished():
		m.dispose(GiveBack, "")
	default:
		m.out.Cancel = !m.caughtUp() && !m.copyIn
		m.cleanUp(false)
		m.wanted = m.replies.readies
	}
}

// Unanswered tells, of a client that has gone, that the server has said nothing for a while: it is asked to cancel
// again, since the first request may have come before the statement that it meant.
func (m *Machine) Unanswered() {
	m.out = Output{Cancel: true, Turn: Server}
}

// cleanUp is the next step after an answer, or after the server was lost. A server that asks for COPY data only now is
// told that there is none.
func (m *Machine) cleanUp(lost bool) {
	m.out.ToClient = nil
	if lost || m.broken {
		m.dispose(Discard, m.farewell)
		return
	}
	readies := m.replies.readies
	m.out.ToServer = m.conclude(append(m.out.ToServer, m.asks()...))
	switch {
	case m.inTurns() || m.answer.unfinished():
		if readies > 0 && readies < m.wanted {
			m.out.Cancel = true // the next of its statements runs
			m.wanted = readies
		}
		m.out.Turn = Server
	case m.tx != 'I' && !m.rolled:
		m.rolled = true
		m.out.ToServer = append(m.out.ToServer, rollback...)
		m.owe(expect{request: wire.Query})
		m.out.Turn = Server
	case m.free():
		m.dispose(GiveBack, "")
	default:
		m.dispose(Discard, "the server is not ready for another client")
	}
}

var rollback = wire.Append(nil, wire.Query, []byte("ROLLBACK\x00"))

// dispose ends the lease of a client that has gone. What a client that kept its backend has set there is reset.
func (m *Machine) dispose(f Fate, why string) {
	m.out.Backend, m.out.Why, m.out.Tainted = f, why, m.keeps()
	m.out.Turn = Client
	m.returned()
}

// conclude appends what brings the server to its last ReadyForQuery.
func (m *Machine) conclude(out []byte) []byte {
	if m.copyIn {
		m.copyIn = false
		out = wire.Append(out, wire.CopyFail, []byte("the client went away\x00"))
	}
	if m.open {
		m.ignored = false
		m.owe(expect{request: wire.Sync})
		out = wire.Append(out, wire.Sync)
	}
	return out
}
