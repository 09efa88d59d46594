package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

// Applied is a change that a running system has taken up.
type Applied struct {
	// Delta is what changed of what ran before. It has nothing of what was added at run
	// time and stays.
	Delta config.Delta

	changed []*Pool
	removed []*Pool
	cleared <-chan struct{} // closed when what was removed is
}

// Apply has the system take up another topology, whole or not at all. Nodes, pools and
// routes are matched by name with those that run; what was added by [System.Add] and is not
// in the topology stays, and its routes come last. The error says what can't work or what
// only a new process takes up: nothing has changed then.
//
// An error beside an Applied is of a pool that does not answer, which is a bug: the change
// has been made.
//
// Apply waits for no server and no lease. When it returns, all settings are taken up, the
// routes are those of the topology, pools that were removed refuse new leases, and backends
// that have to be replaced are being replaced: see [Applied.Wait].
// ctx may end before the change begins, and has no effect on one that has begun.
//
// Calls of Apply, Add and Remove are done one after another. After Close the error is
// [conn.ErrClosed].
func (s *System) Apply(ctx context.Context, t config.Topology) (*Applied, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.final {
		return nil, conn.ErrClosed
	}
	former := s.roster.Load()
	for _, p := range former.pools { // what operators have them take up waits
		p.orders.mu.Lock()
		defer p.orders.mu.Unlock()
	}
	running := former.running()
	wanted, stay, err := former.accommodate(running, t)
	if err != nil {
		return nil, err
	}
	delta := config.Compare(running, wanted)
	if err := delta.Refused(); err != nil {
		return nil, err
	}
	p, err := s.passageTo(former, wanted, delta)
	if err != nil {
		return nil, err
	}
	p.next.guests = stay
	if err := s.pass(p); err != nil {
		return nil, err
	}
	var errs []error
	for _, changed := range p.changed {
		errs = append(errs, changed.taken(p.setups[changed.Name()]))
	}
	s.logChange(delta)
	return &Applied{Delta: delta, changed: p.changed, removed: p.removed, cleared: s.follow(p)}, errors.Join(errs...)
}

// accommodate is a topology, completed, with what runs by way of [System.Add] and is not in
// it. The error says what can't work, of the topology itself first.
func (r *roster) accommodate(running, t config.Topology) (config.Topology, guests, error) {
	t = t.Clone().Complete()
	check := func(t config.Topology) error {
		if len(t.Nodes)+len(t.Pools)+len(t.Routes) == 0 { // all goes, as in a system that starts with nothing
			return nil
		}
		return t.Check()
	}
	if err := check(t); err != nil {
		return t, guests{}, err
	}
	var stay config.Topology
	stay.Nodes = staying(running.Nodes, t.Nodes, r.guests.nodes, func(n config.Node) string { return n.Name })
	stay.Pools = staying(running.Pools, t.Pools, r.guests.pools, func(p config.Pool) string { return p.Name })
	stay.Routes = staying(running.Routes, t.Routes, r.guests.routes, func(r config.Route) string { return r.Name })
	t.Nodes, t.Pools, t.Routes = slices.Concat(t.Nodes, stay.Nodes), slices.Concat(t.Pools, stay.Pools), slices.Concat(t.Routes, stay.Routes)
	if err := check(t); err != nil {
		return t, guests{}, fmt.Errorf("the topology does not go with what was added while the system ran: %w", err)
	}
	return t, guests{}.with(stay), nil
}

// staying are those things that run, are guests and are not in a topology.
func staying[T any](running, in []T, guests map[string]bool, name func(T) string) []T {
	var stay []T
	for _, thing := range running {
		n := name(thing)
		if guests[n] && !slices.ContainsFunc(in, func(other T) bool { return name(other) == n }) {
			stay = append(stay, thing)
		}
	}
	return stay
}

// follow forgets each pool that was removed when it is closed, and stops the nodes on which
// none is any more. What it returns is closed when that is done. s.turn is held.
func (s *System) follow(p *passage) <-chan struct{} {
	cleared := make(chan struct{})
	s.orphans = append(s.orphans, p.orphaned...)
	s.work.Go(func() {
		defer close(cleared)
		var each sync.WaitGroup
		for _, removed := range p.removed {
			each.Go(func() {
				<-removed.done
				s.forget(removed)
			})
		}
		each.Wait()
		s.forget(nil) // there may be nodes and no pool
	}, func(err error) {
		s.log.Error("what was removed is not cleared away", "error", err, "stack", conn.StackOf(err))
	})
	return cleared
}

func (s *System) logChange(d config.Delta) {
	for _, c := range d.Changes() {
		s.log.Info("topology changed", "what", c.What, "setting", c.Name, "from", c.From, "to", c.To, "reload", c.Reload)
	}
}

// Wait returns when nothing is left of what the change replaced and removed: the backends
// that were opened by former settings are closed, and so are the pools that were removed. A
// pool whose new server can't be connected to keeps the backends of the old one, so ctx should
// have an end. The error is that of ctx, or tells of leases that had to be revoked.
func (a *Applied) Wait(ctx context.Context) error {
	var errs []error
	for _, p := range a.changed {
		err := p.until(ctx, func() bool { return !p.view.Load().outdated })
		if err != nil && !errors.Is(err, conn.ErrClosed) { // a pool that was closed meanwhile has none
			return fmt.Errorf("pool %q has backends of former settings yet: %w", p.Name(), err)
		}
	}
	for _, p := range a.removed {
		select {
		case <-p.done:
			errs = append(errs, p.revocations())
		case <-ctx.Done():
			return fmt.Errorf("pool %q is not closed yet: %w", p.Name(), ctx.Err())
		}
	}
	select {
	case <-a.cleared:
	case <-ctx.Done():
		errs = append(errs, ctx.Err())
	}
	return errors.Join(errs...)
}
