package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// bQueue starts n goroutines that wait for a lease, one after the other. What became of
// each, by its number, comes in the order in which it happened.
func bQueue(t *testing.T, p *supervisor.Pool, n int) <-chan bServed {
	t.Helper()
	served := make(chan bServed, n)
	before := p.Stats().Waiting
	for i := range n {
		go func() {
			l, err := p.Acquire(t.Context())
			served <- bServed{i, err}
			if err == nil {
				l.Release()
			}
		}()
		eventually(t, "the waiter is in the queue", func() bool { return p.Stats().Waiting == before+i+1 })
	}
	return served
}

type bServed struct {
	number int
	err    error
}

// A paused pool lends nothing and connects to nothing. Pause returns when the
// last lease is back; who comes waits for Resume, and is then served in turn.
func TestScenario23_PauseAndResume(t *testing.T) {
	server, database := testkit.Shared(t)
	_, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.MinIdle = 2, 1 })
	l, b := bLease(t, p)
	eventually(t, "one is idle too, and the pool has heard of it", func() bool {
		return p.Stats().Idle == 1 && !slices.ContainsFunc(p.Snapshot().Slots, func(s supervisor.SlotSnapshot) bool { return s.Phase == "opening" })
	})

	soon, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.Pause(soon, supervisor.Wait); !errors.Is(err, context.DeadlineExceeded) || !p.Stats().Paused {
		t.Errorf("paused with a lease out: %v, %+v", err, p.Stats())
	}
	paused := make(chan error, 1)
	go func() { paused <- p.Pause(t.Context(), supervisor.Wait) }()
	served := bQueue(t, p, 20)
	if _, ok := p.TryAcquire(); ok {
		t.Error("a paused pool lends")
	}
	bExec(t, b, "select 1")
	select {
	case err := <-paused:
		t.Fatalf("it returned while a lease was out: %v", err)
	case s := <-served:
		t.Fatalf("served while paused: %+v", s)
	default:
	}
	l.Release()
	if err := <-paused; err != nil {
		t.Error(err)
	}
	if n, err := server.TerminateBackends(t.Context(), bOurs(database)); err != nil || n != 2 {
		t.Fatalf("an idle backend was closed: %d left, %v; %v", n, err, p.Why(20))
	}
	eventually(t, "both are seen to be gone", func() bool { return p.Stats().Size == 0 })
	soon, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := p.Acquire(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who comes later: %v", err)
	}
	if st := p.Stats(); st.Size != 0 || st.Waiting != 20 || len(served) != 0 {
		t.Errorf("while paused: %+v", st)
	}
	p.Resume()
	for want := range 20 {
		// There are two backends: one that is served may be overtaken until it says so.
		if s := <-served; s.err != nil || s.number > want+1 {
			t.Errorf("served as number %d: %+v", want, s)
		}
	}
	if p.Stats().Paused {
		t.Error("still paused")
	}
	testkit.CheckNoLeases(t, p)
}

// Or who comes fails at once, and so do those who wait already; who has a lease
// keeps it.
func TestScenario23_PauseThatFailsFast(t *testing.T) {
	server, database := testkit.Shared(t)
	_, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size = 1 })
	for range 3 {
		l, b := bLease(t, p)
		served := bQueue(t, p, 5)
		paused := make(chan error, 1)
		go func() { paused <- p.Pause(t.Context(), supervisor.FailFast) }()
		for range 5 {
			var a *conn.AcquireError
			if s := <-served; !errors.Is(s.err, conn.ErrPaused) || !errors.As(s.err, &a) || !a.Stats.Paused {
				t.Errorf("who waited: %v", s.err)
			}
		}
		if _, err := p.Acquire(t.Context()); !errors.Is(err, conn.ErrPaused) {
			t.Errorf("who came: %v", err)
		}
		if len(paused) != 0 {
			t.Error("it returned while a lease was out")
		}
		bExec(t, b, "select 1")
		l.Release()
		if err := <-paused; err != nil {
			t.Error(err)
		}
		if _, err := p.Acquire(t.Context()); !errors.Is(err, conn.ErrPaused) {
			t.Errorf("who came later: %v", err)
		}
		p.Resume()
		if _, err := query(t.Context(), p, "select 'x'"); err != nil {
			t.Error(err)
		}
	}
	testkit.CheckNoLeases(t, p)
}

// A pool can be paused and resumed at any time by anybody: nothing is lost.
func TestScenario23_PausesUnderLoad(t *testing.T) {
	server, database := testkit.Shared(t)
	_, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.MaxOverflow = 2, 1 })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if _, err := query(t.Context(), p, "select 'x'"); err != nil && !errors.Is(err, conn.ErrPaused) {
					t.Error(err)
				}
			}
		})
	}
	for i := range 40 {
		if err := p.Pause(t.Context(), i%2 == 0); err != nil {
			t.Error(err)
		}
		if st := p.Stats(); st.Used != 0 {
			t.Errorf("paused with %d leases", st.Used)
		}
		p.Resume()
	}
	wg.Wait()
	testkit.CheckNoLeases(t, p)
	if _, err := query(t.Context(), p, "select 'x'"); err != nil {
		t.Error(err)
	}
}

// Closing needs no Resume: who waits for it learns that there will be none.
func TestScenario23_CloseWhilePaused(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, mode := range []supervisor.PauseMode{supervisor.Wait, supervisor.FailFast} {
		t.Run(fmt.Sprint("fail fast: ", bool(mode)), func(t *testing.T) {
			sys, p := bStart(t, server, database, supervisor.Options{}, func(_ *config.Node, p *config.Pool) { p.Size, p.MinIdle = 2, 2 })
			eventually(t, "two idle backends", func() bool { return p.Stats().Idle == 2 })
			if err := p.Pause(t.Context(), mode); err != nil {
				t.Fatal(err)
			}
			waiters := 0
			if mode == supervisor.Wait {
				waiters = 5
			}
			served := bQueue(t, p, waiters)
			if err := sys.Close(t.Context()); err != nil {
				t.Errorf("close: %v", err)
			}
			for range waiters {
				if s := <-served; !errors.Is(s.err, conn.ErrClosed) {
					t.Errorf("who waited: %v", s.err)
				}
			}
			if _, err := p.Acquire(t.Context()); !errors.Is(err, conn.ErrClosed) {
				t.Errorf("who came later: %v", err)
			}
			p.Resume()
			testkit.CheckNoLeases(t, p)
			testkit.CheckNoBackends(t, server, database)
		})
	}
}
