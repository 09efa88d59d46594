package protocol

import (
	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/sqltext"
)

// What the tests see of the inside.

// Reported are parameters that PostgreSQL 15 reports.
func Reported() *params.Set {
	return params.NewSet(map[string]string{"TimeZone": "", "DateStyle": "", "IntervalStyle": "", "application_name": "", "client_encoding": "",
		"default_transaction_read_only": "", "standard_conforming_strings": ""}, nil)
}

// OnlyReads is onlyReads.
func OnlyReads(sql string) bool { return onlyReads([]byte(sql)) }

// Pins is the reason why a statement pins.
func Pins(sql string) string {
	m := New(Options{}, Reported())
	m.look([]byte(sql), false)
	return m.pin.Why
}

// Words cuts SQL into words.
func Words(sql []byte) (all []string) {
	for s := sqltext.NewScanner(sql, false); s.Solid(); {
		if s.Kind == sqltext.Word || s.IsSign(';') {
			all = append(all, string(s.Text()))
		}
	}
	return all
}

// Holds says whether a message of the client would wait for the server.
func (m *Machine) Holds(typ byte) bool { return m.holds(typ) }

// Converse has both sides' turns stay until all is answered.
func (m *Machine) Converse() { m.both = true }

// Outstanding is how much has to happen before the backend may serve somebody else.
func (m *Machine) Outstanding() int {
	n := m.replies.n
	if m.open || m.copyIn || m.tx != 'I' {
		n++
	}
	return n
}

// Kept is how many bytes are kept of statements.
func (m *Machine) Kept() int { return m.statements.Kept() + len(m.pin.Statement) }
