package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// lease acquires a backend.
func lease(t testing.TB, p *supervisor.Pool) (conn.Lease, *conn.Backend) {
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

// on runs SQL on a leased backend.
func on(t testing.TB, b *conn.Backend, sql string) {
	t.Helper()
	if _, err := b.Conn().Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// alone are the backends of a pool on a database of its own.
func alone(database string) string {
	return fmt.Sprintf("datname = '%s' and application_name = 'unoactor'", database)
}

// An idle backend that was killed is found out before it is lent, and replaced.
func TestScenario01_AnIdleBackendIsKilled(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 1 }))
	l, b := lease(t, p)
	pid := b.PID()
	l.Release()
	if n, err := server.TerminateBackends(t.Context(), fmt.Sprintf("pid = %d", pid)); err != nil || n != 1 {
		t.Fatalf("terminated %d: %v", n, err)
	}
	for range 5 {
		l, b := lease(t, p)
		if !l.Check() {
			continue // as statements of the embedded face do: nothing was sent yet
		}
		if b.PID() == pid {
			t.Fatal("the dead backend was lent")
		}
		on(t, b, "select 1")
		l.Release()
	}
	if s := p.Snapshot(); s.Restarts != 1 || s.Slots[0].Incarnation != 2 || s.Slots[0].Causes[messages.HungUp] != 1 {
		t.Errorf("one reconnect was to be: %+v", s.Slots[0])
	}
	testkit.CheckNoLeases(t, p)
}

// A backend that is killed in a transaction is told to its holder with the
// server's own words, and nothing is run again.
func TestScenario02_ABackendIsKilledInATransaction(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 2 }))
	l, b := lease(t, p)
	on(t, b, "create table t (n int)")
	on(t, b, "begin")
	on(t, b, "insert into t values (1)")
	if _, err := server.TerminateBackends(t.Context(), fmt.Sprintf("pid = %d", b.PID())); err != nil {
		t.Fatal(err)
	}
	_, err := b.Conn().Exec(t.Context(), "insert into t values (2)")
	if !testkit.IsSQLState(err, "57P01") {
		t.Errorf("the holder got %v", err)
	}
	if _, err := b.Conn().Exec(t.Context(), "insert into t values (3)"); err == nil {
		t.Error("the transaction goes on elsewhere")
	}
	l.Release()
	if n, err := query(t.Context(), p, "select count(*)::text from t"); err != nil || n != "0" {
		t.Errorf("%s rows, %v", n, err)
	}
	testkit.CheckNoLeases(t, p)
}

// A restart of the server begins one generation, and costs at most the leases that
// were out.
func TestScenario03_TheServerIsRestarted(t *testing.T) {
	server := testkit.Postgres(t)
	p := pool(t, system(t, server, "postgres", func(_ *config.Node, p *config.Pool) { p.Size, p.MinIdle, p.AcquireTimeout = 6, 6, 20*time.Second }))
	eventually(t, "six idle backends", func() bool { return p.Stats().Idle == 6 })
	const inFlight = 3
	leases := acquireAll(t, p, inFlight)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, l := range leases {
		b, err := l.Backend()
		if err == nil {
			_, err = b.Conn().Exec(t.Context(), "select 1")
		}
		if err != nil {
			failed++
		}
		l.Release()
	}
	for range 20 {
		if _, err := checked(t.Context(), p, "select 'x'"); err != nil {
			failed++
			t.Log(err)
		}
	}
	if failed > inFlight {
		t.Errorf("%d failed, with %d leases in flight", failed, inFlight)
	}
	eventually(t, "all are back", func() bool { st := p.Stats(); return st.Idle == 6 && st.Busy == 0 })
	if g := p.Snapshot().Generation; g != 2 {
		t.Errorf("generation %d, want 2: one restart", g)
	}
	testkit.CheckNoLeases(t, p)
}

// checked is query on a backend to which the server has not hung up.
func checked(ctx context.Context, p *supervisor.Pool, sql string) (string, error) {
	for {
		l, err := p.Acquire(ctx)
		if err != nil {
			return "", err
		}
		if !l.Check() {
			continue
		}
		defer l.Release()
		b, err := l.Backend()
		if err != nil {
			return "", err
		}
		var s string
		err = b.Conn().QueryRow(ctx, sql).Scan(&s)
		return s, err
	}
}

// A backend whose packets vanish is found out by its ping within validate_timeout,
// and who waits gets a healthy one within his deadline.
func TestScenario04_AnIdleSocketIsBlackHoled(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	p := pool(t, system(t, server, database, func(n *config.Node, p *config.Pool) {
		n.Port = uint16(proxy.Port())
		n.ConnectTimeout = 500 * time.Millisecond
		p.Size, p.ValidateAfterIdle, p.ValidateTimeout, p.AcquireTimeout = 1, 40*time.Millisecond, 100*time.Millisecond, 10*time.Second
	}))
	l, b := lease(t, p)
	pid := b.PID()
	l.Release()
	proxy.BlackHole()
	eventually(t, "it has been idle for long", func() bool { return time.Since(b.Proven()) > 200*time.Millisecond })
	served := make(chan error, 1)
	go func() { _, err := query(t.Context(), p, "select 'x'"); served <- err }()
	eventually(t, "the silent one is given up", func() bool { return p.Snapshot().Slots[0].Causes[messages.Silent] == 1 })
	if err := proxy.Pass(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if b := p.Slots().Backend(0); b == nil || b.PID() == pid {
		t.Error("the silent backend is still there")
	}
	testkit.CheckNoLeases(t, p)
}

// While a node refuses, one attempt is made at a time, after a growing, jittered,
// capped wait, for all pools on it; who waits learns the cause.
func TestScenario05_ConnectionsAreRefused(t *testing.T) {
	server := testkit.Postgres(t)
	proxy := testkit.NewProxy(t, server.Addr())
	n := config.Node{Name: "main", Host: server.Host(), Port: uint16(proxy.Port()), User: server.User(), Database: "postgres"}
	s, err := supervisor.Start(config.Topology{Nodes: []config.Node{n}, Gateway: config.Gateway{Auth: config.Trust}, Pools: []config.Pool{
		{Name: "default", Node: "main", Size: 8, MinIdle: 8, AcquireTimeout: time.Second}, {Name: "other", Node: "main", Size: 8, MinIdle: 8},
	}}, supervisor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	p := pool(t, s)
	eventually(t, "sixteen backends", func() bool {
		other, err := s.Pool("other")
		return err == nil && p.Stats().Idle == 8 && other.Stats().Idle == 8
	})
	if err := proxy.Refuse(); err != nil {
		t.Fatal(err)
	}
	proxy.Reset()
	eventually(t, "the node is down, and one tries at a time", func() bool {
		n := s.Snapshot().Nodes[0]
		return !n.Up && n.Failures > 3 && n.Dialing <= 1
	})
	for range 3 {
		n := s.Snapshot().Nodes[0]
		if wait := time.Until(n.Next); n.Dialing > 1 || wait > 15*time.Second || n.Failures > 12 {
			t.Errorf("%d dial, the next in %v, after %d failures", n.Dialing, wait, n.Failures)
		}
		_, err = p.Acquire(t.Context())
		var acquire *conn.AcquireError
		if !errors.Is(err, conn.ErrTimeout) || !errors.As(err, &acquire) || acquire.LastFailure == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("who waits learns: %v", err)
		}
	}
	if err := proxy.Pass(); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	for _, p := range s.Pools() {
		if _, err := checked(t.Context(), p, "select 'x'"); err != nil && !errors.Is(err, conn.ErrTimeout) {
			t.Error(err)
		}
	}
	eventually(t, "all are open again", func() bool { return p.Stats().Idle == 8 })
	if took := time.Since(back); took > outage {
		t.Errorf("it took %v", took)
	}
}

// A pool with a wrong password backs off, and neither storms the server nor
// touches others.
func TestScenario06_AuthenticationFails(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{Auth: "scram-sha-256", Password: "right"})
	proxy := testkit.NewProxy(t, server.Addr())
	good := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Password: "right", Database: "postgres",
		TLS: config.TLS{Mode: "disable"}} // or each attempt is two
	bad := good
	bad.Name, bad.Port, bad.BackoffMin, bad.BackoffMax = "counted", uint16(proxy.Port()), time.Hour, time.Hour
	s, err := supervisor.Start(config.Topology{Nodes: []config.Node{good, bad}, Gateway: config.Gateway{Auth: config.Trust}, Pools: []config.Pool{
		{Name: "default", Node: "main", Size: 2}, {Name: "bad", Node: "counted", Size: 8, MinIdle: 8, Password: "wrong-secret"},
	}}, supervisor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	denied, err := s.Pool("bad")
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if _, err := denied.Acquire(t.Context()); !errors.Is(err, conn.ErrDenied) || !testkit.IsSQLState(err, "28P01") || strings.Contains(err.Error(), "wrong-secret") {
			t.Fatalf("%v", err)
		}
	}
	if n := proxy.Stats().Accepted; n > 8 {
		t.Errorf("%d attempts: a storm", n)
	}
	if _, err := query(t.Context(), pool(t, s), "select 'x'"); err != nil {
		t.Errorf("the other pool: %v", err)
	}
}

// A server that has no room is asked ever less often; the pool lives on with the
// backends it got, and grows when there is room again.
func TestScenario07_TooManyConnections(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{Parameters: map[string]string{"max_connections": "12", "superuser_reserved_connections": "3"}})
	admin, err := server.Config("postgres")
	if err != nil {
		t.Fatal(err)
	}
	root, err := pgx.ConnectConfig(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close(context.Background())
	if _, err := root.Exec(t.Context(), "create role app login"); err != nil {
		t.Fatal(err)
	}
	s := system(t, server, "postgres", func(n *config.Node, p *config.Pool) {
		n.User, n.Password = "app", ""
		p.Size, p.AcquireTimeout = 20, 300*time.Millisecond
	})
	p := pool(t, s)
	var leases []conn.Lease
	for {
		var l conn.Lease
		if l, err = p.Acquire(t.Context()); err != nil {
			break
		}
		leases = append(leases, l)
	}
	if !errors.Is(err, conn.ErrTimeout) || !testkit.IsSQLState(err, "53300") || len(leases) < 7 {
		t.Errorf("with %d leases: %v", len(leases), err)
	}
	if n := s.Snapshot().Nodes[0]; n.Cause != messages.Crowded || n.Dialing > 1 {
		t.Errorf("node: %+v", n)
	}
	for _, l := range leases {
		l.Release()
	}
	for range 50 {
		if _, err := query(t.Context(), p, "select 'x'"); err != nil {
			t.Errorf("with what it has: %v", err)
		}
	}
	for _, set := range []string{"alter system set superuser_reserved_connections = 0", "alter system set max_connections = 40"} {
		if _, err := root.Exec(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	root.Close(context.Background())
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has all that it wants", func() bool {
		var got []conn.Lease
		defer func() {
			for _, l := range got {
				l.Release()
			}
		}()
		for range 20 {
			l, err := p.Acquire(t.Context())
			if err != nil {
				return false
			}
			got = append(got, l)
		}
		return true
	})
	testkit.CheckNoLeases(t, p)
}

// A server that is starting up is asked again until it is up, and who waits is
// served then.
func TestScenario08_TheServerIsStartingUp(t *testing.T) {
	server := testkit.Postgres(t)
	p := pool(t, system(t, server, "postgres", func(_ *config.Node, p *config.Pool) { p.Size, p.AcquireTimeout = 4, 30*time.Second }))
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	const callers = 8
	var wg sync.WaitGroup
	var served atomic.Int64
	for range callers {
		wg.Go(func() {
			if _, err := query(t.Context(), p, "select 'x'"); err != nil {
				t.Error(err)
			} else {
				served.Add(1)
			}
		})
	}
	eventually(t, "all wait", func() bool { return p.Stats().Waiting == callers })
	if err := server.Start(t.Context()); err != nil { // recovers first, and says 57P03 meanwhile
		t.Fatal(err)
	}
	wg.Wait()
	if served.Load() != callers || p.Stats().Timeouts != 0 {
		t.Errorf("%d of %d served, %+v", served.Load(), callers, p.Stats())
	}
	testkit.CheckNoLeases(t, p)
}
