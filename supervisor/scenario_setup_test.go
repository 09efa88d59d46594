package supervisor_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// bLog is a log that can be read while it is written.
type bLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *bLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *bLog) has(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), s)
}

func (l *bLog) logger() hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Output: l, Level: hclog.Debug})
}

// bStart starts a tree of one pool on a server, and closes it when the test ends.
// Its backends call themselves by the database's name.
func bStart(t testing.TB, server *testkit.Server, database string, o supervisor.Options, change func(*config.Node, *config.Pool)) (*supervisor.System, *supervisor.Pool) {
	t.Helper()
	s, p := bOpen(t, server, database, o, change)
	t.Cleanup(func() { bClose(t, s) })
	return s, p
}

// bOpen is bStart for a tree that the test closes.
func bOpen(t testing.TB, server *testkit.Server, database string, o supervisor.Options, change func(*config.Node, *config.Pool)) (*supervisor.System, *supervisor.Pool) {
	t.Helper()
	n := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
		Password: config.Secret(server.Password()), Database: database, BackoffMin: 20 * time.Millisecond, BackoffMax: 200 * time.Millisecond}
	p := config.Pool{Name: "default", Node: "main", Size: 4, Runtime: map[string]string{"application_name": database}}
	change(&n, &p)
	s := bRun(t, n, p, o)
	t.Cleanup(func() { _ = s.Close(context.Background()) }) // if the test failed before it did
	return s, pool(t, s)
}

func bRun(t testing.TB, n config.Node, p config.Pool, o supervisor.Options) *supervisor.System {
	t.Helper()
	s, err := supervisor.Start(config.Topology{
		Nodes: []config.Node{n}, Pools: []config.Pool{p}, Gateway: config.Gateway{Auth: config.Trust},
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bClose closes a tree of which no lease may be out.
func bClose(t testing.TB, s *supervisor.System) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// bLease acquires a backend.
func bLease(t testing.TB, p *supervisor.Pool) (conn.Lease, *conn.Backend) {
	t.Helper()
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Backend()
	if err != nil {
		t.Fatal(err)
	}
	return l, b
}

// bExec runs SQL on a leased backend.
func bExec(t testing.TB, b *conn.Backend, sql string) {
	t.Helper()
	if _, err := b.Conn().Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// bOurs is the condition on pg_stat_activity for the backends of bStart's pool.
func bOurs(database string) string { return fmt.Sprintf("application_name = '%s'", database) }

// bBubble runs a test on a pool of a scripted server, where time passes when
// everybody waits. What a bubble left in the process's free lists belongs to it:
// nobody else may get it.
func bBubble(t *testing.T, server *bServer, change func(*config.Node, *config.Pool), test func(*testing.T, *supervisor.System, *supervisor.Pool)) {
	t.Helper()
	forget := func() { runtime.GC(); runtime.GC() }
	forget()
	t.Cleanup(forget)
	// On several processors at once the race detector of Go 1.26 crashes now and
	// then in the timers of a bubble.
	procs := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(procs) })
	synctest.Test(t, func(t *testing.T) {
		fake := server.fake()
		n := config.Node{Name: "main", User: "fake", Database: "fake", TLS: config.TLS{Mode: "disable"}}
		p := config.Pool{Name: "default", Node: "main", Size: 4}
		change(&n, &p)
		s := bRun(t, n, p, supervisor.Options{Dialer: func(config.Pool) conn.DialerOptions { return conn.DialerOptions{Dial: fake.Dial} }})
		lender := pool(t, s)
		test(t, s, lender)
		testkit.CheckNoLeases(t, lender)
		_ = s.Close(context.Background()) // what it says is looked at by the tests about it
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
	})
}
