package supervisor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// roster is what a system consists of. It does not change once it is published.
type roster struct {
	topology config.Topology
	pools    []*Pool // in the order of the topology
	nodes    []*node
	guests   guests
}

// guests are the names of what was added while the system ran and is not of its topology.
type guests struct{ nodes, pools, routes map[string]bool }

type node struct {
	name     string
	settings atomic.Pointer[config.Node]
	ref      actors.Address[messages.ToNode]
	view     atomic.Pointer[actors.NodeView]

	breaker messages.BreakerState // as it was last told; its actor's alone
}

func newNode(n config.Node) *node {
	added := &node{name: n.Name}
	added.settings.Store(&n)
	added.view.Store(&actors.NodeView{Name: n.Name, Up: true, Since: time.Now()})
	return added
}

func (r *roster) node(name string) *node {
	for _, n := range r.nodes {
		if n.name == name {
			return n
		}
	}
	return nil
}

func (r *roster) pool(name string) *Pool {
	for _, p := range r.pools {
		if p.Name() == name {
			return p
		}
	}
	return nil
}

// running is the topology with the settings that its pools have by now. It is the caller's.
func (r *roster) running() config.Topology {
	t := r.topology
	t.Pools = make([]config.Pool, len(r.pools))
	for i, p := range r.pools {
		t.Pools[i] = p.Config()
	}
	return t.Clone()
}

// Add adds nodes, pools and routes to the running system; the routes come after those that there are.
// The error says what can't work: then nothing is added.
func (s *System) Add(ctx context.Context, more config.Topology) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.final {
		return conn.ErrClosed
	}
	if err := s.stillLeaving(more); err != nil {
		return err
	}
	more = more.Clone()
	former := s.roster.Load()
	running := former.running()
	merged := running
	merged.Nodes = slices.Concat(merged.Nodes, more.Nodes)
	merged.Pools = slices.Concat(merged.Pools, more.Pools)
	merged.Routes = slices.Concat(merged.Routes, more.Routes)
	merged = merged.Complete()
	if err := merged.Check(); err != nil {
		return err
	}
	p, err := s.passageTo(former, merged, config.Compare(running, merged))
	if err != nil {
		return err
	}
	p.next.guests = former.guests.with(more)
	return s.pass(p)
}

func (g guests) with(more config.Topology) guests {
	return guests{
		nodes:  among(g.nodes, more.Nodes, func(n config.Node) string { return n.Name }),
		pools:  among(g.pools, more.Pools, func(p config.Pool) string { return p.Name }),
		routes: among(g.routes, more.Routes, func(r config.Route) string { return r.Name }),
	}
}

func among[T any](names map[string]bool, more []T, name func(T) string) map[string]bool {
	all := maps.Clone(names)
	if all == nil {
		all = make(map[string]bool, len(more))
	}
	for _, t := range more {
		all[name(t)] = true
	}
	return all
}

// Remove takes a pool out of the running system, and with it the routes to it and, if it
// was the last pool there, its node. No session is sent to it any more; it drains, for no longer than
// its drain_timeout and ctx, and is closed when Remove returns: another pool may be added under
// its name at once. The error says that there is no such pool, or how many leases had to be
// revoked.
func (s *System) Remove(ctx context.Context, name string) error {
	p, err := s.strike(name)
	if err != nil {
		return err
	}
	p.drain(ctx)
	err = p.drained(ctx)
	s.forget(p)
	return err
}

// forget strikes a pool, which may be nil, from those that are leaving, and stops the nodes
// that wait for the last of them to be closed.
func (s *System) forget(closed *Pool) {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.leaving = slices.DeleteFunc(s.leaving, func(left *Pool) bool { return left == closed })
	s.orphans = slices.DeleteFunc(s.orphans, func(n *node) bool {
		if slices.ContainsFunc(s.leaving, func(left *Pool) bool { return left.node.Load() == n }) {
			return false
		}
		if !s.final { // else it ends with the tree
			s.actors.Root.Stop(n.ref.PID())
		}
		return true
	})
}

// stillLeaving says which name of what is to be added is one of a pool that drains, or of
// its node: their actors still bear it.
func (s *System) stillLeaving(more config.Topology) error {
	for _, left := range s.leaving {
		for _, p := range more.Pools {
			if p.Name == left.Name() {
				return fmt.Errorf("pool %q: the one of that name is still being removed: add it when that is closed", p.Name)
			}
		}
		for _, n := range more.Nodes {
			if n.Name == left.node.Load().name {
				return fmt.Errorf("node %q: the pool %q on the one of that name is still being removed: add it when that is closed", n.Name, left.Name())
			}
		}
	}
	return nil
}

// strike takes a pool out of the roster and the table of routes.
func (s *System) strike(name string) (*Pool, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.final {
		return nil, conn.ErrClosed
	}
	p, err := s.Pool(name)
	if err != nil {
		return nil, err
	}
	next := s.roster.Load().without(p)
	s.leaving = append(s.leaving, p)
	if on := p.node.Load(); !slices.Contains(next.nodes, on) {
		s.orphans = append(s.orphans, on)
	}
	s.roster.Store(next)
	for {
		table := s.table.Load()
		if s.table.CompareAndSwap(table, table.With(name, false).Updated(next.topology)) {
			return p, nil
		}
	}
}

// without is the roster less a pool, the routes to it, and its node if that was its last.
func (r *roster) without(p *Pool) *roster {
	next := &roster{topology: r.topology, nodes: r.nodes, guests: r.guests}
	for _, other := range r.pools {
		if other != p {
			next.pools = append(next.pools, other)
		}
	}
	t := &next.topology
	t.Pools = slices.DeleteFunc(slices.Clone(t.Pools), func(c config.Pool) bool { return c.Name == p.Name() })
	t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(c config.Route) bool { return c.Pool == p.Name() })
	on := p.node.Load()
	if !slices.ContainsFunc(next.pools, func(other *Pool) bool { return other.node.Load() == on }) {
		next.nodes = slices.DeleteFunc(slices.Clone(r.nodes), func(n *node) bool { return n == on })
		t.Nodes = slices.DeleteFunc(slices.Clone(t.Nodes), func(c config.Node) bool { return c.Name == on.name })
	}
	return next
}

// stopChanging refuses every change from now on, and returns the pools that are being
// removed. What is being added is there.
func (s *System) stopChanging() []*Pool {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.final = true
	return slices.Clone(s.leaving)
}
