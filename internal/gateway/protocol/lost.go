package protocol

import "github.com/unoactor/unoactor/internal/gateway/wire"

// ServerLost tells that the server can't be read from or written to any more, and why. What is due is answered with
// an error, unless another backend can be asked the same ([replay]). The client's session goes on if it does not live
// and die with that backend, and if the client's side of the stream stands between two messages.
func (m *Machine) ServerLost(why string) {
	m.out = Output{}
	m.broken = true
	if m.silent {
		m.cleanUp(true)
		return
	}
	m.lost(serverLost(why), nil, false)
}

// lost answers for a server that was lost: out is what the client hears of it still, and told says that its own
// last word is in it.
func (m *Machine) lost(e *wire.Error, out []byte, told bool) {
	if m.replay.possible && m.onlyReads() {
		m.playAgain()
		return
	}
	m.out.ToClient = out
	switch {
	case m.keeps() && told:
		m.end(nil)
		return
	case m.keeps() || m.answer.passing > 0:
		m.end(e.AsFatal())
		return
	}
	m.out.ToClient = m.fails(append([]byte(nil), out...), e, told || m.ignored)
	m.out.Backend, m.out.Why = Discard, m.farewell
	m.leaveRequest()
	m.returned()
	m.failed()
	m.out.Turn = Client
}

// fails answers all that is due with an error. told says that the client has heard of the first already.
func (m *Machine) fails(out []byte, e *wire.Error, told bool) []byte {
	for i := range m.replies.n {
		if due := m.replies.at(i); due.hidden || !due.readies() {
			continue
		}
		if !told {
			out = e.Append(out)
		}
		out = wire.AppendReady(out, 'I')
		told = false
	}
	if m.open && !told || m.replies.readies == 0 && !told {
		out = e.Append(out)
	}
	return out
}

func serverLost(why string) *wire.Error {
	return &wire.Error{Code: "08006", Message: "the server closed the connection; the transaction is rolled back",
		Detail: why, Hint: "Run the transaction again; the next one gets another backend."}
}
