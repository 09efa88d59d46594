package gateway_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// needs skips a test about somebody else's program that is not installed here.
func needs(t *testing.T, program, install string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed: %s", program, install)
	}
	return path
}

func both(t *testing.T, f func(*testing.T, world)) {
	for _, mode := range []config.Mode{config.Transaction, config.Session} {
		t.Run(string(mode), func(t *testing.T) {
			server, database := testkit.Shared(t)
			f(t, start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Mode = mode }))
		})
	}
}

func TestPsqlRunsATransactionACopyAndACancel(t *testing.T) {
	psql := needs(t, "psql", "apt-get install postgresql-client")
	both(t, func(t *testing.T, w world) {
		file := filepath.Join(t.TempDir(), "rows")
		out := w.run(t, psql, "-v", "ON_ERROR_STOP=1", "-At",
			"-c", "begin", "-c", "create table x (a int)", "-c", "insert into x select generate_series(1, 100000)", "-c", "commit",
			"-c", "\\copy x to "+file, "-c", "truncate x", "-c", "\\copy x from "+file, "-c", "select 'rows: ' || count(*) from x")
		if !strings.Contains(out, "rows: 100000") {
			t.Error(out)
		}
		cmd := exec.CommandContext(t.Context(), psql, "-c", "select pg_sleep(60)")
		cmd.Env = w.environ()
		var errors strings.Builder
		cmd.Stderr = &errors
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.until(t, "the statement runs", "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'", "1")
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // with an error, that is the point
		if !strings.Contains(errors.String(), "canceling statement due to user request") {
			t.Errorf("psql says %q", errors.String())
		}
	})
}

func TestPsycopgAndAsyncpgRunATransactionACopyAndACancel(t *testing.T) {
	python := "/usr/bin/python3"
	if err := exec.CommandContext(t.Context(), python, "-c", "import psycopg").Run(); err != nil {
		t.Skip("psycopg is not installed: apt-get install python3-psycopg")
	}
	both(t, func(t *testing.T, w world) {
		if out := w.run(t, python, "testdata/clients.py"); !strings.Contains(out, "psycopg passed") || !strings.Contains(out, "asyncpg passed") && !strings.Contains(out, "not installed") {
			t.Error(out)
		}
	})
}

func TestJDBCRunsATransactionACopyAndACancel(t *testing.T) {
	java := needs(t, "java", "apt-get install default-jdk")
	const jar = "/usr/share/java/postgresql.jar"
	if _, err := os.Stat(jar); err != nil {
		t.Skip("pgjdbc is not installed: apt-get install libpostgresql-jdbc-java")
	}
	both(t, func(t *testing.T, w world) {
		url := "jdbc:postgresql://" + w.host + ":" + w.port + "/default?user=dev&sslmode=disable"
		if out := w.run(t, java, "-cp", jar, "testdata/Clients.java", url); !strings.Contains(out, "pgjdbc passed") {
			t.Error(out)
		}
	})
}

func TestPgbenchSeesNoErrorWhenEveryIdleBackendIsKilled(t *testing.T) {
	pgbench := needs(t, "pgbench", "apt-get install postgresql-contrib")
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	w.run(t, pgbench, "-i", "-q")
	for _, protocol := range []string{"simple", "extended"} {
		done := make(chan string, 1)
		go func() { done <- w.run(t, pgbench, "-n", "-S", "-c", "16", "-T", "3", "-M", protocol) }()
		for range 2 {
			w.until(t, "clients are served", "select count(*) > 0 from pg_stat_activity where query like 'SELECT abalance%' and datname = '"+database+"'", "true")
			if _, err := server.TerminateBackends(t.Context(), "datname = '"+database+"' and state = 'idle'"); err != nil {
				t.Fatal(err)
			}
			w.until(t, "all are back", "select count(*) >= 4 from pg_stat_activity where datname = '"+database+"'", "true")
		}
		if out := <-done; !strings.Contains(out, "number of failed transactions: 0 ") || strings.Contains(out, "aborted") {
			t.Error(out)
		}
	}
	restarts := uint64(0)
	for _, p := range w.tree.Snapshot().Pools {
		restarts += p.Restarts
	}
	if restarts < 4 {
		t.Errorf("the tree shows %d restarts", restarts)
	}
	t.Logf("%d restarts, %d requests sent twice", restarts, w.gateway.Stats().Replays)
}

// until waits for what the server answers to a question of the superuser.
func (w world) until(t testing.TB, what, sql, want string) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		var err error
		if got, err = w.server.QueryValue(t.Context(), "postgres", "select ("+sql+")::text"); err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatalf("never happened: %s: %q is not %q", what, got, want)
}
