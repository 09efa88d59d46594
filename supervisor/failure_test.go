package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// eventually waits for a condition that other goroutines bring about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal("test ended")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func query(ctx context.Context, p *supervisor.Pool, sql string) (string, error) {
	l, err := p.Acquire(ctx)
	if err != nil {
		return "", err
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

func TestIdleBackendsThatAreKilledAreRestartedAndNobodySeesIt(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.MinIdle = 4 }))
	eventually(t, "four idle backends", func() bool { return p.Stats().Idle == 4 })
	for round := 1; round <= 2; round++ {
		if n, err := server.TerminateBackends(t.Context(), fmt.Sprintf("datname = '%s' and application_name = 'unoactor'", database)); err != nil || n != 4 {
			t.Fatalf("terminated %d: %v", n, err)
		}
		want := uint64(4 * round)
		eventually(t, "all restarted", func() bool { return p.Snapshot().Restarts == want && p.Stats().Idle == 4 })
		if _, err := query(t.Context(), p, "select 'served'"); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	for _, s := range p.Snapshot().Slots {
		if s.Incarnation != 3 || s.LastCause != messages.HungUp || !strings.Contains(fmt.Sprint(s.LastError), "57P01") {
			t.Errorf("slot %d: incarnation %d, cause %v, error %v", s.Slot, s.Incarnation, s.LastCause, s.LastError)
		}
	}
}

func TestAServerThatIsKilledAndStartedAgainServesEverybodyAgain(t *testing.T) {
	server := testkit.Postgres(t)
	sys := system(t, server, "postgres", func(_ *config.Node, p *config.Pool) { p.MinIdle = 4; p.AcquireTimeout = 300 * time.Millisecond })
	p := pool(t, sys)
	eventually(t, "four idle backends", func() bool { return p.Stats().Idle == 4 })
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Backend()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Conn().Exec(t.Context(), "begin"); err != nil {
		t.Fatal(err)
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Conn().Exec(t.Context(), "select 1"); err == nil {
		t.Error("a statement in a transaction survived its server")
	}
	l.Release()
	eventually(t, "the node is seen to be down", func() bool { return !sys.Snapshot().Nodes[0].Up })
	_, err = query(t.Context(), p, "select 'x'")
	var acquire *conn.AcquireError
	if !errors.As(err, &acquire) || !errors.Is(err, conn.ErrTimeout) || acquire.LastFailure == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("while the server is down: %v", err)
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all backends back", func() bool {
		backends, err := server.Backends(t.Context(), "application_name = 'unoactor'")
		return err == nil && len(backends) == 4 && p.Stats().Idle == 4
	})
	if got, err := query(t.Context(), p, "select 'served'"); err != nil || got != "served" {
		t.Errorf("after the restart: %q, %v", got, err)
	}
	if n := sys.Snapshot().Nodes[0]; !n.Up || n.Err != nil {
		t.Errorf("node: %+v", n)
	}
}

func TestADeniedUserIsToldAtOnceAndOtherPoolsAreUntouched(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{Auth: "scram-sha-256", Password: "right"})
	n := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Password: "right",
		Database: "postgres", BackoffMin: 20 * time.Millisecond, BackoffMax: 100 * time.Millisecond}
	s, err := supervisor.Start(config.Topology{Nodes: []config.Node{n}, Pools: []config.Pool{
		{Name: "good", Node: "main", Size: 2}, {Name: "bad", Node: "main", Size: 2, Password: "wrong-secret"},
	}, Gateway: config.Gateway{Auth: config.Trust}}, supervisor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	bad, _ := s.Pool("bad")
	for range 3 {
		_, err = bad.Acquire(t.Context())
		var pg *pgconn.PgError
		if !errors.Is(err, conn.ErrDenied) || !errors.As(err, &pg) || pg.Code != "28P01" {
			t.Fatalf("got %v", err)
		}
		if strings.Contains(err.Error(), "wrong-secret") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
	good, _ := s.Pool("good")
	if _, err := query(t.Context(), good, "select 'x'"); err != nil {
		t.Errorf("the other pool: %v", err)
	}
	if !s.Snapshot().Nodes[0].Up {
		t.Error("the node counts as down, though it answers")
	}
}

func TestCloseWaitsForLeasesThenRevokesThem(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, func(_ *config.Node, p *config.Pool) { p.DrainTimeout = 50 * time.Millisecond })
	p := pool(t, s)
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, _ := l.Backend()
	running := make(chan error, 1)
	go func() { _, err := b.Conn().Exec(context.Background(), "select pg_sleep(600)"); running <- err }()
	eventually(t, "the statement runs", func() bool {
		backends, err := server.Backends(t.Context(), fmt.Sprintf("datname = '%s' and query like '%%pg_sleep(600)%%' and state = 'active' and application_name = 'unoactor'", database))
		return err == nil && len(backends) == 1
	})
	if err := s.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "1 leases were revoked") {
		t.Errorf("close says %v", err)
	}
	if err := <-running; err == nil {
		t.Error("the statement of a revoked lease succeeded")
	}
	var stale *conn.StaleLeaseError
	if _, err := l.Backend(); !errors.As(err, &stale) {
		t.Errorf("late use: %v", err)
	}
	l.Release()
	if _, err := p.Acquire(t.Context()); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("acquire after close: %v", err)
	}
	testkit.CheckNoBackends(t, server, "unoactor")
}

func TestAPoolSupervisorThatPanicsGoesOn(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.MinIdle = 2 }))
	eventually(t, "two idle backends", func() bool { return p.Stats().Idle == 2 })
	before := p.Snapshot()
	p.PanicNow()
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.Destroy(errors.New("on purpose"))
	eventually(t, "the destroyed backend is replaced", func() bool { return p.Snapshot().Restarts == 1 && p.Stats().Idle >= 2 })
	replaced := 0
	for i, s := range p.Snapshot().Slots {
		if before.Slots[i].Incarnation > 0 && s.Incarnation != before.Slots[i].Incarnation {
			replaced++
		}
	}
	if replaced != 1 {
		t.Errorf("%d connections were replaced, for one that was destroyed", replaced)
	}
}
