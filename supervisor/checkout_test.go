package supervisor_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/testkit"
)

func TestTenThousandAcquiresCancelledAtRandomLoseNothing(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, func(_ *config.Node, p *config.Pool) { p.MinIdle = 4 })
	p := pool(t, s)
	var held [4]atomic.Int32
	var granted, cancelled atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 200 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(300))*time.Microsecond)
				l, err := p.Acquire(ctx)
				switch {
				case err == nil:
					b, err := l.Backend()
					if err != nil {
						t.Error(err)
					} else if n := held[b.Slot()].Add(1); n != 1 {
						t.Errorf("slot %d has %d holders", b.Slot(), n)
					} else {
						granted.Add(1)
						for range rand.IntN(3) {
							runtime.Gosched()
						}
						held[b.Slot()].Add(-1)
					}
					l.Release()
				case errors.Is(err, context.DeadlineExceeded):
					cancelled.Add(1)
				default:
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	t.Logf("%d granted, %d cancelled", granted.Load(), cancelled.Load())
	if granted.Load() == 0 || cancelled.Load() == 0 {
		t.Error("the test did not race anything")
	}
	eventually(t, "everything is idle again", func() bool {
		st := p.Stats()
		return st.Used == 0 && st.Waiting == 0 && st.Idle == 4
	})
	testkit.CheckNoLeases(t, p)
}

func TestWaitersAreServedFirstComeFirstServed(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 1 }))
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const n = 100
	order := make(chan int, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			l, err := p.Acquire(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			order <- i
			l.Release()
		})
		eventually(t, "the waiter is in the queue", func() bool { return p.Stats().Waiting == i+1 })
	}
	l.Release()
	wg.Wait()
	for want := range n {
		if got := <-order; got != want {
			t.Fatalf("waiter %d was served as number %d", got, want)
		}
	}
}

func TestOverflowIsOpenedUnderLoadAndClosedAtCheckin(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size, p.MaxOverflow = 2, 2 }))
	var leases []conn.Lease
	for range 4 {
		l, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leases = append(leases, l)
	}
	if st := p.Stats(); st.Used != 4 || st.HardLimit != 4 {
		t.Fatalf("%+v", st)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a fifth lease: %v", err)
	}
	for _, l := range leases {
		l.Release()
	}
	eventually(t, "the overflow is closed", func() bool { st := p.Stats(); return st.Size == 2 && st.Idle == 2 })
}

func TestAcquireTimeoutSaysWhatThePoolLookedLike(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size, p.MinIdle, p.AcquireTimeout = 1, 1, 30*time.Millisecond }))
	eventually(t, "its backend is there", func() bool { return p.Stats().Idle == 1 })
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	_, err = p.Acquire(t.Context())
	var a *conn.AcquireError
	if !errors.As(err, &a) || !errors.Is(err, conn.ErrTimeout) {
		t.Fatalf("got %v", err)
	}
	if a.Pool != "default" || a.Waited < 30*time.Millisecond || a.Stats.Used != 1 || a.Stats.HardLimit != 1 {
		t.Errorf("got %+v", a)
	}
}

func TestWhatAHolderLeavesBehindIsCleanedUpBeforeTheNextLease(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 1 }))
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, _ := l.Backend()
	pid := b.PID()
	if _, err := b.Conn().Exec(t.Context(), "begin; create table left_behind ()"); err != nil {
		t.Fatal(err)
	}
	l.Release()
	l, err = p.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b, _ = l.Backend()
	var exists bool
	if err := b.Conn().QueryRow(t.Context(), "select to_regclass('left_behind') is not null").Scan(&exists); err != nil || exists {
		t.Errorf("table exists: %v, %v", exists, err)
	}
	if b.PID() != pid {
		t.Error("a backend that could be reset was replaced")
	}
	rows, err := b.Conn().Query(t.Context(), "select generate_series(1, 10)")
	if err != nil || !rows.Next() {
		t.Fatal("no rows", err)
	}
	l.Release() // with the rows open: no way to reset that
	if _, err := query(t.Context(), p, "select 'next'"); err != nil {
		t.Error(err)
	}
	if s := p.Snapshot(); s.Restarts != 1 {
		t.Errorf("%d restarts", s.Restarts)
	}
}

func TestAStatementCancelledByItsContextIsCancelledOnTheServerAndKeepsItsBackend(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 1 }))
	for range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		_, err := query(ctx, p, "select pg_sleep(600)::text")
		cancel()
		if err == nil {
			t.Fatal("it was not cancelled")
		}
		if got, err := query(t.Context(), p, "select 'unharmed'"); err != nil || got != "unharmed" {
			t.Fatalf("the next statement on that backend: %q, %v", got, err)
		}
	}
	if s := p.Snapshot(); s.Restarts > 0 {
		t.Errorf("%d restarts: %v", s.Restarts, s.Slots[0].LastError)
	}
}
