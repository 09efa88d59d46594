package supervisor_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
)

// When an hour or two pass in a moment, leases stay valid, waiters keep their place, and what
// is too old is replaced a few at a time. (The time of day may jump as it likes: no
// age is measured by it.)
func TestScenario29_TheClockJumps(t *testing.T) {
	const size, k = 8, 1
	server := &bServer{}
	bBubble(t, server, func(_ *config.Node, p *config.Pool) {
		p.Size, p.MinIdle, p.MaxLifetime, p.AcquireTimeout = size, size, 15*time.Minute, config.Never
		p.KeepAlive, p.ValidateAfterIdle = config.Never, 10*time.Minute
	}, func(t *testing.T, _ *supervisor.System, p *supervisor.Pool) {
		if err := p.WarmUp(t.Context(), size); err != nil {
			t.Fatal(err)
		}
		held, b := bLease(t, p)
		pid := b.PID()
		server.seen()
		for range 40 * 60 {
			time.Sleep(time.Second) //nolint:forbidigo // in a bubble, this is how time passes
			if st := p.Stats(); st.Idle+st.Used < size-k-1 {
				t.Fatalf("many are replaced at once: %+v", st)
			}
		}
		if _, _, logins, entered := server.seen(); logins > k || entered < 2*(size-1) {
			t.Errorf("%d logged in at once, %d in all", logins, entered)
		}
		if b, err := held.Backend(); err != nil || b.PID() != pid || !held.Check() {
			t.Errorf("the lease: %v", err)
		}
		var others []conn.Lease
		for range size - 1 {
			l, _ := bLease(t, p)
			others = append(others, l)
		}
		served := make(chan error, 1)
		go func() {
			l, err := p.Acquire(t.Context())
			l.Release()
			served <- err
		}()
		synctest.Wait()
		time.Sleep(time.Hour) //nolint:forbidigo // in a bubble, this is how time passes
		if st := p.Stats(); st.Waiting != 1 || st.Used != size {
			t.Errorf("after an hour: %+v", st)
		}
		held.Release()
		if err := <-served; err != nil {
			t.Errorf("who waited for an hour: %v", err)
		}
		for _, l := range others {
			l.Release()
		}
	})
}
