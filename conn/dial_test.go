package conn_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/testkit"
)

func TestADialErrorIsOneLineAndKeepsTheSecret(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{Auth: testkit.AuthSCRAM, Password: "right"})
	for name, c := range map[string]struct {
		port     int
		password config.Secret
		want     string
	}{
		"wrong password": {server.Port(), "hunter2 ' \\ x", "password authentication failed"},
		"nobody there":   {1, "hunter2", "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			top := config.Topology{
				Nodes: []config.Node{{Name: "main", Port: uint16(c.port), User: "postgres", Password: c.password, Database: "postgres"}},
				Pools: []config.Pool{{Name: "default", Node: "main", Size: 1}},
			}.Complete()
			d, err := conn.NewDialer(top.Nodes[0], top.Pools[0], conn.DialerOptions{})
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.Dial(t.Context(), 1)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "hunter2") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAServerThatDoesNotAnswerIsGivenUpInTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	top := config.Topology{
		Nodes: []config.Node{{Name: "main", Port: uint16(l.Addr().(*net.TCPAddr).Port), User: "x", ConnectTimeout: 50 * time.Millisecond}},
		Pools: []config.Pool{{Name: "default", Node: "main", Size: 1}},
	}.Complete()
	d, err := conn.NewDialer(top.Nodes[0], top.Pools[0], conn.DialerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Dial(t.Context(), 1); err == nil || conn.Classify(err) != messages.Refused {
		t.Errorf("got %v", err)
	}
}

func TestTheEnvironmentChangesNothing(t *testing.T) {
	t.Setenv("PGAPPNAME", "from the environment")
	t.Setenv("PGOPTIONS", "-c statement_timeout=1")
	t.Setenv("PGDATABASE", "nowhere")
	s, _, _, database := slots(t, 1, nil)
	l, b := acquire(t, s)
	defer l.Release()
	var name, timeout, got string
	err := b.Conn().QueryRow(t.Context(), "select current_setting('application_name'), current_setting('statement_timeout'), current_database()").Scan(&name, &timeout, &got)
	if err != nil || name != "unoactor" || timeout != "0" || got != database {
		t.Errorf("%q %q %q: %v", name, timeout, got, err)
	}
}

// answers makes a dialer whose every attempt talks to a scripted server.
func answers(t *testing.T, change func(*config.Node, *config.Pool, *conn.DialerOptions), script ...testkit.Step) *conn.Dialer {
	t.Helper()
	fake := testkit.NewFake(testkit.Script(script))
	t.Cleanup(func() { _ = fake.Close() }) // what it says of what the script does not know does not matter here
	n, p := config.Node{Name: "main", User: "fake", Password: "hunter2", TLS: config.TLS{Mode: "disable"}}, config.Pool{Name: "default", Node: "main", Size: 1}
	o := conn.DialerOptions{Dial: fake.Dial}
	if change != nil {
		change(&n, &p, &o)
	}
	top := config.Topology{Nodes: []config.Node{n}, Pools: []config.Pool{p}}.Complete()
	d, err := conn.NewDialer(top.Nodes[0], top.Pools[0], o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rows answers one query with rows of so many columns each.
func rows(columns ...int) testkit.Step {
	return func(c *testkit.Conversation) error {
		if _, err := c.Receive(); err != nil {
			return err
		}
		described := &pgproto3.RowDescription{}
		if len(columns) > 0 {
			described.Fields = make([]pgproto3.FieldDescription, columns[0])
		}
		messages := []pgproto3.BackendMessage{described}
		for _, n := range columns {
			messages = append(messages, &pgproto3.DataRow{Values: make([][]byte, n)})
		}
		return c.Send(append(messages, &pgproto3.CommandComplete{CommandTag: []byte("SELECT")}, c.Ready())...)
	}
}

func TestAServerThatAnswersItsFirstQuestionOddlyIsConnectedToAllTheSame(t *testing.T) {
	for name, answer := range map[string]testkit.Step{
		"a column too few": rows(1), "no column": rows(0), "a column too many": rows(3), "two rows": rows(2, 2), "no row": rows(), "rows that differ": rows(2, 1), "no values": rows(2),
	} {
		t.Run(name, func(t *testing.T) {
			b, err := answers(t, nil, testkit.Login(), answer).Dial(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if s := b.Server(); s.Started != 0 || s.ReadOnly {
				t.Errorf("%+v", s)
			}
			b.Drop()
		})
	}
}

// panics is a tracer that panics while somebody connects.
type panics struct{}

func (panics) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (panics) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (panics) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}
func (panics) TraceConnectEnd(context.Context, pgx.TraceConnectEndData) { panic("on purpose") }

func TestAPanicOnTheWayIsAFailedDialAndLeavesNoSocketOpen(t *testing.T) {
	closed := make(chan struct{})
	d := answers(t, func(_ *config.Node, _ *config.Pool, o *conn.DialerOptions) { o.Tracer = panics{} }, testkit.Login(), func(c *testkit.Conversation) error {
		_, err := c.Receive()
		close(closed)
		return err
	})
	_, err := d.Dial(t.Context(), 1)
	if conn.Classify(err) != messages.Crashed || !strings.Contains(err.Error(), "panic: on purpose") || !strings.Contains(conn.StackOf(err), "TraceConnectEnd") {
		t.Errorf("%v, %q", err, conn.StackOf(err))
	}
	<-closed
}

func TestANetworkThatPanicsIsAFailedDial(t *testing.T) {
	d := answers(t, func(_ *config.Node, _ *config.Pool, o *conn.DialerOptions) {
		o.Dial = func(context.Context, string, string) (net.Conn, error) { panic("on purpose") }
	})
	if _, err := d.Dial(t.Context(), 1); conn.Classify(err) != messages.Crashed || conn.StackOf(err) == "" {
		t.Errorf("%v, %q", err, conn.StackOf(err))
	}
}

// asksFor is the network of a server that asks for a password in some way, and notes
// what it gets.
func asksFor(ask pgproto3.BackendMessage, got chan<- string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer ours.Close()
			answer := func() string {
				server := pgproto3.NewBackend(ours, ours)
				if _, err := server.ReceiveStartupMessage(); err != nil {
					return err.Error()
				}
				server.Send(ask)
				if err := server.Flush(); err != nil {
					return err.Error()
				}
				if err := server.SetAuthType(pgproto3.AuthTypeCleartextPassword); err != nil {
					return err.Error()
				}
				m, err := server.Receive()
				p, is := m.(*pgproto3.PasswordMessage)
				if err != nil || !is {
					return ""
				}
				password := p.Password
				server.Send(testkit.Error("FATAL", "28P01", "no"))
				_ = server.Flush() // who does not listen any more has what it wants
				return password
			}
			got <- answer()
		}()
		return theirs, nil
	}
}

func TestNoPasswordIsSentInClearToWhomeverAsksForIt(t *testing.T) {
	clear, md5 := &pgproto3.AuthenticationCleartextPassword{}, &pgproto3.AuthenticationMD5Password{}
	for name, c := range map[string]struct {
		require string
		ask     pgproto3.BackendMessage
		sent    bool
		says    string
	}{
		"in clear":                     {"", clear, false, `in clear text over a connection without TLS`},
		"in clear, allowed":            {"password", clear, true, "28P01"},
		"in clear, one of several":     {"scram-sha-256,password", clear, true, "28P01"},
		"in clear, all but":            {"!md5", clear, true, "28P01"},
		"md5":                          {"", md5, true, "28P01"},
		"md5, not wanted":              {"scram-sha-256", md5, false, `server requested md5 authentication`},
		"md5, not wanted, said so":     {"!md5,!password", md5, false, `server requested md5 authentication`},
		"in clear, none of several":    {"scram-sha-256,md5", clear, false, "server requested password authentication"},
		"nothing, though it is wanted": {"scram-sha-256", &pgproto3.AuthenticationOk{}, false, "did not complete authentication"},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan string, 1)
			d := answers(t, func(n *config.Node, _ *config.Pool, o *conn.DialerOptions) {
				n.RequireAuth, o.Dial = c.require, asksFor(c.ask, got)
			})
			_, err := d.Dial(t.Context(), 1)
			if err == nil || conn.Classify(err) != messages.Denied || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v", err)
			}
			if password := <-got; (password != "") != c.sent {
				t.Errorf("sent %q", password)
			}
		})
	}
}

func TestAServerThatSaysTooMuchBeforeTheLoginIsOverIsGivenUp(t *testing.T) {
	many := make([]pgproto3.BackendMessage, 20_000)
	for i := range many {
		many[i] = &pgproto3.ParameterStatus{Name: fmt.Sprint("name", i), Value: strings.Repeat("x", 100)}
	}
	says := map[string]string{"many parameters": "more than a login takes", "one message": "invalid body length"}
	gigabyte := []byte{'N', 0x3f, 0xff, 0xff, 0xff}
	for name, step := range map[string]testkit.Step{
		"many parameters": testkit.Send(many...), "one message": testkit.SendRaw(gigabyte),
	} {
		t.Run(name, func(t *testing.T) {
			ready := func(c *testkit.Conversation) error { return c.Send(&pgproto3.AuthenticationOk{}) }
			d := answers(t, nil, func(c *testkit.Conversation) error { return errors.Join(ready(c), step(c)) }, testkit.Hang())
			if _, err := d.Dial(t.Context(), 1); err == nil || conn.Classify(err) != messages.Refused || !strings.Contains(err.Error(), says[name]) {
				t.Errorf("%v", err)
			}
		})
	}
}
