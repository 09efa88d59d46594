package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// The server's own view, looked at again and again, while backends are killed,
// destroyed, expire, overflow and are wanted by more than there may be.
func TestTheServerNeverSeesMoreBackendsThanTheHardLimit(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) {
		p.Size, p.MaxOverflow, p.MinIdle = 3, 3, 2
		p.MaxLifetime = 300 * time.Millisecond
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	ours := fmt.Sprintf("datname = '%s' and application_name = 'unoactor'", database)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			for ctx.Err() == nil {
				l, err := p.Acquire(ctx)
				if err != nil {
					if ctx.Err() == nil {
						t.Error(err)
					}
					return
				}
				b, err := l.Backend()
				if err == nil {
					_, err = b.Conn().Exec(ctx, "select pg_sleep(0.002)")
				}
				if rand.IntN(20) == 0 {
					err = errors.New("on purpose")
				}
				if err != nil {
					l.Destroy(err)
				} else {
					l.Release()
				}
			}
		})
	}
	wg.Go(func() {
		for ctx.Err() == nil {
			_, _ = server.TerminateBackends(ctx, ours+" and random() < 0.3") // ends with ctx
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	most, looks := 0, 0
	for ctx.Err() == nil {
		backends, err := server.Backends(ctx, ours)
		if err != nil {
			break
		}
		looks++
		most = max(most, len(backends))
	}
	wg.Wait()
	if most > 6 || looks < 50 {
		t.Errorf("%d backends were seen at once in %d looks", most, looks)
	}
	if s := p.Snapshot(); s.Restarts < 10 {
		t.Errorf("only %d restarts: nothing was tried", s.Restarts)
	}
	t.Logf("at most %d of 6 in %d looks, %d restarts", most, looks, p.Snapshot().Restarts)
}

func TestABackendThatIsTooOldIsReplacedAndNobodyWaits(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) {
		p.Size, p.MaxOverflow, p.MinIdle, p.MaxLifetime = 2, 2, 2, 500*time.Millisecond
	}))
	eventually(t, "two idle backends", func() bool { return p.Stats().Idle == 2 })
	eventually(t, "each replaced twice", func() bool {
		st := p.Stats()
		if st.Idle < 2 && st.Used == 0 && st.Busy == 0 {
			t.Errorf("the reserve was given up before it was replaced: %+v", st)
		}
		born := uint64(0)
		for _, s := range p.Snapshot().Slots {
			born += s.Incarnation
		}
		return born >= 6
	})
	for i, s := range p.Snapshot().Slots {
		if s.Restarts > 0 {
			t.Errorf("slot %d: a planned replacement counts as a restart", i)
		}
	}
}

func TestWhatIsIdleForTooLongIsClosedButNotTheReserve(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) {
		p.Size, p.MinIdle, p.IdleTimeout = 4, 1, 200*time.Millisecond
	}))
	var leases []interface{ Release() }
	for range 4 {
		l, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leases = append(leases, l)
	}
	for _, l := range leases {
		l.Release()
	}
	eventually(t, "only the reserve is left", func() bool { st := p.Stats(); return st.Size == 1 && st.Idle == 1 })
}
