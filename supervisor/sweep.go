package supervisor

import (
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// slowestTick is the longest time between two sweeps, fastestTick the shortest.
const (
	slowestTick = 500 * time.Millisecond
	fastestTick = 5 * time.Millisecond
)

// tickEvery is the time between two sweeps of a pool: short enough to see each of its periods, such as
// idle_timeout, begin and end.
func tickEvery(p config.Pool) time.Duration {
	least := min(p.ValidateAfterIdle, p.KeepAlive, p.IdleTimeout, p.LeakAfter, p.ReclaimAfter, p.MaxLifetime)
	if p.Sizing.Step > 0 {
		least = min(least, p.Sizing.CoolDown)
	}
	return max(fastestTick, min(slowestTick, least/4))
}

// sweep looks at all slots, and does what the ages of their leases and of their idleness demand. It
// knows those ages by comparing epochs with those that the last sweep saw, so that no checkout needs
// a clock.
func (a *poolActor) sweep(now time.Time) {
	p := a.Config()
	for i := range a.states {
		s := &a.states[i]
		state, epoch := a.slots.State(i)
		if s.phase == leaving && state == conn.Idle { // its lease ended at the moment at which it was retired
			a.connections.at(i).Tell(messages.Retire{Cause: s.why})
		}
		if s.phase == empty {
			continue
		}
		a.slots.Sample(i, uint64(uint32(epoch)-uint32(s.epoch))/2)
		if epoch != s.epoch {
			s.epoch, s.still = epoch, now
			continue
		}
		switch {
		case state == conn.Leased:
			a.sweepLease(i, p, now)
		case state == conn.Idle && s.phase == open:
			a.sweepIdle(i, p, now)
		}
	}
	a.reportDeadlocks(now)
	if a.server.ReadOnly {
		a.probeRole(now) // it may take writes again
	}
}

// sweepIdle peeks at an idle backend. If the backend has been idle for so long that only a ping can tell
// whether it works, its connection pings it.
func (a *poolActor) sweepIdle(slot int, p config.Pool, now time.Time) {
	b := a.slots.Backend(slot)
	if b == nil {
		return
	}
	quiet := min(now.Sub(a.states[slot].still), now.Sub(b.Proven()))
	a.slots.Suspect(slot)
	if quiet >= p.ValidateAfterIdle {
		a.slots.Doubt(slot)
	}
	a.inspect(slot, p.KeepAlive != config.Never && quiet >= jittered(p.KeepAlive, slot))
}

// inspect peeks at an idle backend, and hands it to its connection if it is unfit, or to be pinged.
func (a *poolActor) inspect(slot int, ping bool) {
	b, ok := a.slots.Claim(slot)
	if !ok {
		return
	}
	cause := b.Peek()
	if cause == messages.None && ping {
		cause = messages.Unproven
	}
	if cause == messages.None {
		cause = a.slots.Return(slot)
	}
	if cause != messages.None {
		a.connections.at(slot).Tell(messages.Unfit{Cause: cause})
	}
}

// jittered returns d less up to a tenth, a different part for each slot, so that idle backends are not
// all pinged at once.
func jittered(d time.Duration, slot int) time.Duration {
	return d - d/10*time.Duration(slot*7%16)/16
}

// sweepLease reports a lease that lasts longer than leak_after, and reclaims one that lasts longer than
// reclaim_after.
func (a *poolActor) sweepLease(slot int, p config.Pool, now time.Time) {
	s := &a.states[slot]
	held := now.Sub(s.still)
	if held >= p.ReclaimAfter && !s.revoked {
		s.revoked = true
		a.note(conn.Decision{At: now, What: conn.Retiring, Slot: slot, Incarnation: s.incarnation, Cause: messages.Reclaimed})
		a.leaked(slot, held, true)
		return
	}
	if held >= p.LeakAfter && s.told != s.epoch {
		s.told = s.epoch
		a.note(conn.Decision{At: now, What: conn.Noticing, Slot: slot, Incarnation: s.incarnation, Note: "a lease lasts longer than leak_after"})
		a.leaked(slot, held, false)
	}
}

// reportDeadlocks logs the goroutines that wait for a lease while they have one.
func (a *poolActor) reportDeadlocks(now time.Time) {
	if a.slots.Waiting() == 0 {
		return
	}
	for _, slot := range a.slots.Deadlocked(tickEvery(a.Config()), 1000) {
		s := &a.states[slot]
		if s.phase != open || s.entangled == s.epoch {
			continue
		}
		s.entangled = s.epoch
		holder, _ := a.slots.Holder(slot, s.epoch)
		a.note(conn.Decision{At: now, What: conn.Noticing, Slot: slot, Incarnation: s.incarnation, Note: "its holder waits for another lease"})
		a.log.Warn("a goroutine waits for a lease while it has one: if all do, none gets any",
			"slot", slot, "goroutine", holder.Goroutine, "stack", holder.Stack)
	}
}
