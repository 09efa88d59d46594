package supervisor

import (
	"context"
	"errors"
	"fmt"
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
}

type node struct {
	config config.Node
	ref    actors.Address[messages.ToNode]
	view   atomic.Pointer[actors.NodeView]

	breaker messages.BreakerState // as it was last told; its actor's alone
}

func (r *roster) node(name string) *node {
	for _, n := range r.nodes {
		if n.config.Name == name {
			return n
		}
	}
	return nil
}

// enlist is a roster with what a completed and checked topology adds to it.
func (s *System) enlist(former *roster, t config.Topology) (*roster, error) {
	next := &roster{topology: t, nodes: slices.Clone(former.nodes), pools: slices.Clone(former.pools)}
	for _, n := range t.Nodes[len(former.nodes):] {
		added := &node{config: n}
		added.view.Store(&actors.NodeView{Name: n.Name, Up: true, Since: time.Now()})
		next.nodes = append(next.nodes, added)
	}
	for _, p := range t.Pools[len(former.pools):] {
		var dialer conn.DialerOptions
		if s.dialer != nil {
			dialer = s.dialer(p)
		}
		pool, err := newPool(next.node(p.Node), p, dialer, s.observers(p.Name))
		if err != nil {
			return nil, err
		}
		next.pools = append(next.pools, pool)
	}
	return next, nil
}

// grow asks the root actor to start what is coming. It is answered by grown.
type (
	grow  struct{}
	grown struct{}
)

// Add has the system supervise more nodes and pools, and take more routes, which come
// after those that there are. The error says what can't work: then nothing is added.
func (s *System) Add(ctx context.Context, more config.Topology) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.growing.Lock()
	defer s.growing.Unlock()
	if s.grown {
		return conn.ErrClosed
	}
	if err := s.stillLeaving(more); err != nil {
		return err
	}
	former := s.roster.Load()
	merged := former.topology
	merged.Nodes = slices.Concat(merged.Nodes, more.Nodes)
	merged.Pools = slices.Concat(merged.Pools, more.Pools)
	merged.Routes = slices.Concat(merged.Routes, more.Routes)
	merged = merged.Complete()
	if err := merged.Check(); err != nil {
		return err
	}
	next, err := s.enlist(former, merged)
	if err != nil {
		return err
	}
	s.coming.Store(next)
	if _, err := s.actors.Root.RequestFuture(s.root, grow{}, growTime).Result(); err != nil {
		return fmt.Errorf("start what was added: %w", errors.Join(err, errors.New("the system supervisor is busy or has ended")))
	}
	s.roster.Store(next)
	added := next.pools[len(former.pools):]
	s.events.reportTo(added)
	for {
		table := s.table.Load()
		if s.table.CompareAndSwap(table, table.Updated(merged)) {
			return nil
		}
	}
}

// Remove takes a pool out of the running system, and with it the routes to it and, if it
// was the last pool there, its node. Sessions find it no more; it refuses new leases, waits
// for those that are out, for no longer than its drain_timeout and ctx, and is closed
// when Remove returns: another may be added under its name at once. The error says that
// there is no such pool, or tells of leases that had to be revoked.
func (s *System) Remove(ctx context.Context, name string) error {
	p, err := s.strike(name)
	if err != nil {
		return err
	}
	p.drain(ctx)
	err = p.drained(ctx)
	s.growing.Lock()
	defer s.growing.Unlock()
	s.leaving = slices.DeleteFunc(s.leaving, func(left *Pool) bool { return left == p })
	if !s.grown && !slices.Contains(s.roster.Load().nodes, p.node) {
		// When it has ended, its name is free.
		err = errors.Join(err, s.actors.Root.StopFuture(p.node.ref.PID()).Wait())
	}
	return err
}

// stillLeaving says which name of what is to be added is one of a pool that drains, or of
// its node: their actors still bear it.
func (s *System) stillLeaving(more config.Topology) error {
	for _, left := range s.leaving {
		for _, p := range more.Pools {
			if p.Name == left.Name() {
				return fmt.Errorf("pool %q: the one of that name is still being removed: add it when Remove has returned", p.Name)
			}
		}
		for _, n := range more.Nodes {
			if n.Name == left.node.config.Name {
				return fmt.Errorf("node %q: the pool %q on the one of that name is still being removed: add it when Remove has returned", n.Name, left.Name())
			}
		}
	}
	return nil
}

// strike takes a pool out of the roster and the table of routes.
func (s *System) strike(name string) (*Pool, error) {
	s.growing.Lock()
	defer s.growing.Unlock()
	if s.grown {
		return nil, conn.ErrClosed
	}
	p, err := s.Pool(name)
	if err != nil {
		return nil, err
	}
	next := s.roster.Load().without(p)
	s.leaving = append(s.leaving, p)
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
	next := &roster{topology: r.topology, nodes: r.nodes}
	for _, other := range r.pools {
		if other != p {
			next.pools = append(next.pools, other)
		}
	}
	t := &next.topology
	t.Pools = slices.DeleteFunc(slices.Clone(t.Pools), func(c config.Pool) bool { return c.Name == p.Name() })
	t.Routes = slices.DeleteFunc(slices.Clone(t.Routes), func(c config.Route) bool { return c.Pool == p.Name() })
	if !slices.ContainsFunc(next.pools, func(other *Pool) bool { return other.node == p.node }) {
		next.nodes = slices.DeleteFunc(slices.Clone(r.nodes), func(n *node) bool { return n == p.node })
		t.Nodes = slices.DeleteFunc(slices.Clone(t.Nodes), func(c config.Node) bool { return c.Name == p.node.config.Name })
	}
	return next
}

// stopGrowing refuses what would be added or removed from now on, and returns the pools
// that are being removed. What is being added is there.
func (s *System) stopGrowing() []*Pool {
	s.growing.Lock()
	defer s.growing.Unlock()
	s.grown = true
	return slices.Clone(s.leaving)
}

// growTime is how long the root actor may take to start actors, which blocks nowhere.
const growTime = 10 * time.Second
