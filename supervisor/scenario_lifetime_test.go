package supervisor_test

import (
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
)

// Backends that were opened together grow too old together. They are replaced a
// few at a time, an eighth of the pool, the new one before the old one where there
// is room, and a leased one when it comes back: nobody waits for it, and the
// server sees no storm.
func TestScenario22_AWaveOfExpiringLifetimes(t *testing.T) {
	const size, k = 16, 2
	for name, of := range map[string]struct{ overflow, leased int }{
		"with overflow": {4, 0}, "without": {0, 0}, "with overflow and leases": {4, 3}, "without, with leases": {0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			overflow, leased := of.overflow, of.leased
			server := &bServer{}
			bBubble(t, server, func(_ *config.Node, p *config.Pool) {
				p.Size, p.MaxOverflow, p.MinIdle, p.MaxLifetime = size, overflow, size, 10*time.Second
			}, func(t *testing.T, _ *supervisor.System, p *supervisor.Pool) {
				if err := p.WarmUp(t.Context(), size); err != nil {
					t.Fatal(err)
				}
				server.slow(400 * time.Millisecond) // from now on a login takes so long
				server.seen()
				var leases []conn.Lease
				pids := make(map[uint32]bool)
				for range leased {
					l, b := bLease(t, p)
					leases, pids[b.PID()] = append(leases, l), true
				}
				least := size
				for range 900 { // the wave begins after nine seconds
					time.Sleep(17 * time.Millisecond) //nolint:forbidigo // in a bubble, this is how time passes
					st := p.Stats()
					least = min(least, st.Idle+st.Used)
					if l, ok := p.TryAcquire(); ok {
						l.Release()
					} else if st.Waiting == 0 {
						t.Fatalf("nothing is idle: %+v", st)
					}
				}
				_, most, logins, entered := server.seen()
				if entered != size+size-leased {
					t.Errorf("%d of %d were replaced", entered-size, size-leased)
				}
				if logins > k {
					t.Errorf("%d were replaced at once", logins)
				}
				want, room := size, size+overflow
				if overflow == 0 {
					want = size - k
				}
				if least < want || most > room {
					t.Errorf("at worst %d were ready, at most %d open", least, most)
				}
				for _, l := range leases {
					if b, err := l.Backend(); err != nil || !pids[b.PID()] || !l.Check() {
						t.Errorf("a lease was touched: %v", err)
					}
					l.Release()
				}
				time.Sleep(2003 * time.Millisecond) //nolint:forbidigo // in a bubble, this is how time passes
				for _, s := range p.Snapshot().Slots {
					if pids[s.PID] {
						t.Errorf("slot %d was too old when it came back, and is still there", s.Slot)
					}
				}
				if st := p.Stats(); st.Idle != size || st.Waits != 0 || p.Snapshot().Restarts != 0 {
					t.Errorf("after the wave: %+v, %d restarts", st, p.Snapshot().Restarts)
				}
			})
		})
	}
}
