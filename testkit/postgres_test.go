package testkit_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAServerKeepsItsPortAndItsDataOverARestart(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t, testkit.ServerOptions{Databases: []string{"shop's"}})
	port := s.Port()
	must(t, s.Exec(t.Context(), "shop's", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)"))
	must(t, s.Restart(t.Context()))
	if s.Port() != port {
		t.Errorf("port %d became %d", port, s.Port())
	}
	got, err := s.QueryValue(t.Context(), "shop's", "SELECT n FROM kept")
	if err != nil || got != "42" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSettingsWinOverTheKitsOwn(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t, testkit.ServerOptions{Parameters: map[string]string{
		"max_connections": "7", "fsync": "on", "search_path": `"it's", public`,
	}})
	for name, want := range map[string]string{"max_connections": "7", "fsync": "on", "search_path": `"it's", public`} {
		if got, err := s.QueryValue(t.Context(), "", "SHOW "+name); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestPasswordsAreAskedForByTheChosenMethod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		auth   testkit.Auth
		stored string
	}{
		{testkit.AuthSCRAM, "SCRAM-SHA-256$"}, {testkit.AuthMD5, "md5"},
	} {
		t.Run(string(c.auth), func(t *testing.T) {
			t.Parallel()
			s := testkit.Postgres(t, testkit.ServerOptions{
				Auth: c.auth, Roles: []testkit.Role{{Name: "clerk", Password: "it's secret", Attributes: "CREATEDB"}},
			})
			conn := connect(t, s.URLFor("clerk", "it's secret", ""))
			must(t, conn.Ping(t.Context()))
			must(t, connect(t, s.URL("")).Ping(t.Context()))
			_, err := pgx.Connect(t.Context(), s.URLFor("clerk", "wrong", ""))
			if !testkit.IsSQLState(err, "28P01") {
				t.Errorf("wrong password: %v", err)
			}
			got, err := s.QueryValue(t.Context(), "", "SELECT rolpassword FROM pg_authid WHERE rolname = 'clerk'")
			if err != nil || !strings.HasPrefix(got, c.stored) {
				t.Errorf("stored %q, %v", got, err)
			}
		})
	}
}

func TestTLSVerifiesTheServersCertificate(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t, testkit.ServerOptions{TLS: true, HBA: []string{"hostnossl all all all reject"}})
	config, err := s.Config("")
	must(t, err)
	conn, err := pgx.ConnectConfig(t.Context(), config)
	must(t, err)
	defer conn.Close(t.Context())
	var encrypted bool
	must(t, conn.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted))
	if !encrypted {
		t.Error("not encrypted")
	}
	stranger, err := testkit.NewCA()
	must(t, err)
	config.TLSConfig = stranger.ClientConfig("localhost")
	if _, err := pgx.ConnectConfig(t.Context(), config); err == nil {
		t.Error("a stranger's authority was believed")
	}
}

func TestTheServerDoesNotRunAsRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root lends an account")
	}
	s := testkit.Postgres(t)
	info, err := os.Stat(s.SocketDir())
	must(t, err)
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner == 0 || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: owner %d, mode %v", owner, info.Mode())
	}
	got, err := s.QueryValue(t.Context(), "", "SELECT (pg_stat_file('postmaster.pid')).size > 0")
	if err != nil || got != "t" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestATakenPortIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	_, err = testkit.StartServer(t.Context(), testkit.ServerOptions{Port: taken.Addr().(*net.TCPAddr).Port})
	if err == nil || !strings.Contains(err.Error(), "Address already in use") {
		t.Errorf("got %v", err)
	}
}

func TestACancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := testkit.StartServer(ctx, testkit.ServerOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAKilledServerLeavesNoProcessAndRecovers(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t)
	must(t, s.Exec(t.Context(), "", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)"))
	conn := connect(t, s.URL(""))
	family, err := testkit.ServerFamily(s)
	must(t, err)
	if len(family) < 3 {
		t.Fatalf("family %v", family)
	}
	must(t, s.Kill())
	for _, pid := range family {
		if testkit.Alive(pid) {
			t.Errorf("process %d is left", pid)
		}
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("the connection survived")
	}
	must(t, s.Start(t.Context()))
	if got, err := s.QueryValue(t.Context(), "", "SELECT n FROM kept"); err != nil || got != "1" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestClientsOfAKilledServerGetNoMessage(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t)
	for range 3 {
		var ends []chan error
		for range 60 {
			conn := connect(t, s.URL(""))
			end := make(chan error, 1)
			ends = append(ends, end)
			go func() {
				_, err := conn.WaitForNotification(t.Context())
				end <- err
			}()
		}
		must(t, s.Kill())
		for _, end := range ends {
			if err, told := <-end, (*pgconn.PgError)(nil); err == nil || errors.As(err, &told) {
				t.Errorf("a client was told: %v", err)
			}
		}
		must(t, s.Start(t.Context()))
	}
}

func TestAServerThatIsStillShuttingDownIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, stop := range []func(context.Context) error{s.Stop, s.StopImmediate} {
		before := s.PID()
		if err := stop(over); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := s.Start(over); !errors.Is(err, context.Canceled) && s.PID() == before {
			t.Errorf("started within no time: %v", err)
		}
		must(t, s.Start(t.Context()))
		must(t, s.Exec(t.Context(), "", "SELECT 1"))
		if s.PID() == before {
			t.Error("the server that was told to stop is taken for the one that was started")
		}
		must(t, s.Start(t.Context())) // it runs
	}
}

func TestStartClearsTheOrphansOfAPostmasterThatSomebodyKilled(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t)
	busy := connect(t, s.URL("")) // works, and so does not notice that its parent is gone
	answer := make(chan error, 1)
	go func() {
		_, err := busy.Exec(t.Context(), "DO $$ BEGIN LOOP END LOOP; END $$")
		answer <- err
	}()
	waitForBackend(t, s, "state = 'active'")
	must(t, syscall.Kill(s.PID(), syscall.SIGKILL))
	for s.Running() {
		select {
		case err := <-answer:
			t.Fatalf("the busy backend ended: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	must(t, s.Start(t.Context()))
	if err := <-answer; err == nil {
		t.Error("the busy backend was not killed")
	}
}

func waitForBackend(t *testing.T, s *testkit.Server, where string) testkit.BackendInfo {
	t.Helper()
	for {
		rows, err := s.Backends(t.Context(), where)
		must(t, err)
		if len(rows) > 0 {
			return rows[0]
		}
	}
}

func TestAFrozenServerAnswersOnlyAfterThaw(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t)
	conn := connect(t, s.URL(""))
	must(t, conn.Ping(t.Context()))
	must(t, s.Freeze())
	answer := make(chan error, 1)
	go func() { answer <- conn.Ping(t.Context()) }()
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := pgx.Connect(short, s.URL("")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a new connection to a frozen server: %v", err)
	}
	select {
	case err := <-answer:
		t.Fatalf("answered while frozen: %v", err)
	default:
	}
	s.Thaw()
	must(t, <-answer)
}

func TestAFrozenServerCanBeStoppedKilledAndClosed(t *testing.T) {
	t.Parallel()
	s := testkit.Postgres(t)
	must(t, s.Freeze())
	must(t, s.Stop(t.Context()))
	must(t, s.Start(t.Context()))
	must(t, s.Freeze())
	must(t, s.Kill())
	must(t, s.Start(t.Context()))
	must(t, s.StopImmediate(t.Context()))
	must(t, s.Start(t.Context()))
	must(t, s.Freeze()) // and is closed by the test's end
}

func TestCloseRemovesProcessesAndFilesAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	s, err := testkit.StartServer(t.Context(), testkit.ServerOptions{})
	must(t, err)
	pid := s.PID()
	must(t, s.Close())
	must(t, s.Close())
	if testkit.Alive(pid) {
		t.Errorf("process %d is left", pid)
	}
	if _, err := os.Stat(s.SocketDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("directory: %v", err)
	}
	if err := s.Start(t.Context()); !errors.Is(err, testkit.ErrServerClosed) {
		t.Errorf("start after close: %v", err)
	}
}

func TestBackendsAreSeenAndTerminatedByCondition(t *testing.T) {
	t.Parallel()
	s, database := testkit.Shared(t)
	stays := connect(t, s.URL(database)+"&application_name=stays")
	goes := connect(t, s.URL(database)+"&application_name=goes")
	_, err := stays.Exec(t.Context(), "BEGIN")
	must(t, err)
	rows, err := s.Backends(t.Context(), "datname = '"+database+"'")
	must(t, err)
	if len(rows) != 2 || rows[0].Application != "stays" || !rows[0].InTransaction || rows[1].PID != goes.PgConn().PID() {
		t.Errorf("got %v", rows)
	}
	n, err := s.TerminateBackends(t.Context(), "application_name = 'goes'")
	if err != nil || n != 1 {
		t.Errorf("terminated %d, %v", n, err)
	}
	if err := goes.Ping(t.Context()); !testkit.IsSQLState(err, "57P01") {
		t.Errorf("the terminated one: %v", err)
	}
	must(t, stays.Ping(t.Context()))
}

func TestSharedDatabasesAreOnesOwn(t *testing.T) {
	t.Parallel()
	s, first := testkit.Shared(t)
	again, second := testkit.Shared(t)
	if s != again || first == second {
		t.Errorf("servers equal: %v; databases %q and %q", s == again, first, second)
	}
	must(t, s.Exec(t.Context(), first, "CREATE TABLE mine ()"))
	must(t, s.Exec(t.Context(), second, "CREATE TABLE mine ()"))
}
