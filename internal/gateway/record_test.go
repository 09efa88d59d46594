package gateway_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	gosync "sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway/transcript"
	"github.com/unoactor/unoactor/internal/gateway/wire"
	"github.com/unoactor/unoactor/testkit"
)

var record = flag.Bool("record", false, "write what the conversations are on both sides of the gateway to protocol/testdata/recorded")

// recorder writes down what is said on both sides of a gateway.
type recorder struct {
	mu     gosync.Mutex
	on     bool
	events []recorded
}

// recorded is what one side has said (wrote) or was told, in one piece.
type recorded struct {
	side *transcript.Side
	told bool
	b    []byte
}

func (r *recorder) add(side *transcript.Side, told bool, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		r.events = append(r.events, recorded{side, told, bytes.Clone(b)})
	}
}

func (r *recorder) turn(on bool) []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.on, r.events = on, nil
	return events
}

// recording is the client's connection.
type recording struct {
	net.Conn
	r *recorder
}

func (c recording) Write(b []byte) (int, error) {
	c.r.add(transcript.Client, false, b)
	return c.Conn.Write(b)
}

func (c recording) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.r.add(transcript.Server, true, b[:n])
	return n, err
}

// between stands between the gateway and the server, and returns its port.
func (r *recorder) between(t *testing.T, address string) uint16 {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	pass := func(to, from net.Conn, side *transcript.Side, told bool) {
		defer func() { _, _ = to.Close(), from.Close() }()
		b := make([]byte, 64<<10)
		for {
			n, err := from.Read(b)
			if err != nil {
				return
			}
			r.add(side, told, b[:n])
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", address)
			if err != nil {
				_ = c.Close()
				continue
			}
			go pass(s, c, transcript.Client, true)
			go pass(c, s, transcript.Server, false)
		}
	}()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

// TestRecord records the conversations, to be played to the machine byte by byte: see package protocol.
func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("without -record")
	}
	server, database := testkit.Shared(t)
	var r recorder
	port := r.between(t, server.Addr())
	w := startVia(t, server, database, port, func(p *config.Pool, _ *config.Gateway) { p.Size = 1 })
	for _, n := range []int{20, 40} {
		long := strings.Repeat("z", n*1000)
		r.write(t, w, fmt.Sprintf("messages of %d kB", n), func(client *raw) {
			for _, s := range []step{
				all(1, q("select length('"+long+"')")), all(1, parse("select length($1)"), bind(long), execute(0), sync),
				all(1, q("select repeat('x', 20000)")), upTo("CopyInResponse", q("copy x from stdin")),
				all(1, data(strings.Repeat("7", n*1000)+"\n"), data("8\n"), copyDone), all(1, q("select 1")),
			} {
				client.hold(s)
			}
		})
	}
	for _, c := range conversations {
		if !strings.HasPrefix(c.name, "a great") {
			r.write(t, w, c.name, func(client *raw) {
				for _, s := range c.steps {
					client.hold(s)
				}
			})
		}
	}
	for name, says := range copies() {
		if strings.Contains(name, "1 Syncs") && (strings.HasPrefix(name, "simple,") || strings.HasPrefix(name, "extended,")) {
			r.write(t, w, "around a COPY, "+name, func(client *raw) { client.round([]saying{says}, false) })
		}
	}
}

// write records what a client says.
func (r *recorder) write(t *testing.T, w world, title string, speak func(*raw)) {
	if err := w.server.Exec(t.Context(), w.database, "drop table if exists x; create table x (a int primary key)"); err != nil {
		t.Fatal(err)
	}
	client := w.login(t)
	client.conn = recording{client.conn, r}
	client.frontend = pgproto3.NewFrontend(client.conn, client.conn)
	r.turn(true)
	speak(client)
	text := writeRecorded(title, r.turn(false))
	_ = client.conn.Close()
	w.quiet(t)
	name := strings.Trim(regexp.MustCompile("[^a-z0-9]+").ReplaceAllString(strings.ToLower(title), "_"), "_")
	if err := os.WriteFile(filepath.Join("protocol/testdata/recorded", name+".txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// said is a message, and with which of the events it was said.
type said struct {
	event int
	text  string
}

// writeRecorded writes a conversation as protocol/testdata/recorded has it.
func writeRecorded(title string, events []recorded) string {
	var b strings.Builder
	b.WriteString("# " + title + "\n")
	clients := marked(messagesOf(events, transcript.Client, false), messagesOf(events, transcript.Client, true))
	servers := marked(messagesOf(events, transcript.Server, false), messagesOf(events, transcript.Server, true))
	last := ""
	write := func(who string, m []said) []said {
		if len(m) > 0 && last != who {
			b.WriteString(who + "\n")
			last = who
		}
		b.WriteString(m[0].text + "\n")
		return m[1:]
	}
	for len(clients) > 0 || len(servers) > 0 {
		if len(servers) == 0 || len(clients) > 0 && clients[0].event < servers[0].event {
			clients = write("client", clients)
		} else {
			servers = write("server", servers)
		}
	}
	return b.String()
}

// messagesOf are the messages in one of the four streams, each with the event in which it is whole.
func messagesOf(events []recorded, side *transcript.Side, told bool) (all []said) {
	var rest []byte
	for i, e := range events {
		if e.side != side || e.told != told {
			continue
		}
		rest = append(rest, e.b...)
		for {
			m, ok, _ := wire.Frame(rest, 1<<30)
			if !ok || m.Missing > 0 {
				break
			}
			all = append(all, said{i, side.Write(lasting(side, m))})
			rest = rest[len(m.Raw):]
		}
	}
	return all
}

// lasting leaves out of a message what differs from one server to the next: where in PostgreSQL's source an error was
// raised, and which table a column is of.
func lasting(side *transcript.Side, m wire.Message) []byte {
	switch {
	case side == transcript.Client:
	case m.Type == wire.ErrorResponse || m.Type == wire.Notice:
		var fields []byte
		for rest := m.Body(); len(rest) > 1; {
			value, after, _ := wire.CString(rest[1:])
			if strings.IndexByte("SVCMDH", rest[0]) >= 0 {
				fields = append(fields, rest[:1+len(value)+1]...)
			}
			rest = after
		}
		return wire.Append(nil, m.Type, append(fields, 0))
	case m.Type == wire.RowDescription:
		b := bytes.Clone(m.Raw)
		at := b[wire.HeaderLen+2:]
		for range binary.BigEndian.Uint16(b[wire.HeaderLen:]) {
			at = at[bytes.IndexByte(at, 0)+1:]
			clear(at[:6])
			at = at[18:]
		}
		return b
	}
	return m.Raw
}

// marked are the messages that were said and those that the other end was told, in order: "-" marks what was kept from
// it, "+" what the gateway has made up.
func marked(said, told []said) (all []said) {
	same := make([][]int, len(said)+1) // the length of the longest common rest
	for i := range same {
		same[i] = make([]int, len(told)+1)
	}
	for i := len(said) - 1; i >= 0; i-- {
		for k := len(told) - 1; k >= 0; k-- {
			if same[i][k] = max(same[i+1][k], same[i][k+1]); said[i].text == told[k].text {
				same[i][k] = same[i+1][k+1] + 1
			}
		}
	}
	i, k := 0, 0
	for i < len(said) || k < len(told) {
		switch {
		case i < len(said) && k < len(told) && said[i].text == told[k].text:
			said[i].text = "  " + said[i].text
			all = append(all, said[i])
			i, k = i+1, k+1
		case k == len(told) || i < len(said) && same[i+1][k] >= same[i][k+1]:
			said[i].text = "- " + said[i].text
			all = append(all, said[i])
			i++
		default:
			m := told[k]
			m.text = "+ " + m.text
			if i < len(said) {
				m.event = said[i].event
			}
			all = append(all, m)
			k++
		}
	}
	return all
}
