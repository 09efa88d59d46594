package config

import (
	"fmt"
	"strings"
)

// Change is one line of a [Delta], as a log or a plan shows it.
type Change struct {
	// What came, went or changed: pool "default", user "app", gateway, routes.
	What string
	// Setting is its setting that changed. Of a thing that was added or removed it has no
	// name, and its From or To is "removed" or "added"; the order of the routes is the
	// setting "order".
	Setting
}

// String is the change in a line.
func (c Change) String() string {
	switch {
	case c.Name == "":
		return fmt.Sprintf("%s %s (%s)", c.What, c.From+c.To, c.Reload)
	case c.From == "" && c.To == "":
		return fmt.Sprintf("%s: %s changed (%s)", c.What, c.Name, c.Reload)
	}
	return fmt.Sprintf("%s: %s %s -> %s (%s)", c.What, c.Name, c.From, c.To, c.Reload)
}

// Changes are the lines of the delta: kind by kind what was added, what changed and what
// was removed.
func (d Delta) Changes() []Change {
	var l lines
	list(&l, "node", d.Nodes, func(n Node) string { return n.Name })
	list(&l, "pool", d.Pools, func(p Pool) string { return p.Name })
	list(&l, "route", d.Routes, func(r Route) string { return r.Name })
	if d.Order != nil {
		l.changed("routes", []Setting{{Name: "order", From: strings.Join(d.Order.Before, ", "), To: strings.Join(d.Order.After, ", "), Reload: Live}})
	}
	if d.Gateway != nil {
		l.changed("gateway", d.Gateway.Settings)
	}
	list(&l, "user", d.Users, func(u User) string { return u.Name })
	if d.Log != nil {
		l.changed("log", d.Log.Settings)
	}
	return l
}

// String is the delta in lines, "" if nothing changes.
func (d Delta) String() string {
	changes := d.Changes()
	text := make([]string, len(changes))
	for i, c := range changes {
		text[i] = c.String()
	}
	return strings.Join(text, "\n")
}

type lines []Change

func list[T any](l *lines, kind string, d Differences[T], name func(T) string) {
	what := func(t T) string { return fmt.Sprintf("%s %q", kind, name(t)) }
	for _, t := range d.Added {
		l.changed(what(t), []Setting{{To: "added", Reload: Live}})
	}
	for _, c := range d.Changed {
		l.changed(what(c.After), c.Settings)
	}
	for _, t := range d.Removed {
		l.changed(what(t), []Setting{{From: "removed", Reload: removal(kind)}})
	}
}

// removal is what becomes of what is in use of a thing that is removed.
func removal(kind string) Reload {
	if kind == "pool" || kind == "node" {
		return Drained
	}
	return Live
}

func (l *lines) changed(what string, settings []Setting) {
	for _, s := range settings {
		*l = append(*l, Change{what, s})
	}
}
