package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// bStuck leases a backend and runs a statement on it that lasts, and waits until
// the server has it. The channel gets its error.
func bStuck(t *testing.T, server *testkit.Server, p *supervisor.Pool, sql string) (conn.Lease, <-chan error) {
	t.Helper()
	l, b := bLease(t, p)
	done := make(chan error, 1)
	go func() { _, err := b.Conn().Exec(context.Background(), sql); done <- err }()
	eventually(t, "the statement has begun", func() bool { // a short one may have ended: the server still shows it
		backends, err := server.Backends(t.Context(), fmt.Sprintf("pid = %d and query like '%%pg_sleep%%'", b.PID()))
		return err == nil && len(backends) == 1
	})
	return l, done
}

// A pool that closes refuses at once whoever waits, lets the others finish until
// its deadline, cancels the rest on the server, and leaves nothing behind.
func TestScenario24_DrainWithADeadline(t *testing.T) {
	testkit.CheckGoroutines(t)
	server, database := testkit.Shared(t)
	for name, deadline := range map[string]struct{ pool, context time.Duration }{
		"the pool's":    {300 * time.Millisecond, time.Hour},
		"the context's": {time.Hour, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			sys, p := bOpen(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.DrainTimeout = deadline.pool })
			quick, finished := bStuck(t, server, p, "select pg_sleep(0.1)")
			stuck, cancelled := bStuck(t, server, p, "select pg_sleep(600)")
			silent, b := bLease(t, p)
			bExec(t, b, "begin; create table never ()")
			back, _ := bLease(t, p)
			served := bQueue(t, p, 5)

			ctx, cancel := context.WithTimeout(t.Context(), deadline.context)
			defer cancel()
			closed := make(chan error, 1)
			go func() { closed <- sys.Close(ctx) }()
			for range 5 {
				var a *conn.AcquireError
				if s := <-served; !errors.Is(s.err, conn.ErrClosed) || !errors.As(s.err, &a) || !a.Permanent() {
					t.Errorf("who waited: %v", s.err)
				}
			}
			if len(closed)+len(cancelled) != 0 || p.Stats().Used != 4 {
				t.Errorf("nobody was let finish: %+v", p.Stats())
			}
			if _, err := p.Acquire(t.Context()); !errors.Is(err, conn.ErrClosed) {
				t.Errorf("who came later: %v", err)
			}
			back.Release()
			if err := <-finished; err != nil {
				t.Errorf("a statement that ends in time: %v", err)
			}
			quick.Release()
			err := <-closed
			if err == nil || !strings.Contains(err.Error(), "2 leases were revoked") {
				t.Errorf("close: %v", err)
			}
			if err := <-cancelled; err == nil {
				t.Error("a statement outlived its pool")
			}
			for _, l := range []conn.Lease{stuck, silent} {
				var stale *conn.StaleLeaseError
				if _, err := l.Backend(); !errors.As(err, &stale) || !stale.Revoked {
					t.Errorf("late use: %v", err)
				}
				l.Release()
			}
			if again := sys.Close(t.Context()); again == nil || again.Error() != err.Error() {
				t.Errorf("closed again: %v", again)
			}
			testkit.CheckNoLeases(t, p)
			testkit.CheckNoBackends(t, server, database)
		})
	}
	if n, err := server.QueryValue(t.Context(), database, "select count(*) from pg_class where relname = 'never'"); err != nil || n != "0" {
		t.Errorf("what was not committed is kept: %s, %v", n, err)
	}
}

// A server that answers nobody any more keeps no pool from closing, and no
// goroutine with it, though each goodbye is waited for.
func TestScenario24_DrainOfAServerThatHangs(t *testing.T) {
	server := &bServer{}
	bBubble(t, server, func(_ *config.Node, p *config.Pool) { p.MinIdle, p.DrainTimeout = 4, time.Minute }, func(t *testing.T, s *supervisor.System, p *supervisor.Pool) {
		if err := p.WarmUp(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
		l, b := bLease(t, p)
		server.hang()
		lost := make(chan error, 1)
		go func() { _, err := b.Conn().PgConn().Exec(context.Background(), "select 1").ReadAll(); lost <- err }()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "1 leases were revoked") {
			t.Errorf("close: %v", err)
		}
		if took := time.Since(began); took < 10*time.Second || took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
		if err := <-lost; err == nil {
			t.Error("a statement outlived its pool")
		}
		if _, err := l.Backend(); err == nil {
			t.Error("so did a lease")
		}
		l.Release()
	})
}

// Nobody waits for a deadline when no lease is out.
func TestScenario24_ADrainWithNothingToWaitFor(t *testing.T) {
	bBubble(t, &bServer{}, func(_ *config.Node, p *config.Pool) { p.MinIdle, p.DrainTimeout = 4, time.Hour }, func(t *testing.T, s *supervisor.System, p *supervisor.Pool) {
		if err := p.WarmUp(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
		l, _ := bLease(t, p)
		began := time.Now()
		time.AfterFunc(time.Minute, l.Release)
		if err := s.Close(t.Context()); err != nil || time.Since(began) != time.Minute {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}
