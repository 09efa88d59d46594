package protocol_test

import (
	"bytes"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/transcript"
)

// transactions are what both sides say in one transaction, and how often the machine allocates for it.
var transactions = []struct {
	name           string
	client, server string
	allocations    float64
}{
	{"a simple query", `Query "select 1"`, `RowDescription a:int4; DataRow "1"; CommandComplete "SELECT 1"; ReadyForQuery I`, 0},
	{"a statement that is prepared, unnamed", `Parse "" "select $1::int"; Bind "" "" "7"; Describe P; Execute; Sync`,
		`ParseComplete; BindComplete; RowDescription a:int4; DataRow "7"; CommandComplete "SELECT 1"; ReadyForQuery I`, 0},
	{"two that take turns", `Parse "" "select 1"; Bind; Execute; Sync; Parse "" "select 2"; Bind; Execute; Sync`,
		`ParseComplete; BindComplete; CommandComplete "SELECT 1"; ReadyForQuery I; ParseComplete; BindComplete; CommandComplete "SELECT 1"; ReadyForQuery I`, 2}, // the text of each is kept
	{"a pipeline", `Bind "" "s"; Execute; Sync; Bind "" "s"; Execute; Sync; Bind "" "s"; Execute; Sync`,
		`BindComplete; CommandComplete "SELECT 1"; ReadyForQuery I; BindComplete; CommandComplete "SELECT 1"; ReadyForQuery I; ` +
			`BindComplete; CommandComplete "SELECT 1"; ReadyForQuery I`, 0},
	{"a COPY", `Query "copy x from stdin"; CopyData "1\n"; CopyDone`, `CopyInResponse; CommandComplete "COPY 1"; ReadyForQuery I`, 0},
}

// exchange is a transaction of a client that leases a backend for it, without a socket.
type exchange struct {
	protocol.Machine
	backend            protocol.Backend
	client, server     []byte
	toServer, toClient int // bytes
}

func newExchange(t testing.TB, client, server string) *exchange {
	join := func(side *transcript.Side, text string) []byte {
		messages, err := side.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Join(messages, nil)
	}
	set := protocol.Reported()
	return &exchange{backend: protocol.NewBackend(set), client: join(transcript.Client, client), server: join(transcript.Server, server),
		Machine: protocol.New(protocol.Options{MaxMessage: 1 << 20, Attempts: 1, Idle: protocol.Never, InTransaction: protocol.Never, Interner: &params.Interner{}}, set)}
}

// run holds the transaction, and says whether the backend has gone back at its end.
func (e *exchange) run() bool {
	said, answers := e.client, e.server
	back := false
	for len(said) > 0 || len(answers) > 0 {
		out := e.Output()
		if out.Turn == protocol.Client || out.Turn == protocol.Both && len(said) > 0 {
			said = said[e.FromClient(said):]
			if e.Output().Want == protocol.Lease {
				e.Leased(&e.backend)
			}
		} else {
			n := len(answers)
			if len(said) > 0 { // it waits for the answer to what was said before
				n = 1 + int(answers[4])
			}
			answers = answers[e.FromServer(answers[:n]):]
		}
		out = e.Output()
		e.toServer += len(out.ToServer)
		e.toClient += len(out.ToClient)
		back = out.Backend == protocol.GiveBack
		if out.Turn == protocol.Client && len(answers) == 0 {
			e.Resume()
		}
	}
	return back
}

func TestATransactionAllocatesNothingThatIsNotKept(t *testing.T) {
	for _, tr := range transactions {
		t.Run(tr.name, func(t *testing.T) {
			e := newExchange(t, tr.client, tr.server)
			for range 2 {
				if !e.run() {
					t.Fatal("the backend does not go back")
				}
			}
			if e.toServer != 2*len(e.client) || e.toClient != 2*len(e.server) {
				t.Errorf("%d bytes of %d to the server, %d of %d to the client", e.toServer, 2*len(e.client), e.toClient, 2*len(e.server))
			}
			if n := testing.AllocsPerRun(1000, func() { e.run() }); n > tr.allocations {
				t.Errorf("%v allocations, not %v", n, tr.allocations)
			}
		})
	}
}

func BenchmarkTransaction(b *testing.B) {
	for _, tr := range transactions {
		b.Run(tr.name, func(b *testing.B) {
			e := newExchange(b, tr.client, tr.server)
			b.SetBytes(int64(len(e.client) + len(e.server)))
			b.ReportAllocs()
			for b.Loop() {
				e.run()
			}
		})
	}
}
