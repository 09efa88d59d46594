package supervisor

import (
	"context"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// A generation is the backends that are opened between two events that concern all backends of a pool:
// the server was restarted, or takes no writes any more, or an operator wants others.

// begin begins a generation. cause is that of the retirements, why is for the journal and the log.
func (a *poolActor) begin(cause messages.Cause, why string) {
	a.generation++
	a.note(conn.Decision{What: conn.Noticing, Slot: -1, Cause: cause, Note: why})
	level := hclog.Warn
	if cause == messages.Reconfigured || cause == messages.Rotated || cause == messages.Invalidated {
		level = hclog.Info // somebody wants it
	}
	a.log.Log(level, "all backends are replaced", "cause", cause, "because", why, "generation", a.generation)
	a.observe.emit(messages.PoolRecycled{Origin: a.origin(), Generation: a.generation, Cause: cause})
}

// invalidate begins a generation and retires the backends of earlier ones: all that are not leased, or,
// after a rotation, a few at a time.
func (a *poolActor) invalidate(m messages.Invalidate) {
	if m.Cause == messages.Rotated {
		a.begin(m.Cause, "other credentials were proven")
		a.rolled, a.rolledFor = a.generation, m.Cause
	} else {
		a.begin(m.Cause, "they were invalidated")
	}
	for i := range a.states {
		s := &a.states[i]
		switch {
		case s.trial != nil || s.generation == a.generation:
		case s.phase == opening, s.phase == open && m.Cause != messages.Rotated:
			a.retire(i, m.Cause)
		}
		if m.Hard && (s.phase == leaving || s.phase == open) {
			a.connections.at(i).Tell(messages.Revoke{Cause: m.Cause})
		}
	}
}

// serverSeen takes up what a new backend learned about its server: a server that was restarted begins a
// generation.
func (a *poolActor) serverSeen(slot int, seen messages.Server) {
	if seen.Started > a.server.Started {
		if a.server.Started != 0 {
			a.begin(messages.HungUp, "the server was restarted")
			a.inspectAll()
		}
		a.server.Started = seen.Started
	}
	if seen.Started == a.server.Started {
		a.states[slot].generation = a.generation
	}
	a.roleSeen(messages.RoleSeen{Server: seen})
}

// inspectAll peeks at every idle backend, and marks the others to be peeked at before their next lease.
func (a *poolActor) inspectAll() {
	a.slots.SuspectAll()
	for i := range a.states {
		if a.states[i].phase == open {
			a.inspect(i, false)
		}
	}
}

// nodeChanged takes up the state of the node and of its breaker.
func (a *poolActor) nodeChanged(now time.Time) {
	n := a.node.Load().view.Load()
	if n.Breaker == messages.BreakerOpen {
		a.slots.Trip(&conn.BreakerError{Node: n.Name, Cause: n.Cause, Err: n.Err, Next: n.Next})
		a.note(conn.Decision{At: now, What: conn.Holding, Slot: -1, Cause: n.Cause, Note: "the node's breaker opened"})
	} else {
		a.slots.Trip(nil)
	}
	if !n.Up && !a.down {
		a.note(conn.Decision{At: now, What: conn.Noticing, Slot: -1, Cause: n.Cause, Note: "the node can't be connected to"})
		a.inspectAll()
		for i := range a.states {
			a.slots.Doubt(i)
		}
	}
	a.down = !n.Up
}

// roleEvery is how often a server that takes no writes is asked whether it does again.
const roleEvery = time.Second

// mayWrite returns whether the pool is meant to write.
func (a *poolActor) mayWrite() bool {
	_, own := a.Config().Runtime["default_transaction_read_only"]
	return a.node.Load().settings.Load().Role == config.Primary && !own
}

// probeRole asks the server, in the background, whether it takes writes, on the backend of the reserve if
// no other is free.
func (a *poolActor) probeRole(now time.Time) {
	if a.probing || !a.mayWrite() || now.Sub(a.probed) < roleEvery {
		return
	}
	a.probing, a.probed = true, now
	a.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), askTime)
		defer cancel()
		seen, err := a.askServer(ctx)
		a.self.Tell(messages.RoleSeen{Server: seen, Err: err})
	}, func(err error) {
		a.log.Error("the look at the server failed", "error", err, "stack", conn.StackOf(err))
		a.self.Tell(messages.RoleSeen{Err: err})
	})
}

func (a *poolActor) askServer(ctx context.Context) (messages.Server, error) {
	l, err := a.slots.AcquirePriority(ctx, conn.Admin)
	if err != nil {
		return messages.Server{}, err
	}
	defer l.Release()
	b, err := l.Backend()
	if err != nil {
		return messages.Server{}, err
	}
	return b.AskServer(ctx), nil
}

// route tells the router whether sessions that write can be sent to the pool.
func (a *poolActor) route(readOnly bool) {
	a.server.ReadOnly = readOnly
	a.router.Tell(messages.RoleChanged{Pool: a.Name(), Node: a.node.Load().name, ReadOnly: readOnly})
}

// roleSeen takes up whether the server takes writes: sessions that write are sent elsewhere while it takes
// none, and its backends are retired.
func (a *poolActor) roleSeen(m messages.RoleSeen) {
	if m.Err != nil || a.draining || !a.mayWrite() || m.Server.ReadOnly == a.server.ReadOnly {
		return
	}
	a.route(m.Server.ReadOnly)
	if !m.Server.ReadOnly {
		a.note(conn.Decision{What: conn.Noticing, Slot: -1, Note: "the server takes writes again"})
		return
	}
	a.begin(messages.ReadOnly, "the server takes no writes any more")
	for i := range a.states {
		if s := &a.states[i]; s.phase == open && s.generation < a.generation {
			a.retire(i, messages.ReadOnly)
		}
	}
}
