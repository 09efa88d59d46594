package protocol_test

import (
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// told is a machine that is told things, and leases a backend whenever it wants one.
type told struct {
	protocol.Machine
	backend protocol.Backend
	leased  bool   // a backend is
	refused bool   // the next lease is
	over    bool   // the client has ended
	unread  []byte // of the server

	says, hears framing // the client
	serverHears framing // of one lease
}

// framing follows a stream of messages.
type framing struct {
	missing int // of the last
	count   [256]int
}

// follow takes in what comes next, of which each message has its whole head.
func (f *framing) follow(t *testing.T, b []byte) {
	t.Helper()
	for {
		n := min(f.missing, len(b))
		f.missing, b = f.missing-n, b[n:]
		if len(b) == 0 {
			return
		}
		m, ok, bad := wire.Frame(b, 1<<30)
		if !ok || bad {
			t.Fatalf("%q is no message", b[:min(len(b), 100)])
		}
		f.count[m.Type]++
		f.missing, b = m.Missing, b[len(m.Raw):]
	}
}

// judgeStreams looks whether what both sides hear is whole messages, or the beginning of one whose rest is on its way;
// and whether the client gets no more answers than it has asked for.
func (m *told) judgeStreams(t *testing.T) {
	t.Helper()
	out := m.Output()
	if m.over {
		return
	}
	m.hears.follow(t, out.ToClient)
	if m.leased {
		m.serverHears.follow(t, out.ToServer)
	}
	if out.Want == protocol.End {
		return
	}
	toServer, toClient := m.OnTheWay()
	if m.leased && m.serverHears.missing != toServer {
		t.Fatalf("the server waits for %d bytes more, and %d are on their way", m.serverHears.missing, toServer)
	}
	if m.hears.missing != toClient {
		t.Fatalf("the client waits for %d bytes more, and %d are on their way", m.hears.missing, toClient)
	}
	if asked := m.says.count['Q'] + m.says.count['F'] + m.says.count['S']; m.hears.count['Z'] > asked {
		t.Fatalf("the client gets %d ReadyForQuerys, and has asked for %d", m.hears.count['Z'], asked)
	}
}

func machine(session bool) *told { return machineWith(session, protocol.Reported()) }

// machineWith is one of a client, and a backend, that have these parameters.
func machineWith(session bool, set *params.Set) *told {
	return &told{backend: protocol.NewBackend(set), Machine: protocol.New(protocol.Options{
		Session: session, MaxMessage: 1 << 20, Attempts: 1, Idle: protocol.Never, InTransaction: protocol.Never, Interner: &params.Interner{}}, set)}
}

// lease does what the machine wants.
func (m *told) lease() {
	if m.Output().Want != protocol.Lease {
		return
	}
	if m.refused {
		m.refused = false
		m.Refused(&wire.Error{Code: "57014", Message: "no backend became free"})
		return
	}
	m.Leased(&m.backend)
	m.leased = true
}

// look judges what the machine says after an event.
func (m *told) look(t *testing.T) {
	t.Helper()
	out := m.Output()
	if out.Backend != protocol.Keep {
		if !m.leased {
			t.Fatal("a backend goes back that was not leased")
		}
		if out.Backend == protocol.GiveBack && m.Outstanding() > 0 {
			t.Fatalf("a backend goes back, and %d outstanding", m.Outstanding())
		}
		m.leased, m.unread, m.serverHears = false, nil, framing{}
	}
	m.lease()
	if out.Want == protocol.End {
		m.over = true
	}
	if len(out.ToServer) > 0 && !m.leased {
		t.Fatal("bytes for a server, and none is leased")
	}
	if out.Turn != protocol.Client && !m.leased {
		t.Fatal("it is the turn of a server, and none is leased")
	}
	m.judgeStreams(t)
}

// client tells the machine what the client sends, and returns what goes to the server. What is held is sent in vain.
func (m *told) client(t *testing.T, b []byte) (toServer []byte) {
	t.Helper()
	m.says.follow(t, b[:m.FromClient(b)])
	m.look(t)
	return m.Output().ToServer
}

// server tells it what the server sends, and returns what goes to the client.
func (m *told) server(t *testing.T, b []byte) (toClient []byte) {
	t.Helper()
	m.unread = append(m.unread, b...)
	m.unread = m.unread[m.FromServer(m.unread):]
	m.look(t)
	return m.Output().ToClient
}
