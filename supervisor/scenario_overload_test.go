package supervisor_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// bDone is how an acquire in a crowd ended.
type bDone struct {
	waited time.Duration
	err    error
}

// bCrowd acquires n leases, one every so often, each from a goroutine of its own
// that has it for 10 ms, and tells how each ended once all have. In a bubble.
func bCrowd(t *testing.T, p *supervisor.Pool, n int, every time.Duration) []bDone {
	t.Helper()
	all := make([]bDone, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			began := time.Now()
			l, err := p.Acquire(t.Context())
			all[i] = bDone{time.Since(began), err}
			if err == nil {
				time.Sleep(10 * time.Millisecond) //nolint:forbidigo // in a bubble, this is how time passes
				l.Release()
			}
		})
		time.Sleep(every) //nolint:forbidigo // in a bubble, this is how time passes
	}
	wg.Wait()
	return all
}

// While more is asked for than can be served, some are refused early, so that
// nobody waits for long, nothing stands idle for it, and all is well as soon as
// the crowd has gone.
func TestScenario20_OverloadBurst(t *testing.T) {
	const target, interval = 20 * time.Millisecond, 100 * time.Millisecond
	bBubble(t, &bServer{}, func(_ *config.Node, p *config.Pool) {
		p.Size, p.MinIdle, p.QueueTarget, p.QueueInterval = 4, 4, target, interval
	}, func(t *testing.T, _ *supervisor.System, p *supervisor.Pool) {
		if err := p.WarmUp(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
		refused := func(all []bDone) int {
			n := 0
			for _, d := range all {
				if d.err != nil {
					n++
				}
			}
			return n
		}
		// 400 a second is what four backends can do.
		if n := refused(bCrowd(t, p, 400, 3*time.Millisecond)); n > 0 {
			t.Errorf("%d were refused while there was room for all", n)
		}
		if n := refused(bCrowd(t, p, 28, time.Microsecond)); n > 0 {
			t.Errorf("%d were refused of a queue that was long for a moment", n)
		}
		time.Sleep(time.Second) //nolint:forbidigo // in a bubble, this is how time passes

		burst := bCrowd(t, p, 12_000, 833*time.Microsecond) // three times too many, for ten seconds
		n := refused(burst)
		if n < 7_000 || n > 8_500 { // 8000, if none is refused for whom there was room
			t.Errorf("%d of 12000 were refused", n)
		}
		for i, d := range burst {
			var a *conn.AcquireError
			if d.err != nil && (!errors.Is(d.err, conn.ErrOverloaded) || !errors.As(d.err, &a) || a.Waited < target) {
				t.Fatal(d.err)
			}
			limit := 2*interval + 2*target
			if i > 300 { // by then it is known
				limit = 2*target + 10*time.Millisecond
			}
			if d.waited > limit {
				t.Fatalf("number %d waited for %v, %v", i, d.waited, d.err)
			}
		}

		time.Sleep(interval) //nolint:forbidigo // in a bubble, this is how time passes
		if n := refused(bCrowd(t, p, 400, 3*time.Millisecond)); n > 0 {
			t.Errorf("%d were refused after the burst", n)
		}
		if st := p.Stats(); st.Refused != uint64(n) || st.Timeouts != 0 || st.Waiting != 0 {
			t.Errorf("%d were refused, and counted are %+v", n, st)
		}
	})
}

// Who waits for a lease while having one may wait for itself. It is told while it
// waits, and in the error when it waited in vain; who has none is not blamed.
func TestScenario21_OneGoroutineAcquiresTwice(t *testing.T) {
	server, database := testkit.Shared(t)
	log := &bLog{}
	_, p := bStart(t, server, database, supervisor.Options{Log: log.logger()}, func(_ *config.Node, p *config.Pool) {
		p.Size, p.KeepAlive = 3, 100*time.Millisecond // which is why ages are looked at often
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errs := make(chan error, 4)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			first, err := p.Acquire(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer first.Release()
			for p.Stats().Used < 3 {
				<-time.After(time.Millisecond)
			}
			second, err := p.Acquire(ctx)
			if err == nil {
				second.Release()
			}
			errs <- err
			if _, err := first.Backend(); err != nil {
				t.Errorf("the lease it has: %v", err)
			}
		})
	}
	eventually(t, "all three wait for each other", func() bool { return p.Stats().Waiting == 3 })
	told := func() int {
		n := 0
		for _, d := range p.Why(100) {
			if d.What == conn.Noticing && strings.Contains(d.Note, "waits for another lease") {
				n++
			}
		}
		return n
	}
	eventually(t, "it is told of each", func() bool { return told() == 3 })
	if !log.has("waits for a lease while it has one") || len(errs) != 0 {
		t.Error("it is not logged, or somebody did not wait")
	}
	cancel()
	wg.Wait()
	for range 3 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
	testkit.CheckNoLeases(t, p)
}

// The same, told by the error of who waited in vain, whosever deadline it was.
func TestScenario21_WaitingInVainForOneself(t *testing.T) {
	server, database := testkit.Shared(t)
	for name, patience := range map[string]struct{ pool, context time.Duration }{
		"pool's":    {100 * time.Millisecond, time.Minute},
		"context's": {time.Minute, 100 * time.Millisecond},
	} {
		t.Run("the "+name+" deadline", func(t *testing.T) {
			_, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.AcquireTimeout = 2, patience.pool })
			first := acquireAll(t, p, 2)
			ctx, cancel := context.WithTimeout(t.Context(), patience.context)
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() {
				var a *conn.AcquireError
				if _, err := p.Acquire(ctx); !errors.As(err, &a) || a.OwnLeases != 0 || strings.Contains(err.Error(), "itself") {
					t.Errorf("who has none: %v", err)
				}
			})
			var a *conn.AcquireError
			if _, err := p.Acquire(ctx); !errors.As(err, &a) || a.OwnLeases != 2 || !strings.Contains(err.Error(), "itself") {
				t.Errorf("who has two: %v", err)
			}
			wg.Wait()
			for _, l := range first {
				l.Release()
			}
			if _, err := query(t.Context(), p, "select 'x'"); err != nil {
				t.Error(err)
			}
			testkit.CheckNoLeases(t, p)
		})
	}
}
