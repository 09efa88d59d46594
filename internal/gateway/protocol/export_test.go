package protocol

import (
	"fmt"
	"strings"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/wire"
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
	m.inspect([]byte(sql), false)
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

// Owed is what the server owes: the requests that it has not answered, in their order; those of the gateway's own, of
// which the answers are hidden, in parentheses.
func (m *Machine) Owed() string {
	names := map[byte]string{wire.Parse: "Parse", wire.Bind: "Bind", wire.Describe: "Describe", wire.Close: "Close", wire.Execute: "Execute",
		wire.Query: "Query", wire.Function: "FunctionCall", wire.Sync: "Sync"}
	var all []string
	for i := range m.replies.n {
		e := m.replies.at(i)
		name := names[e.request]
		if e.hidden {
			name = "(" + name + ")"
		}
		all = append(all, name)
	}
	if m.probe == probing {
		all = append(all, "(what became of the Syncs)")
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// State is how things stand, but for what is owed.
func (m *Machine) State() string {
	all := []string{map[byte]string{'I': "no transaction", 'T': "in a transaction", 'E': "in a failed transaction"}[m.tx]}
	say := func(is bool, words string) {
		if is {
			all = append(all, words)
		}
	}
	s := &m.statements
	say(m.open && !m.ignored, "a batch is open")
	say(m.ignored, "the server skips all until a Sync")
	say(m.skip, "the client is ignored until its Sync")
	say(m.copyIn, "the server reads COPY data")
	say(m.copyIn && m.syncs > 0, fmt.Sprintf("%d Syncs in it", m.syncs))
	say(m.resets.Any(), "parameters are put back")
	switch {
	case s.Stale:
		say(true, "the unnamed statement has rows of another shape")
	case s.Unkept:
		say(true, "only the backend has the unnamed statement")
	case s.Parse != nil && s.There:
		say(true, "the unnamed statement is kept, and the backend has it")
	case s.Parse != nil:
		say(true, "the unnamed statement is kept")
	case s.There:
		say(true, "the backend has the unnamed statement")
	}
	say(m.checking, "it is compared with what the client was told")
	say(m.replay.possible, "may be sent elsewhere if the server is lost, and if it only reads")
	say(m.pin.Why != "", "pinned: "+m.pin.Why)
	say(m.broken, "the server is not to be spoken to")
	say(m.silent, "the client has gone")
	return strings.Join(all, "; ")
}

// OnTheWay is how many bytes are still to be passed on of the messages that are on their way in parts.
func (m *Machine) OnTheWay() (toServer, toClient int) { return m.request.passing, m.answer.passing }

// Passing is how many bytes are still to come of a message of the server that is passed on in parts.
func (m *Machine) Passing() int { return m.answer.passing + m.answer.drops }
