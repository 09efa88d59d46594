package supervisor

import (
	"fmt"
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
// After every message it reconciles: a message says what has happened, and reconcile what has to be done.
type poolActor struct {
	*Pool
	self   actors.Ref[messages.ToPool]
	router actors.Ref[messages.ToRouter]
	log    hclog.Logger
	work   *actors.Tracker

	states   []slotState
	applied  *config.Pool // the settings that were taken up last
	kept     int          // how many backends to keep, see sizing.go
	quiet    time.Time
	warm     int       // how many backends an operator wants open; 0 when they are
	spared   int       // how many backends are no surplus until then, since they were warmed up
	until    time.Time // the end of that
	draining bool
	deadline time.Time // when a drain revokes the leases that are left
	holdup
	ticker *time.Timer
	waker  *time.Timer

	generation uint64 // of the backends that are opened now
	rolled     uint64 // those of an earlier generation are replaced, a few at a time
	rolledFor  messages.Cause
	moving     bool // until one of the generation rolled serves; then none of an earlier one is lent
	hooked     bool // the slots run checkout hooks
	server     messages.Server
	down       bool // the node is down
	probing    bool // the server is being asked whether it takes writes
	probed     time.Time
}

// slotState is what the pool's actor knows of a slot.
type slotState struct {
	slotView
	lost     bool
	served   bool   // its incarnation was opened
	counted  uint64 // the pool's failures to connect when its incarnation began
	revoked  bool
	replaces int
	why      messages.Cause // why its incarnation was asked to end
	epoch    uint64         // the epoch that the last sweep saw
	still    time.Time      // when a sweep first saw that epoch
	told     uint64         // the epoch of the lease that was last reported as leaked
	trial    *trial         // the trial that its incarnation is, nil if it is none

	entangled uint64 // the epoch of the lease whose holder was last seen to wait for another
}

func newPoolActor(p *Pool, router actors.Ref[messages.ToRouter], work *actors.Tracker, log hclog.Logger) *poolActor {
	a := &poolActor{Pool: p, router: router, work: work, log: log.With("pool", p.Name()), generation: 1, kept: p.Config().Size,
		hooked: p.dialer.Load().HasCheckoutHooks()}
	a.makeRoom()
	return a
}

// makeRoom makes a state for each slot that has none.
func (a *poolActor) makeRoom() {
	a.connections.makeRoom(a.slots.Len())
	for len(a.states) < a.slots.Len() {
		a.states = append(a.states, slotState{replaces: none})
	}
}

// Receive implements actor.Actor.
func (a *poolActor) Receive(ctx actor.Context) {
	now := time.Now()
	switch m := ctx.Message().(type) {
	case *actor.Started:
		a.started(ctx)
	case *actor.Stopping:
		a.ticker.Stop()
		a.waker.Stop()
		a.slots.Close()
		return
	case *actor.Stopped:
		a.observe.emit(messages.PoolDisposed{Origin: a.origin()})
		close(a.done)
		a.changed.ring()
		return
	case *actor.Terminated, *actor.Restarting:
		return
	case messages.Tick:
		a.ticker.Reset(tickEvery(a.Config())) // first: a panic must not stop the clock
		a.sweep(now)
		a.resize(now)
	case messages.Drain:
		a.drain(m, now)
	case messages.Opened:
		a.opened(m, now)
	case messages.Ended:
		a.ended(m, now)
	case messages.ReleasedLate:
		a.log.Warn("a lease was released after its end: it was released before", "slot", m.Slot)
	case messages.Reconfigure:
		a.reconfigure(now)
	case messages.Warm:
		a.warm = m.Backends
		a.spared, a.until = m.Backends, now.Add(min(a.Config().IdleTimeout, 24*time.Hour))
	case messages.Invalidate:
		a.invalidate(m)
	case messages.Rotate:
	case messages.NodeChanged:
		a.nodeChanged(now)
	case messages.WriteRefused:
		a.probeRole(now)
	case messages.RoleSeen:
		a.probing = false
		a.roleSeen(m)
	}
	a.reconcile(ctx, now)
	a.publish()
}

func (a *poolActor) started(ctx actor.Context) {
	a.self = actors.RefTo[messages.ToPool](ctx.ActorSystem(), ctx.Self())
	a.ticker = time.AfterFunc(tickEvery(a.Config()), func() { a.self.Tell(messages.Tick{}) })
	a.waker = time.AfterFunc(time.Hour, func() { a.self.Tell(messages.Tick{}) })
	a.waker.Stop()
	p := a.Config()
	a.log.Info("pool started", "node", p.Node, "size", p.Size, "max_overflow", p.MaxOverflow, "mode", p.Mode)
	a.observe.emit(messages.PoolCreated{Origin: a.origin()})
}

// reconcile does what has to be done about the difference between what the pool wants and what it has.
func (a *poolActor) reconcile(ctx actor.Context, now time.Time) {
	a.hurry(now)
	p := a.picture(now)
	if p.hasRoom() && a.slots.Arm() && a.inVain(now) {
		a.slots.RefuseWaiting(conn.Hopeless(a.refused))
	}
	for _, act := range reconcile(p) {
		switch act.do {
		case openSlot:
			a.open(ctx, act, now)
		case retireSlot:
			a.retire(act.slot, act.cause)
		}
	}
	a.tryDialer(ctx, now)
	a.applyHooks()
	a.markOverflow(now)
	a.finish(ctx, now)
}

func (a *poolActor) picture(now time.Time) picture {
	pool := a.Config()
	p := picture{
		pool: pool, kept: a.kept, warm: a.warm, spared: a.sparedAt(now), draining: a.draining, paused: a.slots.Paused(), blocked: now.Before(a.blocked),
		waiting: a.slots.Waiting(), slots: make([]slotPicture, len(a.states)),
	}
	p.admin = p.waiting > 0 && a.slots.AdminWaiting()
	reserve := a.slots.Reserve()
	for i := range a.states {
		s := &a.states[i]
		sp := slotPicture{phase: s.phase, reserve: i == reserve, trial: s.trial != nil, lost: s.lost, replaces: s.replaces, why: s.why}
		if s.phase == open || s.phase == leaving {
			sp.state, _ = a.slots.State(i)
		}
		if s.phase == open {
			sp.idle = now.Sub(s.still)
			sp.outlived = a.outlived(i, now)
		}
		p.slots[i] = sp
	}
	return p
}

func (a *poolActor) sparedAt(now time.Time) int {
	if now.After(a.until) {
		return 0
	}
	return a.spared
}

// outlived returns why the backend of a slot has to be replaced when there is time, None if it has not.
func (a *poolActor) outlived(slot int, now time.Time) messages.Cause {
	if a.states[slot].generation < a.rolled {
		return a.rolledFor
	}
	if b := a.slots.Backend(slot); b != nil {
		if end := b.Expires(a.Settings().MaxLifetime); !end.IsZero() && now.After(end) {
			return messages.LifetimeOver
		}
	}
	return messages.None
}

// open gives an empty slot a new incarnation, as reconcile says.
func (a *poolActor) open(ctx actor.Context, act action, now time.Time) {
	s := &a.states[act.slot]
	a.note(conn.Decision{At: now, What: conn.Opening, Slot: act.slot, Incarnation: s.incarnation + 1, Note: act.why})
	a.incarnate(ctx, act.slot, a.dialer.Load(), now)
	s.replaces = act.replaces
}

func (a *poolActor) incarnate(ctx actor.Context, slot int, dialer *conn.Dialer, now time.Time) {
	s := &a.states[slot]
	s.phase, s.since, s.replaces, s.why, s.generation, s.revoked, s.served = opening, now, none, messages.None, a.generation, false, false
	s.incarnation++
	s.counted = a.counted
	place := actors.Place{
		Slot: slot, Incarnation: s.incarnation, Slots: a.slots, Dialer: dialer,
		Pool: a.self, Node: a.node.Load().ref.Ref(), Work: a.work, Log: a.log,
	}
	props := actors.Guard(a.log, func() actor.Actor { return actors.NewConnection(place) })
	pid, err := ctx.SpawnNamed(props, fmt.Sprintf("%s%d.%d", connectionName, slot, s.incarnation))
	if err != nil {
		panic(fmt.Sprintf("connection name used twice: %v", err)) // incarnations only count up
	}
	a.connections.put(slot, actors.RefTo[messages.ToConnection](ctx.ActorSystem(), pid))
}

func (a *poolActor) retire(slot int, cause messages.Cause) {
	s := &a.states[slot]
	s.phase, s.why = leaving, cause
	a.note(conn.Decision{What: conn.Retiring, Slot: slot, Incarnation: s.incarnation, Cause: cause})
	a.connections.at(slot).Tell(messages.Retire{Cause: cause})
}

// markOverflow marks the backends that are more than the pool keeps: they are closed at their checkin.
func (a *poolActor) markOverflow(now time.Time) {
	extra := make(map[int]bool)
	p := a.picture(now)
	there := 0
	for _, s := range p.slots {
		there += b2i(!s.reserve && s.phase != empty && (s.phase != leaving || s.state == conn.Leased))
	}
	keep := max(a.kept, p.spared)
	if there > p.pool.Hard() {
		keep = 0 // the pool shrank: whichever lease ends first makes room
	}
	for _, i := range beyond(keep, p.slots) {
		extra[i] = true
	}
	extra[a.slots.Reserve()] = true
	for i := range a.states {
		a.slots.Overflow(i, extra[i])
	}
}

func (a *poolActor) opened(m messages.Opened, now time.Time) {
	s := &a.states[m.Slot]
	if s.incarnation != m.Incarnation || s.phase != opening {
		return
	}
	s.phase, s.since, s.still, s.lost, s.served, s.pid = open, now, now, false, true, m.PID
	a.observe.created(m.Took)
	a.observe.emit(messages.ConnectionOpened{Origin: a.origin(), Backend: s.identity(m.Slot), Took: m.Took})
	a.log.Debug("connection opened", "slot", m.Slot, "incarnation", m.Incarnation, "took", m.Took)
	a.holdup = holdup{counted: a.counted} // also after a trial: its credentials become the pool's
	if s.trial != nil {
		s.trial.decide(nil)
		s.trial = nil
	}
	if a.warm > 0 && a.slots.Stats().Size >= a.warm {
		a.warm = 0
	}
	a.arrived(s)
	a.serverSeen(m.Slot, m.Server)
}

func (a *poolActor) ended(m messages.Ended, now time.Time) {
	s := &a.states[m.Slot]
	if s.incarnation != m.Incarnation || s.phase == empty {
		return
	}
	served := s.served
	who := s.identity(m.Slot)
	for i := range a.states {
		if a.states[i].replaces == m.Slot {
			a.states[i].replaces = none
		}
	}
	s.phase, s.since, s.replaces, s.why, s.pid = empty, now, none, messages.None, 0
	if served {
		a.observe.emit(messages.ConnectionClosed{Origin: a.origin(), Backend: who, Cause: m.Cause})
	}
	if s.trial != nil {
		s.trial.decide(fmt.Errorf("%s: %w", m.Cause, m.Err))
		s.trial = nil
		return
	}
	switch fate := fateOf(served, m.Cause); fate {
	case rest:
		a.log.Debug("connection ended", "slot", m.Slot, "incarnation", m.Incarnation, "cause", m.Cause)
		return
	case backoff:
		a.refuse(m, now)
	case restart:
		s.lost = s.lost || served && m.Slot != a.slots.Reserve()
	}
	s.cause, s.err, s.at = m.Cause, m.Err, now
	a.observe.emit(messages.ConnectionError{Origin: a.origin(), Backend: who, Cause: m.Cause, Err: m.Err})
	if served {
		a.lost(m, who, now)
		return
	}
	if m.Err != nil {
		a.slots.Failed(conn.Failure{Err: m.Err, At: now})
	}
	a.note(conn.Decision{At: now, What: conn.Noticing, Slot: m.Slot, Incarnation: m.Incarnation, Cause: m.Cause, Note: "could not connect"})
	a.log.Debug("connect failed", "slot", m.Slot, "incarnation", m.Incarnation, "cause", m.Cause, "error", m.Err)
	a.panicked(m)
}

// panicked logs the stack of a panic that ended an incarnation, in a dial or a clean-up.
func (a *poolActor) panicked(m messages.Ended) {
	if stack := conn.StackOf(m.Err); stack != "" {
		a.log.Error("code that is not ours panicked", "slot", m.Slot, "incarnation", m.Incarnation, "error", m.Err, "stack", stack)
	}
}

// lost counts and reports a backend that was lost while it served.
func (a *poolActor) lost(m messages.Ended, who messages.Backend, now time.Time) {
	s := &a.states[m.Slot]
	s.restarted(m.Cause)
	a.note(conn.Decision{At: now, What: conn.Restarting, Slot: m.Slot, Incarnation: m.Incarnation, Cause: m.Cause})
	a.observe.emit(messages.ConnectionRestarted{Origin: a.origin(), Backend: who, Cause: m.Cause, Restarts: s.restarts})
	a.log.Warn("connection lost, restarting its slot", "slot", m.Slot, "incarnation", m.Incarnation, "cause", m.Cause, "error", m.Err)
	a.panicked(m)
}

// tryDialer gives the reserve, when it is empty, an incarnation that connects with the credentials of the
// trial that the pool was given.
func (a *poolActor) tryDialer(ctx actor.Context, now time.Time) {
	reserve := a.slots.Reserve()
	if a.draining || a.states[reserve].phase != empty {
		return
	}
	if t := a.orders.trial.Swap(nil); t != nil {
		a.note(conn.Decision{At: now, What: conn.Opening, Slot: reserve, Incarnation: a.states[reserve].incarnation + 1, Note: "to try new credentials"})
		a.incarnate(ctx, reserve, t.dialer, now)
		a.states[reserve].trial = t
	}
}
