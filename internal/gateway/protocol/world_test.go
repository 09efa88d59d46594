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
		m.leased, m.unread = false, nil
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
}

// client tells the machine what the client sends, and returns what goes to the server. What is held is sent in vain.
func (m *told) client(t *testing.T, b []byte) (toServer []byte) {
	t.Helper()
	m.FromClient(b)
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
