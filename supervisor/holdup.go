package supervisor

import (
	"time"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// holdup is until when a pool does not connect, and why, for a reason of its own: its node is up, or
// nothing is known of the node.
type holdup struct {
	failures int       // failures in a row
	counted  uint64    // all failures so far
	blocked  time.Time // when the next attempt may be made
	hurried  time.Time // when it may be made while somebody waits, if that is earlier
	refused  error     // the last failure
	hopeless bool      // waiting does not mend that
}

// refuse backs off after an attempt that failed for a reason of the pool's own. Attempts
// that were under way when one failed, and fail too, are the same failure.
func (a *poolActor) refuse(m messages.Ended, now time.Time) {
	a.refused, a.hopeless = m.Err, conn.Follows(m.Cause).AtOnce
	if a.states[m.Slot].counted < a.counted {
		return
	}
	a.failures++
	a.counted++
	n := a.node.Load().settings.Load()
	a.blocked = now.Add(actors.Backoff(n.BackoffMin, n.BackoffMax, a.failures))
	a.hurried = a.blocked
	if !a.hopeless {
		a.hurried = now.Add(actors.Backoff(n.BackoffMin, min(n.BackoffMax, actors.AwaitedBackoff), a.failures))
	}
	a.waker.Reset(a.blocked.Sub(now))
	if a.failures == 1 {
		a.note(conn.Decision{At: now, What: conn.Holding, Slot: -1, Cause: m.Cause, Note: "no attempts to connect for a while"})
		a.log.Error("pool can't connect, backing off", "cause", m.Cause, "whose", conn.Follows(m.Cause).Whose, "error", m.Err)
	}
}

// hurry brings the next attempt forward if somebody waits for a backend.
func (a *poolActor) hurry(now time.Time) {
	if !a.hurried.Before(a.blocked) || !a.awaited() {
		return
	}
	a.blocked = a.hurried
	if wait := a.blocked.Sub(now); wait > 0 {
		a.waker.Reset(wait)
	}
}

// inVain returns whether those who wait, wait in vain: the pool can't connect for a reason that waiting
// does not mend, it is not time to try again, and there is no backend whose lease could end.
func (a *poolActor) inVain(now time.Time) bool {
	if !a.hopeless || !now.Before(a.blocked) {
		return false
	}
	for _, s := range a.states {
		if s.phase == open || s.phase == opening {
			return false
		}
	}
	return true
}
