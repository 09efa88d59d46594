package supervisor_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// bLoad starts n goroutines that lease backends, one after the other, until stop is
// called, which tells how many leases there were. Each must get the backend that
// it is told of, alone, and be able to use it. One in so many destroys it, if
// destroy is not 0.
func bLoad(t *testing.T, p *supervisor.Pool, n, destroy int) (stop func() (leases, destroyed int64)) {
	var leases, destroyed atomic.Int64
	var holders [64]atomic.Int32
	var calm atomic.Bool
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for !calm.Load() {
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
				var pid uint32
				if err := b.Conn().QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil || pid != b.PID() {
					t.Errorf("on backend %d: %d, %v", b.PID(), pid, err)
				}
				holders[b.Slot()].Add(-1)
				leases.Add(1)
				if destroy > 0 && rand.IntN(destroy) == 0 {
					destroyed.Add(1)
					l.Destroy(errors.New("on purpose"))
				} else {
					l.Release()
				}
			}
		})
	}
	return func() (int64, int64) {
		calm.Store(true)
		wg.Wait()
		return leases.Load(), destroyed.Load()
	}
}

// bWatch looks at the server again and again, and tells how many backends of the
// pool there were at most when it is stopped.
func bWatch(t *testing.T, server *testkit.Server, database string) (stop func() int) {
	ctx, cancel := context.WithCancel(t.Context())
	most := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			if backends, err := server.Backends(ctx, bOurs(database)); err == nil {
				n = max(n, len(backends))
			}
		}
		most <- n
	}()
	return func() int { cancel(); return <-most }
}

// bSame waits until the server has exactly the backends that the pool knows of.
func bSame(t *testing.T, server *testkit.Server, database string, p *supervisor.Pool) {
	t.Helper()
	eventually(t, "the pool and its server agree", func() bool {
		known := make(map[uint32]bool)
		for _, s := range p.Snapshot().Slots {
			if s.PID != 0 {
				known[s.PID] = true
			}
		}
		there := make(map[uint32]bool)
		backends, err := server.Backends(t.Context(), bOurs(database))
		for _, b := range backends {
			there[b.PID] = true
		}
		return err == nil && len(known) == p.Stats().Size && maps.Equal(known, there)
	})
}

// A bug in the pool's supervisor costs nobody a lease, loses no backend and opens
// none too many.
func TestScenario25_ThePoolSupervisorPanicsUnderLoad(t *testing.T) {
	server, database := testkit.Shared(t)
	sys, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) {
		p.Size, p.MaxOverflow, p.MinIdle, p.MaxLifetime = 4, 2, 2, 400*time.Millisecond
	})
	held, b := bLease(t, p)
	most := bWatch(t, server, database)
	load := bLoad(t, p, 12, 50)
	panics := 0
	for p.Stats().Acquired+p.Stats().Waits < 4000 {
		p.PanicNow()
		panics++
		<-time.After(2 * time.Millisecond)
	}
	leases, destroyed := load()
	if n := most(); n > 6 || destroyed == 0 {
		t.Errorf("at most %d backends, %d destroyed", n, destroyed)
	}
	t.Logf("%d leases, %d destroyed, %d panics, %d restarts", leases, destroyed, panics, p.Snapshot().Restarts)
	if n := p.Snapshot().Restarts; n > uint64(destroyed) {
		t.Errorf("%d restarts, but only %d backends were given up", n, destroyed)
	}
	bExec(t, b, "select 1")
	if got, err := held.Backend(); err != nil || got != b {
		t.Errorf("a lease of before: %v", err)
	}
	held.Release()
	testkit.CheckNoLeases(t, p)
	bSame(t, server, database, p)
	bClose(t, sys)
	testkit.CheckNoBackends(t, server, database)
}
