package main_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/testkit"
)

// daemon is the program at work, with what it says.
type daemon struct {
	*testing.T
	cmd    *exec.Cmd
	listen string
	ended  chan error

	mu   sync.Mutex
	said bytes.Buffer
	more chan struct{} // something was said
}

func (d *daemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
	return d.said.Write(p)
}

// serve runs a topology: a node for the server, a pool of it, and what is added to the gateway.
func serve(t *testing.T, server *testkit.Server, gateway string) *daemon {
	t.Helper()
	return serveBy(t, server, gateway, program)
}

// serveBy runs it by way of another program.
func serveBy(t *testing.T, server *testkit.Server, gateway string, command ...string) *daemon {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	_ = l.Close()
	file := filepath.Join(t.TempDir(), "topology.hcl")
	topology := fmt.Sprintf(`node "main" {
  host = %q
  port = %d
  user = %q
  password = %q
}
pool "default" {
  node = node.main
  database = "postgres"
  size = 4
}
gateway {
  listen = [%q]
  auth = "trust"
  %s
}
`, server.Host(), server.Port(), server.User(), server.Password(), listen, gateway)
	if err := os.WriteFile(file, []byte(topology), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &daemon{T: t, listen: listen, ended: make(chan error, 1), more: make(chan struct{}, 1)}
	d.cmd = exec.CommandContext(t.Context(), command[0], append(command[1:], "run", "-f", file)...)
	d.cmd.Stderr = d
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.ended <- d.cmd.Wait() }()
	d.says("listening")
	return d
}

// says waits until the daemon has said something.
func (d *daemon) says(what string) {
	d.Helper()
	patience := time.After(30 * time.Second)
	for {
		d.mu.Lock()
		said := d.said.String()
		d.mu.Unlock()
		if strings.Contains(said, what) {
			return
		}
		select {
		case <-d.more:
		case err := <-d.ended:
			d.Fatalf("it ended (%v) and did not say %q:\n%s", err, what, said)
		case <-patience:
			d.Fatalf("it does not say %q:\n%s", what, said)
		}
	}
}

func (d *daemon) signal(s os.Signal) {
	d.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.Fatal(err)
	}
}

// ends waits until the daemon has ended, and returns its exit code.
func (d *daemon) ends() int {
	d.Helper()
	select {
	case err := <-d.ended:
		d.Logf("it ended: %v", err)
	case <-time.After(30 * time.Second):
		d.Fatalf("it does not end:\n%s", d.said.String())
	}
	return d.cmd.ProcessState.ExitCode()
}

func (d *daemon) connect() *pgx.Conn {
	d.Helper()
	c, err := pgx.Connect(d.Context(), "postgres://dev@"+d.listen+"/default?sslmode=disable&default_query_exec_mode=simple_protocol")
	if err != nil {
		d.Fatal(err)
	}
	return c
}

func TestAHangUpIsLoggedAndTheDaemonGoesOn(t *testing.T) {
	d := serve(t, testkit.Postgres(t), "")
	d.signal(syscall.SIGHUP)
	d.says("can't be reloaded")
	var n int
	if err := d.connect().QueryRow(t.Context(), "select 1").Scan(&n); err != nil {
		t.Error(err)
	}
	d.signal(syscall.SIGTERM)
	if code := d.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestTheDaemonEndsInTimeThoughItsServerIsFrozen(t *testing.T) {
	server := testkit.Postgres(t)
	d := serve(t, server, `drain_timeout = "500ms"`)
	busy := d.connect().PgConn()
	for range 2 {
		if _, err := d.connect().Exec(t.Context(), "begin"); err != nil {
			t.Fatal(err)
		}
	}
	if err := busy.Conn().SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	busy.Frontend().SendQuery(&pgproto3.Query{String: "select pg_sleep(600)"})
	if err := busy.Frontend().Flush(); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := server.QueryValue(t.Context(), "postgres", "select count(*)::text from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'")
		if err != nil {
			t.Fatal(err)
		}
		if n == "1" {
			break
		}
	}
	var n int
	if err := d.connect().QueryRow(t.Context(), "select 1").Scan(&n); err != nil { // its backend is idle then
		t.Fatal(err)
	}
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	defer server.Thaw()
	began := time.Now()
	d.signal(syscall.SIGTERM)
	if code := d.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestASecondSignalEndsTheDaemonAtOnce(t *testing.T) {
	d := serve(t, testkit.Postgres(t), `drain_timeout = "10m"`)
	if _, err := d.connect().Exec(t.Context(), "begin"); err != nil {
		t.Fatal(err)
	}
	d.signal(syscall.SIGTERM)
	d.says("shutting down")
	d.signal(os.Interrupt)
	if code := d.ends(); code != 1 {
		t.Errorf("exit code %d", code)
	}
}

func TestAFileWithAPasswordThatEverybodyCanReadIsRemarkedUpon(t *testing.T) {
	file := filepath.Join(t.TempDir(), "topology.hcl")
	if err := os.WriteFile(file, []byte("node \"n\" {\n  password = \"secret-word\"\n}\npool \"p\" {\n  node = node.n\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, warned := range map[os.FileMode]bool{0o644: true, 0o640: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		_, errs, code := run(t, "check", file)
		if code != 0 || strings.Contains(errs, "every user of this machine") != warned || strings.Contains(errs, "secret-word") {
			t.Errorf("%v: %d, %s", mode, code, errs)
		}
	}
}

func TestALimitOfOpenFilesThatDoesNotCarryTheClientsIsWarnedOfAndBackendsHaveTheirs(t *testing.T) {
	server := testkit.Postgres(t)
	d := serveBy(t, server, "max_clients = 1000", "sh", "-c", `ulimit -n 100 && exec "$0" "$@"`, program)
	d.says("does not carry all the clients")
	var silent []net.Conn
	defer func() {
		for _, c := range silent {
			_ = c.Close()
		}
	}()
	for range 300 {
		c, err := net.Dial("tcp", d.listen)
		if err != nil {
			t.Fatal(err)
		}
		silent = append(silent, c)
	}
	d.says("a connection was declined")
	var n int
	for { // those that are silent have their grace first
		c, err := pgx.Connect(t.Context(), "postgres://dev@"+d.listen+"/default?sslmode=disable&default_query_exec_mode=simple_protocol")
		if err != nil {
			if !strings.Contains(err.Error(), "53300") {
				t.Fatal(err)
			}
			continue
		}
		if err := c.QueryRow(t.Context(), "select 1").Scan(&n); err != nil {
			t.Error(err)
		}
		break
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if said := d.said.String(); strings.Contains(said, "node can't be connected to") {
		t.Error(said)
	}
}
