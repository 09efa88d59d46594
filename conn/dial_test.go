package conn_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/testkit"
)

func TestClassifySaysWhoseMatterAFailureIs(t *testing.T) {
	for code, want := range map[string]messages.Cause{
		"28P01": messages.Denied, "28000": messages.Denied, "3D000": messages.Denied,
		"53300": messages.Crowded, "57P03": messages.Refused, "XX000": messages.Refused,
	} {
		err := fmt.Errorf("connect: %w", &pgconn.PgError{Code: code})
		if got := conn.Classify(err); got != want {
			t.Errorf("%s is %v, want %v", code, got, want)
		}
	}
	if got := conn.Classify(&net.OpError{Op: "dial", Err: errors.New("refused")}); got != messages.Refused {
		t.Errorf("a refused connection is %v", got)
	}
}

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
