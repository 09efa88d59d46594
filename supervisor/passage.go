package supervisor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// passage is the way from one roster to the next: the steps, and all that they need. Whatever
// can fail has been made before the first step, but for the actors, which are started first.
type passage struct {
	steps    []step
	former   *roster
	next     *roster
	settings map[string]config.Node // of the nodes that change
	setups   map[string]*setup      // of the pools that change
	added    []*Pool
	changed  []*Pool
	removed  []*Pool
	orphaned []*node // on which no pool is any more
}

// passageTo makes the passage to a completed and checked topology, which changes a roster by
// a delta. The error says what can't be made: nothing has happened then.
func (s *System) passageTo(former *roster, t config.Topology, d config.Delta) (*passage, error) {
	p := &passage{
		steps: change(former.running(), d), former: former, next: &roster{topology: t, guests: former.guests},
		settings: make(map[string]config.Node), setups: make(map[string]*setup),
	}
	nodes := make(map[string]config.Node, len(t.Nodes))
	for _, n := range t.Nodes {
		nodes[n.Name] = n
		known := former.node(n.Name)
		if known == nil {
			known = newNode(n)
		}
		p.next.nodes = append(p.next.nodes, known)
	}
	turnovers := make(map[string]turnover)
	for _, st := range p.steps {
		switch st.do {
		case changeNode:
			p.settings[st.name] = nodes[st.name]
		case changePool:
			turnovers[st.name] = st.turnover
		case drainPool:
			p.removed = append(p.removed, former.pool(st.name))
		case stopNode:
			p.orphaned = append(p.orphaned, former.node(st.name))
		}
	}
	for _, c := range t.Pools {
		on, server := p.next.node(c.Node), nodes[c.Node]
		known := former.pool(c.Name)
		if known == nil {
			added, err := newPool(on, server, c, s.dialerOptions(c), s.observers(c.Name))
			if err != nil {
				return nil, err
			}
			p.next.pools, p.added = append(p.next.pools, added), append(p.added, added)
			continue
		}
		p.next.pools = append(p.next.pools, known)
		if turnover, changes := turnovers[c.Name]; changes {
			setup, err := known.setup(on, server, c, s.dialerOptions(c), turnover)
			if err != nil {
				return nil, err
			}
			p.setups[c.Name], p.changed = setup, append(p.changed, known)
		}
	}
	return p, nil
}

func (s *System) dialerOptions(p config.Pool) conn.DialerOptions {
	if s.dialer == nil {
		return conn.DialerOptions{}
	}
	return s.dialer(p)
}

// goThrough asks the root actor to go through the passage that is coming. It is answered by
// passed.
type (
	goThrough struct{}
	passed    struct{ err error }
)

// passTime is how long the root actor may take for a passage, which blocks nowhere.
const passTime = 10 * time.Second

// pass asks the root actor to go through a passage, and returns when it has. s.turn is held. If there is
// an error, nothing has changed.
func (s *System) pass(p *passage) error {
	s.coming.Store(p)
	answer, err := s.actors.Root.RequestFuture(s.root, goThrough{}, passTime).Result()
	if err != nil {
		return fmt.Errorf("change the tree: %w", errors.Join(err, errors.New("the system supervisor is busy or has ended")))
	}
	if err := answer.(passed).err; err != nil {
		return err
	}
	s.leaving = append(s.leaving, p.removed...)
	s.events.reportTo(p.added)
	return nil
}

// begin starts the tree: the router, and all of the first roster.
func (r *root) begin(ctx actor.Context) error {
	pid, err := r.spawn(ctx, "router", func() actor.Actor { return actors.NewRouter(&r.table, r.desk, r.emit, r.log) })
	if err != nil {
		return err
	}
	ref := actors.RefTo[messages.ToRouter](ctx.ActorSystem(), pid)
	r.router.Store(&ref)
	return r.goThrough(ctx, r.coming.Load())
}

// goThrough does the steps of a passage. Only the first of them, which start actors, can fail: the
// actors that were started are then stopped again.
func (r *root) goThrough(ctx actor.Context, p *passage) error {
	var started []*actor.PID
	for _, st := range p.steps {
		var pid *actor.PID
		var err error
		switch st.do {
		case startNode:
			pid, err = r.startNode(ctx, p.next.node(st.name))
		case startPool:
			pid, err = r.startPool(ctx, p.next.pool(st.name))
		case changeNode:
			n, settings := p.next.node(st.name), p.settings[st.name]
			n.settings.Store(&settings)
			n.ref.Tell(messages.Reconfigure{})
		case changePool:
			p.next.pool(st.name).give(p.setups[st.name])
		case switchRoutes:
			r.switchTo(p)
		case drainPool:
			removed := p.former.pool(st.name)
			removed.slots.Close() // from now on, before its actor has heard of it
			removed.ref.Tell(messages.Drain{Deadline: removed.deadline()})
		case stopNode: // when its pools are closed: see follow
		}
		if err != nil {
			for _, pid := range started {
				ctx.Stop(pid)
			}
			return err
		}
		started = append(started, pid)
	}
	return nil
}

// switchTo publishes the next roster and replaces the table of routes at one moment, while
// the pools of both tables can be found.
func (r *root) switchTo(p *passage) {
	both := *p.next
	both.pools = slices.Concat(p.next.pools, p.removed)
	r.roster.Store(&both)
	for _, added := range p.added {
		added.ref.Tell(messages.NodeChanged{}) // of what happened to its node while nobody knew of the pool
	}
	for {
		table := r.table.Load()
		next := table
		for _, removed := range p.removed {
			next = next.With(removed.Name(), false)
		}
		if r.table.CompareAndSwap(table, next.Updated(p.next.topology)) {
			break
		}
	}
	r.roster.Store(p.next)
}

func (r *root) startNode(ctx actor.Context, n *node) (*actor.PID, error) {
	pid, err := r.spawn(ctx, "node-"+n.name, func() actor.Actor {
		return actors.NewNode(&n.settings, r.log, &n.view, func() bool { return r.awaited(n) }, func(v actors.NodeView) { r.nodeChanged(n, v) })
	})
	if err == nil {
		n.ref.Set(actors.RefTo[messages.ToNode](ctx.ActorSystem(), pid))
	}
	return pid, err
}

func (r *root) startPool(ctx actor.Context, p *Pool) (*actor.PID, error) {
	pid, err := r.spawn(ctx, "pool-"+p.Name(), func() actor.Actor { return newPoolActor(p, *r.router.Load(), &r.work, r.log) })
	if err == nil {
		p.ref.Set(actors.RefTo[messages.ToPool](ctx.ActorSystem(), pid))
	}
	return pid, err
}

// spawn starts an actor of the tree under a name that no other has had.
func (r *root) spawn(ctx actor.Context, name string, produce func() actor.Actor) (*actor.PID, error) {
	if r.spawned[name]++; r.spawned[name] > 1 { // the former may still be closing
		name = fmt.Sprintf("%s~%d", name, r.spawned[name])
	}
	pid, err := ctx.SpawnNamed(actors.Guard(r.log, produce, actor.WithSupervisor(&onPanic{})), name)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return pid, nil
}
