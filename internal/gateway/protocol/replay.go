package protocol

import (
	"github.com/unoactor/unoactor/internal/gateway/prepared"
	"github.com/unoactor/unoactor/internal/gateway/wire"
	"github.com/unoactor/unoactor/internal/sqltext"
)

// replay is what a second attempt needs: a request that only reads is sent to another backend, where the server is
// lost before it has answered anything.
type replay struct {
	possible   bool // the request is one, it went to a backend that had just been leased, and nothing was relayed
	tries      int
	turn       []byte              // the request, as the client sent it
	statements prepared.Statements // before it
}

// Late tells that the request under way has run for so long that its server was not lost with an idle backend: maybe
// somebody has ended it on purpose. It is not sent to another.
func (m *Machine) Late() { m.replay.possible = false }

// isOneRequest says whether what was sent to the leased backend is one request of which all is still there. What
// its texts do is looked at when the server is lost.
func (m *Machine) isOneRequest() bool {
	r := &m.replies
	if r.n == 0 || m.open || m.copyIn || m.request.passing > 0 || m.keeps() {
		return false
	}
	readies := 0
	for i := range r.n {
		e := r.at(i)
		if e.hidden && e.request != wire.Query || e.request == wire.Query && i > 0 && !r.at(i-1).hidden {
			return false
		}
		if e.readies() && !e.hidden {
			readies++
		}
	}
	return readies == 1
}

// onlyReads says whether all that the request does is read, or begin a transaction.
func (m *Machine) onlyReads() bool {
	for rest := m.replay.turn; len(rest) > 0; {
		msg, ok, bad := wire.Frame(rest, m.options.MaxMessage)
		if !ok || bad || msg.Missing > 0 {
			return false
		}
		switch msg.Type {
		case wire.Query:
			if !onlyReads(msg.Body()) {
				return false
			}
		case wire.Parse:
			_, text, ok := wire.CString(msg.Body())
			if !ok || !onlyReads(text) {
				return false
			}
		case wire.Function:
			return false
		}
		rest = rest[len(msg.Raw):]
	}
	return len(m.replay.turn) > 0
}

// playAgain sends the request to another backend.
func (m *Machine) playAgain() {
	again := m.replay
	again.possible = false
	again.tries++
	why := m.farewell
	m.returned()
	m.failed()
	m.skip, m.statements = false, again.statements
	m.replay = again
	m.out = Output{Backend: Discard, Why: why, Replayed: true}
	m.between = true
	m.fromClient(again.turn)
}

// onlyReads says whether the text that a message begins with is one statement that changes nothing.
func onlyReads(sql []byte) bool {
	if text, _, ok := wire.CString(sql); ok {
		sql = text
	}
	return sqltext.OnlyReads(sql)
}
