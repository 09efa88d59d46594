package protocol

import (
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// maxAnswer is how long a message of a server may be, in bytes: what PostgreSQL can send.
const maxAnswer = 1 << 30

// FromServer tells what the server has sent, and returns how many bytes of it are used. The rest is to be told again
// with what has come behind it. FATAL becomes ERROR in it, in place, where the client's session outlives the backend.
func (m *Machine) FromServer(in []byte) (used int) {
	m.out = Output{}
	s := &m.answer
	out := s.scratch[:0]
	from, at := 0, 0
	if s.drops > 0 {
		at = min(s.drops, len(in))
		s.drops -= at
		from = at
	} else if s.passing > 0 {
		at = min(s.passing, len(in))
		s.passing -= at
	}
	lost, told := false, false
	for at < len(in) && !m.broken {
		msg, ok, bad := wire.Frame(in[at:], maxAnswer)
		if bad {
			m.violated(wire.ServerViolation("a message of an impossible length"))
			return at
		}
		if !ok || msg.Missing > 0 && (len(msg.Raw)+msg.Missing <= wire.BufferSize || mustBeWhole(msg.Type) && at > 0) {
			break
		}
		v, f := m.reply(msg)
		if f != nil {
			m.violated(f)
			return at
		}
		switch {
		case msg.Type == wire.ParameterStatus && msg.Missing == 0:
			if v == forward && m.reported(msg.Body()) {
				v = drop
			}
		case msg.Type == wire.Ready:
			m.out.Transaction = m.out.Transaction || v == forward && m.tx == 'I'
			if v == forward && m.ended.Any() {
				out = m.putBack(append(out, in[from:at]...))
				from = at
			}
		case msg.Type == wire.ErrorResponse && msg.Missing == 0:
			m.out.WriteRefused = m.out.WriteRefused || wire.HasCode(msg.Body(), "25006")
			if wire.EndsSession(msg.Body()) {
				m.broken, m.farewell = true, "the server said: "+wire.ErrorText(msg.Body())
				if m.caughtUp() && !m.keeps() {
					v = drop // of no concern to the client: all that it asked is answered
				} else {
					lost, told = true, v == forward
				}
				if !m.keeps() {
					wire.SoftenFatal(msg.Body())
				}
			}
		}
		if v != forward {
			out = append(out, in[from:at]...)
			from = at + len(msg.Raw)
			switch v {
			case refuse:
				out = refusedAs(msg.Body()).Append(out)
			case ready:
				n := m.accounted()
				m.out.Transaction = m.out.Transaction || m.tx == 'I'
				if m.ended.Any() {
					out = m.putBack(out)
				}
				for range n {
					out = wire.AppendReady(out, m.tx)
				}
			}
		}
		at += len(msg.Raw)
		if v == forward {
			s.passing, s.drops = msg.Missing, 0
		} else {
			s.passing, s.drops = 0, msg.Missing
		}
	}
	s.partial = at < len(in)
	out = s.join(out, in[from:at])
	if m.silent {
		m.cleanUp(lost)
		return at
	}
	if lost {
		m.lost(serverLost("it closed the connection without a word"), out, told)
		return at
	}
	m.replay.possible = m.replay.possible && len(out) == 0
	m.out.ToClient = out
	m.out.ToServer = m.asks()
	if m.free() && m.request.passing == 0 && (!s.unfinished() || m.broken) {
		m.release()
	}
	m.out.Turn = m.turn()
	return at
}

// Resume tells that a conversation of both sides was ended: what there is to do now is worked out anew.
func (m *Machine) Resume() {
	m.out = Output{}
	if m.backend != nil && m.free() && m.request.passing == 0 && !m.answer.unfinished() {
		m.release()
	}
	m.both = false
	m.out.Turn = m.turn()
}

// Distrust tells that a bug has left the machine in an unknown state: nobody may use the backend any more.
func (m *Machine) Distrust() { m.broken = true }

// release gives the backend back, unless the client keeps it; one whose server has said goodbye is closed.
func (m *Machine) release() {
	switch {
	case m.broken:
		m.out.Backend, m.out.Why = Discard, m.farewell
	case m.keeps():
		return
	default:
		m.out.Backend = GiveBack
	}
	m.returned()
}

// violated notes that the server does not keep to the protocol, or could not do what the gateway itself has asked:
// nobody may use it any more.
func (m *Machine) violated(e *wire.Error) {
	m.broken = true
	if m.silent {
		m.cleanUp(true)
		return
	}
	m.end(e)
}

// mustBeWhole are the messages that are looked into.
func mustBeWhole(typ byte) bool {
	switch typ {
	case wire.Ready, wire.ErrorResponse, wire.CommandComplete, wire.ParameterStatus:
		return true
	}
	return false
}
