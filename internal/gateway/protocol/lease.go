package protocol

import "github.com/unoactor/unoactor/internal/gateway/wire"

// Leased tells that a backend was leased, which the machine has wanted: what must be set on it is put ahead of the
// client's request.
func (m *Machine) Leased(b *Backend) {
	m.backend = b
	m.out = Output{ToServer: m.out.ToServer}
	if m.between {
		m.out.ToServer = m.adopt(m.out.ToServer)
	}
	m.replay.possible = m.replay.tries < m.options.Attempts && m.isOneRequest()
	m.out.Turn = m.turn()
}

// Refused tells that no backend could be leased. The client is told why; its session goes on, unless the error is
// fatal.
func (m *Machine) Refused(e *wire.Error) {
	m.out = Output{}
	m.leaveRequest()
	if e.Fatal {
		m.end(e)
		return
	}
	m.out.ToClient = m.fails(nil, e, false)
	m.failed()
}

// leaveRequest notes that the rest of a long message goes nowhere.
func (m *Machine) leaveRequest() {
	if s := &m.request; s.passing > 0 {
		s.drops, s.passing = s.passing, 0
	}
}
