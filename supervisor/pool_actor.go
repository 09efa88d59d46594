package supervisor

import (
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// poolActor supervises the connections of one pool.
//
//	serving --- Drain ---> draining --- last slot empty ---> stopped
//
// After every message it reconciles, so no message has to say what to do: it
// says what happened.
type poolActor struct {
	*Pool
	self actors.Ref[messages.ToPool]
	node actors.Ref[messages.ToNode]
	from config.Node
	log  hclog.Logger
	work *actors.Tracker

	states   []slotState
	draining bool
	deadline time.Time // of the drain
	failures int       // refusals of the pool in a row
	blocked  time.Time // no attempt to connect before
	ticker   *time.Timer
	waker    *time.Timer
}

// slotState is what the pool remembers of a slot.
type slotState struct {
	slotView
	lost     bool
	revoked  bool
	replaces int
	why      messages.Cause // why it was asked to leave
	epoch    uint64         // seen at the last tick
	still    time.Time      // since when that epoch was seen
}

// tickEvery is how often idle backends are looked at: whether their server hung
// up, whether they are too old or idle for too long.
const tickEvery = 500 * time.Millisecond

func newPoolActor(p *Pool, from config.Node, node actors.Ref[messages.ToNode], work *actors.Tracker, log hclog.Logger) *poolActor {
	a := &poolActor{Pool: p, from: from, node: node, work: work, log: log.With("pool", p.config.Name), states: make([]slotState, p.config.Hard())}
	for i := range a.states {
		a.states[i].replaces = none
	}
	return a
}

// Receive implements actor.Actor.
func (a *poolActor) Receive(ctx actor.Context) {
	now := time.Now()
	switch m := ctx.Message().(type) {
	case *actor.Started:
		a.self = actors.RefTo[messages.ToPool](ctx.ActorSystem(), ctx.Self())
		a.ticker = time.AfterFunc(tickEvery, func() { a.self.Tell(messages.Tick{}) })
		a.waker = time.AfterFunc(time.Hour, func() { a.self.Tell(messages.Tick{}) })
		a.waker.Stop()
		a.log.Info("pool started", "node", a.from.Name, "size", a.config.Size, "max_overflow", a.config.MaxOverflow, "mode", a.config.Mode)
	case *actor.Stopping:
		a.ticker.Stop()
		a.waker.Stop()
		a.slots.Close()
		return
	case *actor.Stopped:
		close(a.done)
		return
	case *actor.Terminated, *actor.Restarting:
		return
	case messages.Tick:
		a.ticker.Reset(tickEvery) // first: a panic must not stop the clock
		a.look(now)
	case messages.Drain:
		a.drain(m, now)
	case messages.Opened:
		a.opened(m, now)
	case messages.Ended:
		a.ended(m, now)
	case messages.Misused:
		a.log.Warn("a lease was released after its end: twice, or after it was revoked", "slot", m.Slot)
	}
	a.reconcile(ctx, now)
	a.publish()
}

// reconcile acts on the difference between what is wanted and what is there.
func (a *poolActor) reconcile(ctx actor.Context, now time.Time) {
	if a.vacant() && a.slots.Arm() && a.refused(now) {
		a.slots.RefuseWaiting(conn.ErrDenied)
	}
	for _, act := range reconcile(a.picture(now)) {
		switch act.do {
		case openSlot:
			a.open(ctx, act, now)
		case retireSlot:
			a.retire(act)
		}
	}
	a.markOverflow(now)
	a.finish(ctx, now)
}

// vacant says whether the pool could grow: while it can't, it need not hear
// that somebody waits.
func (a *poolActor) vacant() bool {
	return slices.ContainsFunc(a.states, func(s slotState) bool { return s.phase == empty })
}

// refused says whether waiting is useless: the server refuses this pool, it is
// not time to ask again, and there is no backend that could come back.
func (a *poolActor) refused(now time.Time) bool {
	if !now.Before(a.blocked) {
		return false
	}
	for _, s := range a.states {
		if s.phase == open || s.phase == opening {
			return false
		}
	}
	return true
}

func (a *poolActor) picture(now time.Time) picture {
	p := picture{
		pool: a.config, draining: a.draining, blocked: now.Before(a.blocked), waiting: a.slots.Waiting(),
		slots: make([]slotPicture, len(a.states)),
	}
	for i, s := range a.states {
		sp := slotPicture{phase: s.phase, lost: s.lost, replaces: s.replaces, why: s.why}
		if s.phase == open {
			sp.state, _ = a.slots.State(i)
			sp.idle = now.Sub(s.still)
			if b := a.slots.Backend(i); b != nil {
				sp.expired = !b.Expires().IsZero() && now.After(b.Expires())
			}
		}
		p.slots[i] = sp
	}
	return p
}

// open gives a slot a new incarnation.
func (a *poolActor) open(ctx actor.Context, act action, now time.Time) {
	s := &a.states[act.slot]
	s.phase, s.since, s.replaces, s.why = opening, now, act.replaces, messages.None
	s.incarnation++
	place := actors.Place{
		Slot: act.slot, Incarnation: s.incarnation, Slots: a.slots, Dialer: a.dialer,
		Pool: a.self, Node: a.node, Work: a.work, Log: a.log,
	}
	props := actors.Guard(a.log, func() actor.Actor { return actors.NewConnection(place) })
	pid, err := ctx.SpawnNamed(props, fmt.Sprintf("%s%d.%d", connectionName, act.slot, s.incarnation))
	if err != nil {
		panic(fmt.Sprintf("connection name used twice: %v", err)) // incarnations only count up
	}
	ref := actors.RefTo[messages.ToConnection](ctx.ActorSystem(), pid)
	a.connections[act.slot].Store(&ref)
}

func (a *poolActor) retire(act action) {
	s := &a.states[act.slot]
	s.phase, s.why = leaving, act.cause
	a.connections[act.slot].Load().Tell(messages.Retire{Cause: act.cause})
}

// markOverflow has those backends closed at check-in that are more than the
// pool keeps.
func (a *poolActor) markOverflow(now time.Time) {
	extra := beyond(a.config.Size, a.picture(now).slots)
	for i := range a.states {
		a.slots.Overflow(i, slices.Contains(extra, i))
	}
}

// look compares the epochs of all slots with those of the last look: that is
// how the pool knows ages without a clock in every checkout. An idle backend is
// also peeked at, for its server may have hung up.
func (a *poolActor) look(now time.Time) {
	for i := range a.states {
		s := &a.states[i]
		state, epoch := a.slots.State(i)
		if s.phase == leaving && state == conn.Idle { // it was given back in the moment that it was retired
			a.connections[i].Load().Tell(messages.Retire{Cause: s.why})
		}
		if s.phase != open {
			continue
		}
		if epoch != s.epoch || state != conn.Idle {
			s.epoch, s.still = epoch, now
			continue
		}
		a.slots.Suspect(i)
		if b, ok := a.slots.Claim(i); ok {
			cause := b.Peek()
			if cause == messages.None {
				cause = a.slots.Return(i)
			}
			if cause != messages.None {
				a.connections[i].Load().Tell(messages.Settle{Cause: cause})
			}
		}
	}
}

func (a *poolActor) opened(m messages.Opened, now time.Time) {
	s := &a.states[m.Slot]
	if s.incarnation != m.Incarnation || s.phase != opening {
		return
	}
	s.phase, s.since, s.still, s.lost = open, now, now, false
	a.failures, a.blocked = 0, time.Time{}
	a.log.Debug("connection opened", "slot", m.Slot, "incarnation", m.Incarnation)
}

func (a *poolActor) ended(m messages.Ended, now time.Time) {
	s := &a.states[m.Slot]
	if s.incarnation != m.Incarnation || s.phase == empty {
		return
	}
	served := s.phase != opening
	for i := range a.states {
		if a.states[i].replaces == m.Slot {
			a.states[i].replaces = none
		}
	}
	s.phase, s.since, s.replaces, s.why = empty, now, none, messages.None
	switch fate := decide(served, m.Cause); fate {
	case rest:
		a.log.Debug("connection ended", "slot", m.Slot, "incarnation", m.Incarnation, "cause", m.Cause)
		return
	case backoff:
		a.refuse(m, now)
	case restart:
		s.lost = s.lost || served
	}
	s.cause, s.err, s.at = m.Cause, m.Err, now
	if served {
		s.restarts++
		a.log.Warn("connection lost, restarting its slot", "slot", m.Slot, "incarnation", m.Incarnation, "cause", m.Cause, "error", m.Err)
		return
	}
	if m.Err != nil {
		a.slots.Failed(conn.Failure{Err: m.Err, At: now})
	}
	a.log.Debug("connect failed", "slot", m.Slot, "incarnation", m.Incarnation, "cause", m.Cause, "error", m.Err)
}

// refuse backs off from a server that answers, but has nothing for this pool.
func (a *poolActor) refuse(m messages.Ended, now time.Time) {
	a.failures++
	wait := actors.Backoff(a.from.BackoffMin, a.from.BackoffMax, a.failures)
	a.blocked = now.Add(wait)
	a.waker.Reset(wait)
	if a.failures == 1 {
		a.log.Error("pool is refused, backing off", "cause", m.Cause, "error", m.Err)
	}
}

func (a *poolActor) drain(m messages.Drain, now time.Time) {
	if !a.draining {
		a.draining = true
		a.slots.Close()
		a.log.Info("pool drains", "leased", a.slots.Stats().Leased, "for", m.Deadline.Sub(now).Round(time.Millisecond))
	}
	a.deadline = m.Deadline
	a.waker.Reset(max(0, m.Deadline.Sub(now)))
}

// finish ends a drained pool, and what is left of it when its time is over.
func (a *poolActor) finish(ctx actor.Context, now time.Time) {
	if !a.draining {
		return
	}
	over := !now.Before(a.deadline)
	left := 0
	for i, s := range a.states {
		if s.phase == empty {
			continue
		}
		left++
		if over && !s.revoked {
			if state, _ := a.slots.State(i); state == conn.Leased {
				a.revoked.Add(1)
			}
			a.states[i].revoked = true
			a.connections[i].Load().Tell(messages.Revoke{Cause: messages.Fenced})
		}
	}
	if left == 0 {
		ctx.Stop(ctx.Self())
	}
}

// publish lets others see what the pool knows of its slots.
func (a *poolActor) publish() {
	view := make([]slotView, len(a.states))
	for i, s := range a.states {
		view[i] = s.slotView
	}
	a.view.Store(&view)
}
