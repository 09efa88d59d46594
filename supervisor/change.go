package supervisor

import (
	"github.com/unoactor/unoactor/config"
)

// step is one thing to do about a node, a pool or the routes when the topology changes.
type step struct {
	do       deed
	name     string   // of the node or pool, "" of the routes
	turnover turnover // of a pool that changes
}

// deed is what a step does, in the order in which steps are done: what can fail comes first,
// and what goes goes last.
type deed uint8

const (
	startNode deed = iota
	startPool
	changeNode
	changePool
	switchRoutes
	drainPool
	stopNode // when no pool is on it any more
)

var deeds = [...]string{"start node", "start pool", "change node", "change pool", "switch routes", "drain pool", "stop node"}

func (d deed) String() string { return deeds[d] }

// change says what has to be done for a delta to what runs.
func change(running config.Topology, d config.Delta) []step {
	var steps []step
	for _, n := range d.Nodes.Added {
		steps = append(steps, step{do: startNode, name: n.Name})
	}
	for _, p := range d.Pools.Added {
		steps = append(steps, step{do: startPool, name: p.Name})
	}
	for _, n := range d.Nodes.Changed {
		steps = append(steps, step{do: changeNode, name: n.After.Name})
	}
	for _, p := range running.Pools {
		if t, changes := changeOf(p, d); changes {
			steps = append(steps, step{do: changePool, name: p.Name, turnover: t})
		}
	}
	steps = append(steps, step{do: switchRoutes})
	for _, p := range d.Pools.Removed {
		steps = append(steps, step{do: drainPool, name: p.Name})
	}
	for _, n := range d.Nodes.Removed {
		steps = append(steps, step{do: stopNode, name: n.Name})
	}
	return steps
}

// changeOf says whether a pool that runs gets another setup, for its own settings or for
// those of the node that it will be on, and what becomes of its backends.
func changeOf(p config.Pool, d config.Delta) (t turnover, changes bool) {
	for _, removed := range d.Pools.Removed {
		if removed.Name == p.Name {
			return keepAll, false
		}
	}
	on := p.Node
	for _, c := range d.Pools.Changed {
		if c.After.Name == p.Name {
			on, t, changes = c.After.Node, turnoverOf(c.Settings), true
		}
	}
	for _, c := range d.Nodes.Changed {
		if c.After.Name == on {
			t, changes = max(t, turnoverOf(ownOf(c.Settings))), true
		}
	}
	return t, changes
}

// ownOf leaves out what a node only has for those of its pools that don't have it themselves:
// if it changes for a pool, that is a setting of the pool's that changed.
func ownOf(settings []config.Setting) []config.Setting {
	var own []config.Setting
	for _, s := range settings {
		switch s.Name {
		case "database", "user", "password":
		default:
			own = append(own, s)
		}
	}
	return own
}

func turnoverOf(settings []config.Setting) turnover {
	t := keepAll
	for _, s := range settings {
		switch {
		case s.Reload != config.Drained:
		case s.Name == "node", s.Name == "host", s.Name == "port", s.Name == "database", s.Name == "user":
			t = moveAll
		default:
			t = max(t, replaceAll)
		}
	}
	return t
}

// String is the step in words.
func (s step) String() string {
	words := s.do.String()
	if s.name != "" {
		words += " " + s.name
	}
	if s.do == changePool {
		words += ": " + s.turnover.String()
	}
	return words
}
