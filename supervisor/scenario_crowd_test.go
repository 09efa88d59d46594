package supervisor_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/testkit"
)

// inLine is a waiter that writes down when it was its turn, and gives the lease on.
type inLine struct {
	conn.Waiting
	number int
	served *atomic.Int64
	turns  []int32
	grants chan conn.Lease
}

func (w *inLine) Granted(l conn.Lease, err error) {
	if err != nil {
		w.turns[w.number] = -1
		return
	}
	w.turns[w.number] = int32(w.served.Add(1))
	w.grants <- l
}

// Ten thousand wait for four backends: they are served in the order in which they
// came, and a wait costs no allocation beyond its own record.
func TestScenario30_TenThousandWaitForFour(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size, p.AcquireTimeout = 4, config.Never }))
	leases := acquireAll(t, p, 4)
	const crowd = 10_000
	var served atomic.Int64
	turns := make([]int32, crowd)
	grants := make(chan conn.Lease, crowd)
	waiters := make([]inLine, crowd)
	for i := range waiters {
		waiters[i] = inLine{number: i, served: &served, turns: turns, grants: grants}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range waiters {
		if err := p.Slots().Enqueue(&waiters[i].Waiting, &waiters[i]); err != nil {
			t.Fatal(err)
		}
	}
	if st := p.Stats(); st.Waiting != crowd {
		t.Fatalf("%+v", st)
	}
	for _, l := range leases {
		l.Release()
	}
	for range crowd {
		l := <-grants
		l.Release()
	}
	runtime.ReadMemStats(&after)
	for i, turn := range turns {
		if turn != int32(i+1) {
			t.Fatalf("waiter %d had turn %d", i+1, turn)
		}
	}
	if n := after.Mallocs - before.Mallocs; n > crowd/10 {
		t.Errorf("%d allocations for %d waits", n, crowd)
	}
	if st := p.Stats(); st.Waits != crowd+4 || st.Waiting != 0 || st.Idle != 4 {
		t.Errorf("%+v", st)
	}
}

// The same as goroutines: nobody is left behind.
func TestScenario30_TenThousandGoroutinesWaitForFour(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size, p.AcquireTimeout = 4, config.Never }))
	leases := acquireAll(t, p, 4)
	const crowd = 10_000
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			l, err := p.Acquire(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			l.Release()
		})
	}
	eventually(t, "all wait", func() bool { return p.Stats().Waiting == crowd })
	for _, l := range leases {
		l.Release()
	}
	wg.Wait()
	if st := p.Stats(); st.Acquired != crowd+4 || st.Refused != 0 {
		t.Errorf("%+v", st)
	}
	testkit.CheckNoLeases(t, p)
}
