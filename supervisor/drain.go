package supervisor

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// drain asks the pool to drain: it refuses new leases at once, and revokes those that are left when its
// drain_timeout has passed, or ctx's deadline.
func (p *Pool) drain(ctx context.Context) {
	deadline := p.deadline()
	if limit, ok := ctx.Deadline(); ok && limit.Before(deadline) {
		deadline = limit
	}
	p.ref.Tell(messages.Drain{Deadline: deadline})
}

// deadline is when leases are revoked of a pool that begins to drain now.
func (p *Pool) deadline() time.Time {
	return time.Now().Add(min(p.Config().DrainTimeout, 24*time.Hour))
}

// drained blocks until a pool that drains is closed. When ctx ends, the leases that are left are revoked.
// The error says how many leases had to be revoked.
func (p *Pool) drained(ctx context.Context) error {
	select {
	case <-p.done:
	case <-ctx.Done():
		p.ref.Tell(messages.Drain{Deadline: time.Now()})
		<-p.done
	}
	return p.revocations()
}

// revocations is an error if leases had to be revoked at the end of the drain.
func (p *Pool) revocations() error {
	if n := p.revoked.Load(); n > 0 {
		return fmt.Errorf("pool %q: %d leases were revoked when their time had passed", p.Name(), n)
	}
	return nil
}

func (a *poolActor) drain(m messages.Drain, now time.Time) {
	if !a.draining {
		a.draining = true
		a.slots.Close()
		leased := a.slots.Stats().Used
		a.note(conn.Decision{At: now, What: conn.Holding, Slot: -1, Cause: messages.Drained})
		a.log.Info("pool drains", "leased", leased, "for", m.Deadline.Sub(now).Round(time.Millisecond))
		if t := a.orders.trial.Swap(nil); t != nil {
			t.decide(conn.ErrClosed)
		}
	}
	a.deadline = m.Deadline
	a.waker.Reset(max(0, m.Deadline.Sub(now)))
}

// finish stops the actor of a pool that drains when its last backend is closed, and revokes the leases
// that are left at the deadline.
func (a *poolActor) finish(ctx actor.Context, now time.Time) {
	if !a.draining {
		return
	}
	late := !now.Before(a.deadline)
	left := 0
	for i := range a.states {
		s := &a.states[i]
		if s.phase == empty {
			continue
		}
		left++
		if late && !s.revoked {
			if state, _ := a.slots.State(i); state == conn.Leased {
				a.revoked.Add(1)
			}
			s.revoked = true
			a.connections.at(i).Tell(messages.Revoke{Cause: messages.Fenced})
		}
	}
	if left == 0 {
		ctx.Stop(ctx.Self())
	}
}
