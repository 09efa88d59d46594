package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// load starts goroutines that query without pause until stop is called, which returns how
// many queries succeeded; one that fails fails the test.
func load(t *testing.T, p *supervisor.Pool, goroutines int) (stop func() int64) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var served atomic.Int64
	for range goroutines {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := checked(t.Context(), p, "select 'x'"); err != nil {
					t.Errorf("under load: %v", err)
					return
				}
				served.Add(1)
			}
		})
	}
	return func() int64 {
		cancel()
		wg.Wait()
		return served.Load()
	}
}

// New credentials are taken up when one backend was opened with them; until then,
// and if they are wrong, the old ones stay.
func TestScenario27_ABadPasswordIsRotated(t *testing.T) {
	server := testkit.Postgres(t, testkit.ServerOptions{Auth: "scram-sha-256", Password: "old-secret"})
	p := pool(t, system(t, server, "postgres", func(_ *config.Node, p *config.Pool) { p.Size, p.MinIdle = 3, 2 }))
	eventually(t, "two idle backends", func() bool { return p.Stats().Idle == 2 })
	stop := load(t, p, 3)
	err := p.Rotate(t.Context(), "", "wrong-secret")
	if !errors.Is(err, supervisor.ErrRotation) || !testkit.IsSQLState(err, "28P01") || strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("rotated to a wrong password: %v", err)
	}
	if g := p.Snapshot().Generation; g != 1 {
		t.Errorf("generation %d after a rotation that failed", g)
	}
	held, b := lease(t, p)
	pid := b.PID()
	on(t, b, "alter role current_user password 'new-secret'")
	if err := p.Rotate(t.Context(), "", "new-secret"); err != nil {
		t.Fatal(err)
	}
	on(t, b, "select 'a leased backend is left alone'")
	held.Release()
	eventually(t, "all are replaced", func() bool {
		for i := range p.Slots().Len() {
			if b := p.Slots().Backend(i); b != nil && b.PID() == pid {
				return false
			}
		}
		return p.Snapshot().Generation == 2
	})
	stop()
	if p.Config().Password != "new-secret" {
		t.Error("the pool still has the old password")
	}
	if _, err := p.ClearIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := query(t.Context(), p, "select 'x'"); err != nil {
		t.Errorf("with the new password: %v", err)
	}
	testkit.CheckNoLeases(t, p)
}

// A pool grows and shrinks under load, and never has more backends than the limit
// that holds when they are opened.
func TestScenario28_ThePoolIsResizedLive(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 2 }))
	stop := load(t, p, 12)
	for _, size := range []int{40, 3, 20, 1} {
		if err := p.Resize(size, 0); err != nil {
			t.Fatal(err)
		}
		eventually(t, fmt.Sprintf("%d backends at most, and that many if wanted", size), func() bool {
			st := p.Stats()
			return st.HardLimit == size && st.Size <= size && st.Size >= min(size, 4)
		})
		for range 20 {
			if backends, err := server.Backends(t.Context(), alone(database)); err != nil || len(backends) > size {
				t.Fatalf("%d backends in a pool of %d, %v", len(backends), size, err)
			}
		}
	}
	stop()
	if err := p.Resize(0, 0); err == nil || p.Stats().HardLimit != 1 {
		t.Errorf("resized to nothing: %v, %+v", err, p.Stats())
	}
	testkit.CheckNoLeases(t, p)
}

// When Invalidate has returned nobody is lent a backend of before, also while others
// acquire and release all the time.
func TestWhatWasInvalidatedIsNotLentAnyMore(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size, p.MinIdle = 8, 8 }))
	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for range 3 {
		others.Go(func() {
			for ctx.Err() == nil {
				if _, err := query(t.Context(), p, "select 'x'"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 20 {
		eventually(t, "some are idle", func() bool { return p.Stats().Idle > 0 })
		before := make(map[uint32]bool)
		for i := range p.Slots().Len() {
			if b := p.Slots().Backend(i); b != nil {
				before[b.PID()] = true
			}
		}
		p.Invalidate(supervisor.Soft)
		l, b := lease(t, p)
		if before[b.PID()] {
			t.Error("a backend of before is lent")
		}
		l.Release()
	}
	stop()
	others.Wait()
	if n := p.Stats(); n.Size > 8 {
		t.Errorf("%+v", n)
	}
}

func TestALeaseThatWasRevokedIsNotUsedAnyMore(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 1 }))
	for range 20 {
		l, _ := lease(t, p)
		p.RevokeLease(l.Identity())
		var stale *conn.StaleLeaseError
		if _, err := l.Backend(); !errors.As(err, &stale) || !stale.Revoked {
			t.Errorf("%v", err)
		}
		l.Release()
	}
	eventually(t, "all was heard", func() bool { return p.Snapshot().Restarts >= 19 })
	if n := p.LateReleases(); n != 0 {
		t.Errorf("%d releases are told as misuse", n)
	}
}
