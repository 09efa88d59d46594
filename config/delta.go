package config

import (
	"maps"
	"slices"
)

// Delta is what one topology changes of another, by kind. Things are matched by their names,
// never by their positions. The zero Delta changes nothing.
type Delta struct {
	Nodes  Differences[Node]
	Pools  Differences[Pool]
	Routes Differences[Route]
	// Order is nil unless the routes that both topologies have are in another order: the
	// first that matches wins.
	Order   *Reordering
	Gateway *Changed[Gateway] // nil: no setting of it changed; its users are under Users
	Users   Differences[User]
	Log     *Changed[Log] // nil: no setting of it changed
}

// Differences are what came, went and changed of one kind. What was added and changed is in
// the order of the topology after, what was removed in that of the one before.
type Differences[T any] struct {
	Added   []T
	Removed []T
	Changed []Changed[T]
}

// Changed is a thing that both topologies have, with other settings.
type Changed[T any] struct {
	Before, After T
	Settings      []Setting // which settings changed, at least one, in the order of the documentation
}

// Setting is one setting that changed.
type Setting struct {
	// Name is its name in a file, with that of the block within: size, retry.max_retries.
	Name string
	// From and To are its values as a file would have them. Both are empty if there is a
	// secret in one of them.
	From, To string
	Reload   Reload
	// File and Line are where the topology after gives it, or else where its block begins;
	// zero in a topology that was written in Go.
	File string
	Line int
}

// Reordering is the names of the routes that both topologies have, in the order of each.
type Reordering struct{ Before, After []string }

// Compare says what after changes of before. Both are completed first, so that a default
// written out is no change; neither is what a block that is turned on has by default.
// Nor does it matter where in a file something is written.
func Compare(before, after Topology) Delta {
	before, after = before.Complete(), after.Complete()
	route := func(r Route) string { return r.Name }
	d := Delta{
		Nodes: differences(before.Nodes, after.Nodes, func(n Node) string { return n.Name }, nodeDifferences),
		Pools: differences(before.Pools, after.Pools, func(p Pool) string { return p.Name }, func(a, b Pool) []Setting {
			return poolDifferences(a, b, before.inherited(a), after.inherited(b))
		}),
		Routes: differences(before.Routes, after.Routes, route, func(a, b Route) []Setting {
			return compared("", routeSettings, a, b, a.Source, b.Source)
		}),
		Order: reordering(pluck(before.Routes, route), pluck(after.Routes, route)),
		Users: differences(before.Gateway.Users, after.Gateway.Users, func(u User) string { return u.Name }, func(a, b User) []Setting {
			return compared("", userSettings, a, b, a.Source, b.Source)
		}),
	}
	if g := gatewayDifferences(before.Gateway, after.Gateway); len(g) > 0 {
		d.Gateway = &Changed[Gateway]{before.Gateway, after.Gateway, g}
	}
	if l := compared("", logSettings, before.Log, after.Log, before.Log.Source, after.Log.Source); len(l) > 0 {
		d.Log = &Changed[Log]{before.Log, after.Log, l}
	}
	return d
}

func nodeDifferences(a, b Node) []Setting {
	return slices.Concat(
		compared("", nodeSettings, a, b, a.Source, b.Source),
		compared("tls.", tlsSettings, a.TLS, b.TLS, a.Source, b.Source),
		compared("breaker.", breakerSettings, a.Breaker.complete(), b.Breaker.complete(), a.Source, b.Source))
}

// poolDifferences takes the sources of the pools with what their nodes say for them.
func poolDifferences(a, b Pool, as, bs Source) []Setting {
	return slices.Concat(
		compared("", poolSettings, a, b, as, bs),
		compared("sizing.", sizingSettings, a.Sizing.complete(), b.Sizing.complete(), a.Source, b.Source),
		compared("retry.", retrySettings, a.Retry.complete(), b.Retry.complete(), a.Source, b.Source),
		compared("hooks.", hookSettings, a.Hooks, b.Hooks, a.Source, b.Source))
}

func gatewayDifferences(a, b Gateway) []Setting {
	if a.Socket == "" && b.Socket == "" { // then nothing has the mode, whose default follows from auth, or the group
		a.SocketMode, a.SocketGroup = b.SocketMode, b.SocketGroup
	}
	return compared("", gatewaySettings, a, b, a.Source, b.Source)
}

// inherited is a pool's source and what its node's says of settings that the
// pool has from there.
func (t Topology) inherited(p Pool) Source {
	i := slices.IndexFunc(t.Nodes, func(n Node) bool { return n.Name == p.Node })
	if i < 0 {
		return p.Source
	}
	s := p.Source
	s.settings = maps.Clone(s.settings)
	for _, name := range []string{"database", "user"} {
		if at, given := t.Nodes[i].Source.settings[name]; given && s.settings != nil {
			if _, own := s.settings[name]; !own {
				s.settings[name] = at
			}
		}
	}
	return s
}

// Empty says whether nothing changes.
func (d Delta) Empty() bool {
	return d.Nodes.empty() && d.Pools.empty() && d.Routes.empty() && d.Order == nil && d.Gateway == nil && d.Users.empty() && d.Log == nil
}

func (d Differences[T]) empty() bool { return len(d.Added)+len(d.Removed)+len(d.Changed) == 0 }

// Has says whether the setting of that name is among those that changed.
func (c Changed[T]) Has(setting string) bool {
	return slices.ContainsFunc(c.Settings, func(s Setting) bool { return s.Name == setting })
}

// Refused says what a running system does not take up, as [*Errors] with the place of each
// setting; nil if there is nothing of the kind.
func (d Delta) Refused() error {
	var refused []Problem
	for _, c := range d.Changes() {
		if c.Reload != Refused {
			continue
		}
		advice := "start a new process for it, or write it as it was"
		if c.From != "" {
			advice += ": " + c.From
		}
		refused = append(refused, Problem{File: c.File, Line: c.Line, What: c.Name + " of " + c.What + ": a running system can't change it", Advice: advice})
	}
	if len(refused) == 0 {
		return nil
	}
	return &Errors{Problems: refused}
}
