package supervisor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

func acquireAll(t *testing.T, p *supervisor.Pool, n int) []conn.Lease {
	t.Helper()
	var leases []conn.Lease
	for range n {
		l, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leases = append(leases, l)
	}
	return leases
}

func TestAnAdministratorGetsABackendOfAFullPool(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 2 }))
	leases := acquireAll(t, p, 2)
	l, err := p.AcquirePriority(t.Context(), conn.Admin)
	if err != nil {
		t.Fatal(err)
	}
	if st := p.Stats(); st.Reserve != 1 || st.Size != 2 {
		t.Errorf("%+v", st)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("somebody else got %v", err)
	}
	l.Release()
	eventually(t, "the reserve is closed", func() bool { return p.Stats().Reserve == 0 })
	leases[0].Release()
	l, err = p.AcquirePriority(t.Context(), conn.Admin)
	if err != nil {
		t.Fatal(err)
	}
	if st := p.Stats(); st.Reserve != 0 || st.Size != 2 {
		t.Errorf("a pool with room needs no reserve: %+v", st)
	}
	l.Release()
	leases[1].Release()
}

func TestInvalidatedBackendsAreReplacedSoftlyOrHard(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size, p.MinIdle = 3, 1 }))
	eventually(t, "one is idle", func() bool { return p.Stats().Idle == 1 })
	l := acquireAll(t, p, 1)[0]
	before, err := l.Backend()
	if err != nil {
		t.Fatal(err)
	}
	p.Invalidate(supervisor.Soft)
	eventually(t, "a generation begins", func() bool { return p.Snapshot().Generation == 2 })
	if _, err := before.Conn().Exec(t.Context(), "select 1"); err != nil {
		t.Errorf("a soft invalidation touched a lease: %v", err)
	}
	l.Release()
	eventually(t, "the leased one is gone", func() bool {
		backends, err := server.Backends(t.Context(), "application_name = 'unoactor' and datname = '"+database+"'")
		if err != nil {
			return false
		}
		for _, b := range backends {
			if uint32(b.PID) == before.PID() {
				return false
			}
		}
		return true
	})
	l = acquireAll(t, p, 1)[0]
	p.Invalidate(supervisor.Hard)
	eventually(t, "the lease is revoked", func() bool { _, err := l.Backend(); return err != nil })
	var stale *conn.StaleLeaseError
	if _, err := l.Backend(); !errors.As(err, &stale) || !stale.Revoked {
		t.Errorf("late use: %v", err)
	}
	l.Release()
}
