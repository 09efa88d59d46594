package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/testkit"
)

// raw is a client that speaks the protocol itself.
type raw struct {
	testing.TB
	conn       net.Conn
	frontend   *pgproto3.Frontend
	parameters map[string]string
	pid        uint32
	secret     []byte
}

// patience is how long a test waits for an answer.
const patience = 20 * time.Second

func newRaw(t testing.TB, c net.Conn) *raw {
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &raw{TB: t, conn: c, frontend: pgproto3.NewFrontend(c, c), parameters: make(map[string]string)}
}

// dial connects to the gateway without a word.
func (w world) dial(t testing.TB) *raw {
	t.Helper()
	c, err := net.Dial("tcp", net.JoinHostPort(w.host, w.port))
	if err != nil {
		t.Fatal(err)
	}
	return newRaw(t, c)
}

// login connects to the gateway as user dev; parameters are names and values.
func (w world) login(t testing.TB, parameters ...string) *raw {
	t.Helper()
	r := w.dial(t)
	all := map[string]string{"user": "dev", "database": "default"}
	for i := 0; i < len(parameters); i += 2 {
		all[parameters[i]] = parameters[i+1]
	}
	r.send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: all})
	if got := r.hear(1); !strings.HasSuffix(got, "Z:I") {
		t.Fatalf("login: %s", got)
	}
	return r
}

// direct connects to PostgreSQL itself, to compare with; parameters are as for login.
func direct(t testing.TB, server *testkit.Server, database string, parameters ...string) *raw {
	t.Helper()
	c, err := pgconn.ParseConfig(server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(parameters); i += 2 {
		c.RuntimeParams[parameters[i]] = parameters[i+1]
	}
	pg, err := pgconn.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	h, err := pg.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	r := newRaw(t, h.Conn)
	r.pid = h.PID
	return r
}

func (r *raw) send(messages ...pgproto3.FrontendMessage) {
	r.Helper()
	for _, m := range messages {
		r.frontend.Send(m)
	}
	if err := r.frontend.Flush(); err != nil {
		r.Fatal(err)
	}
}

func (r *raw) write(b []byte) {
	r.Helper()
	if _, err := r.conn.Write(b); err != nil {
		r.Fatal(err)
	}
}

// query runs a simple query and returns what hear does.
func (r *raw) query(sql string) string {
	r.Helper()
	r.send(&pgproto3.Query{String: sql})
	return r.hear(1)
}

// hear writes down what comes until the given number of ReadyForQuerys.
func (r *raw) hear(readies int) string {
	r.Helper()
	return r.hearUntil(func(word string) bool {
		if strings.HasPrefix(word, "Z:") {
			readies--
		}
		return readies == 0
	})
}

// hearUntil writes down what comes, in words: the message's type, a colon, and
// what matters of it. It ends with the connection, too.
func (r *raw) hearUntil(last func(word string) bool) string {
	r.Helper()
	var words []string
	for {
		m, err := r.frontend.Receive()
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				r.Fatalf("no more came after %q", strings.Join(words, " "))
			}
			return strings.Join(append(words, "EOF"), " ")
		}
		word := r.word(m)
		if word == "" {
			continue
		}
		words = append(words, word)
		if last(word) {
			return strings.Join(words, " ")
		}
	}
}

func (r *raw) word(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.ParameterStatus:
		r.parameters[m.Name] = m.Value
		return ""
	case *pgproto3.BackendKeyData:
		r.pid, r.secret = m.ProcessID, append([]byte(nil), m.SecretKey...)
		return ""
	case *pgproto3.AuthenticationOk, *pgproto3.NoticeResponse:
		return ""
	case *pgproto3.ErrorResponse:
		if m.Severity == "FATAL" {
			return "FATAL:" + m.Code
		}
		return "E:" + m.Code
	case *pgproto3.ReadyForQuery:
		return "Z:" + string(m.TxStatus)
	case *pgproto3.DataRow:
		var values []string
		for _, v := range m.Values {
			if len(v) > 100 {
				v = fmt.Appendf(nil, "%d_bytes", len(v))
			}
			values = append(values, string(v))
		}
		return "D:" + strings.Join(values, ",")
	case *pgproto3.CommandComplete:
		return "C:" + strings.ReplaceAll(string(m.CommandTag), " ", "_")
	case *pgproto3.RowDescription:
		return "T"
	case *pgproto3.NotificationResponse:
		return "A:" + m.Channel + "," + m.Payload
	case *pgproto3.CopyData:
		return "d:" + strings.TrimSpace(string(m.Data))
	case *pgproto3.NegotiateProtocolVersion:
		return fmt.Sprintf("NegotiateProtocolVersion:%d.%d", m.NewestMinorProtocol>>16, m.NewestMinorProtocol&0xffff)
	case *pgproto3.FunctionCallResponse:
		return "V:" + string(m.Result)
	}
	name := strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
	return name
}

// cancel sends a cancel request with the client's key, or another.
func (w world) cancel(t testing.TB, pid uint32, secret []byte) {
	t.Helper()
	r := w.dial(t)
	r.send(&pgproto3.CancelRequest{ProcessID: pid, SecretKey: secret})
	if _, err := r.conn.Read(make([]byte, 1)); err == nil {
		t.Error("a cancel request is answered")
	}
	_ = r.conn.Close()
}

// quiet waits until nothing is leased or open on the server, which is what a
// client that has gone must leave behind.
func (w world) quiet(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		leased := 0
		for _, p := range w.tree.Snapshot().Pools {
			leased += p.Stats.Used
		}
		if leased == 0 && w.gateway.Stats().Clients == 0 {
			break
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d leased, %+v", leased, w.gateway.Stats())
		case <-time.After(5 * time.Millisecond):
		}
	}
	// What a server's process holds it lets go after its connection was closed.
	here := "datname = (select current_database())"
	for {
		got, err := w.server.QueryValue(ctx, w.database, `select (select count(*) from pg_stat_activity where `+here+` and pid <> pg_backend_pid()
			and backend_type = 'client backend' and state <> 'idle') || ' busy, ' || (select count(*) from pg_locks where pid <> pg_backend_pid()
			and database = (select oid from pg_database where `+here+`)) || ' locks, ' || (select count(*) from pg_prepared_xacts) || ' prepared'`)
		switch {
		case err == nil && got == "0 busy, 0 locks, 0 prepared":
			return
		case ctx.Err() != nil:
			t.Fatalf("left behind: %s", got)
		case err != nil:
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}
