package protocol

import (
	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// reported notes a parameter that the server reports: it is the client's own, and the backend's. later says that
// the client hears of it at the end of the request under way, which puts parameters back.
func (m *Machine) reported(body []byte) (later bool) {
	name, rest, ok := wire.CString(body)
	value, _, ok2 := wire.CString(rest)
	if !ok || !ok2 || !m.params.IsKept(string(name)) {
		return false
	}
	i := m.options.Interner
	m.backend.params = i.With(m.backend.params, string(name), string(value))
	if m.resetting() {
		return true
	}
	m.params = i.With(m.params, string(name), string(value))
	return false
}

// putBack tells the client what its parameters are after a RESET. What the client itself connected with is set on
// the backend before its next request.
func (m *Machine) putBack(out []byte) []byte {
	i := m.options.Interner
	to := i.Follow(m.params, m.backend.params)
	if !m.undone {
		to, m.backend.params = i.Undo(&m.ended, m.params, m.backend.params, m.initial)
	}
	out = params.AppendReports(out, m.params, to)
	m.params = to
	return out
}

// adopt returns the client's request with, ahead of it, the one that gives the backend the client's parameters, if it
// has others.
func (m *Machine) adopt(request []byte) []byte {
	from := m.backend.params
	if from == m.params || m.tx == 'E' { // in a failed transaction nothing can be set, and nothing depends on it
		return request
	}
	m.backend.params = m.params
	sql := params.Difference(from, m.params)
	if sql == "" {
		return request
	}
	m.replies.pushFirst(expect{request: wire.Query, hidden: true})
	return append(wire.Append(nil, wire.Query, []byte(sql), []byte{0}), request...)
}

// Forget notes that SQL which the gateway knows nothing of has run on the backend: of what is set there nothing is
// taken for granted any more.
func (b *Backend) Forget() { b.params = b.params.Unknown() }
