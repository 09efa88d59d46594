package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Reload says what becomes of a change when a topology is read again.
type Reload string

// The kinds of reload. The tables of settings.go classify each setting.
const (
	// Live: the running system takes it up, at once or with the next backend,
	// lease or client that it concerns; nothing is cut off for it.
	Live Reload = "live"
	// Restart: only a new process takes it up.
	Restart Reload = "restart"
)

// Change is one difference between two topologies.
type Change struct {
	// What came, went or changed, as in: pool "default", user "app", gateway.
	What string
	// Setting is its setting that changed. "" if the thing itself was added or
	// removed, "order" if the routes are the same in another order.
	Setting string
	// From and To are the setting's values as a file would have them, or
	// "added" and "removed" of a thing. Both are empty if there is a secret in
	// one of them.
	From, To string
	Reload   Reload
}

// String is the change in a line, as a log shows it.
func (c Change) String() string {
	switch {
	case c.Setting == "":
		return fmt.Sprintf("%s %s (%s)", c.What, c.From+c.To, c.Reload)
	case c.From == "" && c.To == "":
		return fmt.Sprintf("%s: %s changed (%s)", c.What, c.Setting, c.Reload)
	}
	return fmt.Sprintf("%s: %s %s -> %s (%s)", c.What, c.Setting, c.From, c.To, c.Reload)
}

// Diff tells what a reload changes that replaces before by after, both completed
// first, so that a default written out is no change; neither is what a block that
// is turned on has by default. Things are matched by name.
// The order is that of after; what is gone follows what is there.
func Diff(before, after Topology) []Change {
	before, after = before.Complete(), after.Complete()
	var d differ
	things(&d, "node", before.Nodes, after.Nodes, func(n Node) string { return n.Name }, func(what string, a, b Node) {
		settings(&d, what, "", nodeSettings, a, b, a.Source, b.Source)
		settings(&d, what, "tls.", tlsSettings, a.TLS, b.TLS, a.Source, b.Source)
		settings(&d, what, "breaker.", breakerSettings, a.Breaker.complete(), b.Breaker.complete(), a.Source, b.Source)
	})
	things(&d, "pool", before.Pools, after.Pools, func(p Pool) string { return p.Name }, func(what string, a, b Pool) {
		settings(&d, what, "", poolSettings, a, b, before.inherited(a), after.inherited(b))
		settings(&d, what, "sizing.", sizingSettings, a.Sizing.complete(), b.Sizing.complete(), a.Source, b.Source)
		settings(&d, what, "retry.", retrySettings, a.Retry.complete(), b.Retry.complete(), a.Source, b.Source)
		settings(&d, what, "hooks.", hookSettings, a.Hooks, b.Hooks, a.Source, b.Source)
	})
	route := func(r Route) string { return r.Name }
	things(&d, "route", before.Routes, after.Routes, route, func(what string, a, b Route) {
		settings(&d, what, "", routeSettings, a, b, a.Source, b.Source)
	})
	d.order(pluck(before.Routes, route), pluck(after.Routes, route))
	settings(&d, "gateway", "", gatewaySettings, before.Gateway, after.Gateway, before.Gateway.Source, after.Gateway.Source)
	things(&d, "user", before.Gateway.Users, after.Gateway.Users, func(u User) string { return u.Name }, func(what string, a, b User) {
		settings(&d, what, "", userSettings, a, b, a.Source, b.Source)
	})
	settings(&d, "log", "", logSettings, before.Log, after.Log, before.Log.Source, after.Log.Source)
	return d.changes
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

type differ struct{ changes []Change }

// things compares what bears names: compare is called with what is in both.
func things[T any](d *differ, kind string, before, after []T, name func(T) string, compare func(what string, a, b T)) {
	find := func(in []T, wanted string) int {
		return slices.IndexFunc(in, func(t T) bool { return name(t) == wanted })
	}
	for _, b := range after {
		what := fmt.Sprintf("%s %q", kind, name(b))
		if i := find(before, name(b)); i >= 0 {
			compare(what, before[i], b)
		} else {
			d.changes = append(d.changes, Change{What: what, To: "added", Reload: Live})
		}
	}
	for _, a := range before {
		if find(after, name(a)) < 0 {
			d.changes = append(d.changes, Change{What: fmt.Sprintf("%s %q", kind, name(a)), From: "removed", Reload: Live})
		}
	}
}

// settings compares two structs by the table of their settings.
func settings[T any](d *differ, what, prefix string, table []setting[T], a, b T, as, bs Source) {
	for _, s := range table {
		get := s.of(&a).get
		if get == nil {
			continue // another setting of the same field
		}
		from, to := get(), s.of(&b).get()
		if equal(from, to) {
			continue
		}
		name := prefix + s.name
		c := Change{What: what, Setting: name, Reload: s.reload}
		if _, secret := from.(Secret); !secret && !as.hides(name) && !bs.hides(name) {
			c.From, c.To = show(from), show(to)
		}
		d.changes = append(d.changes, c)
	}
}

func equal(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if va.Kind() == reflect.Map || va.Kind() == reflect.Slice {
		if va.Len() == 0 && vb.Len() == 0 {
			return true // nil and empty
		}
	}
	return reflect.DeepEqual(a, b)
}

// order tells if those routes that stay are in another order: the first that
// matches wins.
func (d *differ) order(before, after []string) {
	stays := func(names, in []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(in, n) })
	}
	from, to := stays(before, after), stays(after, before)
	if !slices.Equal(from, to) {
		d.changes = append(d.changes, Change{What: "routes", Setting: "order",
			From: strings.Join(from, ", "), To: strings.Join(to, ", "), Reload: Live})
	}
}
