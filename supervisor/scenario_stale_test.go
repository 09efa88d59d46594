package supervisor_test

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// A lease is worth nothing after its end: its use says so by a typed error, and
// nothing done with it reaches the present holder of the backend.
func TestScenario16_UseAfterRelease(t *testing.T) {
	server, database := testkit.Shared(t)
	_, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size = 1 })
	old, b := bLease(t, p)
	kept, pid := old, b.PID()
	old.Release()
	for _, l := range []conn.Lease{old, kept} {
		var stale *conn.StaleLeaseError
		if got, err := l.Backend(); !errors.As(err, &stale) || got != nil || stale.Pool != "default" || stale.Slot != 0 || stale.Revoked {
			t.Errorf("after the release: %v, %v", got, err)
		}
	}
	now, b := bLease(t, p)
	old.Release()
	old.Destroy(errors.New("of the last holder"))
	old.Check()
	if _, err := old.Backend(); err == nil {
		t.Error("the last holder has the backend of this one")
	}
	if got, err := now.Backend(); err != nil || got.PID() != pid || p.Stats().Used != 1 {
		t.Errorf("the holder has %v, %v", got, err)
	}
	bExec(t, b, "select 1")
	p.Invalidate(supervisor.Hard)
	eventually(t, "the lease is revoked", func() bool { _, err := now.Backend(); return err != nil })
	var stale *conn.StaleLeaseError
	if _, err := now.Backend(); !errors.As(err, &stale) || !stale.Revoked {
		t.Errorf("after it was revoked: %v", err)
	}
	now.Release()
	if _, err := (conn.Lease{}).Backend(); err == nil {
		t.Error("the zero lease has a backend")
	}
	(conn.Lease{}).Release()
	eventually(t, "it is served again", func() bool { _, err := query(t.Context(), p, "select 'x'"); return err == nil })
	testkit.CheckNoLeases(t, p)
	if p.Snapshot().Slots[0].Incarnation != 2 {
		t.Errorf("%+v", p.Snapshot().Slots)
	}
}

// The same while everybody does it, on backends that change hands all the time.
func TestScenario16_UseAfterReleaseUnderLoad(t *testing.T) {
	server, database := testkit.Shared(t)
	_, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.MinIdle = 3, 3 })
	var holders [8]atomic.Int32 // by slot
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			var old conn.Lease
			for range 500 {
				l, err := p.Acquire(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				b, err := l.Backend()
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders[b.Slot()].Add(1); n != 1 {
					t.Errorf("slot %d has %d holders", b.Slot(), n)
				}
				switch rand.IntN(3) {
				case 0:
					old.Release()
				case 1:
					old.Destroy(errors.New("late"))
				default:
					if _, err := old.Backend(); err == nil {
						t.Error("a lease outlived its release")
					}
				}
				if _, err := l.Backend(); err != nil {
					t.Errorf("a late release ended the lease of another: %v", err)
				}
				holders[b.Slot()].Add(-1)
				l.Release()
				old = l
			}
		})
	}
	wg.Wait()
	testkit.CheckNoLeases(t, p)
	if s := p.Snapshot(); s.Restarts != 0 {
		t.Errorf("late destroys ended %d backends of others", s.Restarts)
	}
}
