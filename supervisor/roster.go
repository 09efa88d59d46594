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
	ref    actors.Ref[messages.ToNode]
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
	for _, p := range added {
		p.ref.Tell(messages.NodeChanged{}) // it was not told while nobody knew of it
	}
	for {
		table := s.table.Load()
		if s.table.CompareAndSwap(table, table.Over(merged)) {
			return nil
		}
	}
}

// stopGrowing refuses what would be added from now on. What is being added is there.
func (s *System) stopGrowing() {
	s.growing.Lock()
	defer s.growing.Unlock()
	s.grown = true
}

// growTime is how long the root actor may take to start actors, which blocks nowhere.
const growTime = 10 * time.Second
