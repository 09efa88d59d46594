package supervisor_test

import (
	"context"
	"flag"
	"os"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
)

// A pool does what a simple model says, whatever happens to it in whatever
// order. Everything that follows from one step has happened before the next, so
// a failing story is told again the same, and shortened.
//
// The stories are the same each time, unless UNOACTOR_STRESS asks for others: it is
// the number of them.
func TestModel_SlotsInLockstep(t *testing.T) {
	seed, stories := "1", "100"
	if more := os.Getenv("UNOACTOR_STRESS"); more != "" {
		seed, stories = "0", more // 0: another each time
	}
	for name, value := range map[string]string{"rapid.seed": seed, "rapid.checks": stories, "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	// On several processors at once the race detector of Go 1.26 crashes now and
	// then in the timers of a bubble.
	procs := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(procs)
	rapid.Check(t, func(rt *rapid.T) {
		rapid.SyncTest(rt, func(rt *rapid.T) {
			m := newLockstep(rt)
			defer m.cleanUp()
			m.catchUp()
			rt.Repeat(m.steps())
			m.close()
		})
	})
}

// close drains the pool, while steps go on, and looks whether anything is left.
func (m *lockstep) close() {
	if !rapid.Bool().Draw(m.t, "stragglers") {
		for len(m.leases) > 0 {
			l := m.leases[0]
			m.end(l, released)
			l.lease.Release()
		}
		m.catchUp()
	}
	m.say("closed")
	m.closing = time.Now()
	done := make(chan error, 1)
	ctx := m.ctx
	go func() { done <- m.system.Close(ctx) }()
	m.catchUp()
	m.t.Repeat(m.closingSteps())
	m.pass(modelDrainTimeout + 10*time.Second)
	m.calls.Wait()
	select {
	case err := <-done:
		if (err != nil) != (m.revoked > 0) {
			m.fail("Close revoked %d leases, and says %v", m.revoked, err)
		}
	default:
		m.fail("Close does not return")
	}
	if st := m.pool.Stats(); st.Size+st.Reserve+st.Waiting > 0 {
		m.fail("the closed pool is not empty")
	}
	if live, _, _ := m.server.count(); live > 0 {
		m.fail("%d are connected after Close", live)
	}
	m.afterClose()
}

// afterClose: a closed pool refuses everything, and nothing hangs.
func (m *lockstep) afterClose() {
	ctx, cancel := context.WithTimeout(m.ctx, time.Minute)
	defer cancel()
	if _, err := m.pool.AcquirePriority(ctx, conn.Admin); err == nil {
		m.fail("a closed pool lent a backend")
	}
	m.pool.Invalidate(supervisor.Hard)
	m.pool.PanicNow()
	m.pool.Resume()
	_ = m.pool.Pause(ctx, supervisor.FailFast) // what it says is its own
	_ = m.pool.WarmUp(ctx, 1)
	_, _ = m.pool.ClearIdle(ctx)
	_ = m.pool.Resize(2, 2)
	if err := ctx.Err(); err != nil {
		m.fail("a closed pool had somebody wait: %v", err)
	}
}

// cleanUp leaves nothing behind, also of a run that failed.
func (m *lockstep) cleanUp() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, w := range m.queue.standing() {
		w.leave(m.pool)
	}
	_ = m.system.Close(ctx) // a run that did not fail has looked at it
	m.server.close()
	m.stop()
	m.calls.Wait()
}
