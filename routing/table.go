package routing

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/config"
)

// Table is an immutable set of routes. It is safe for concurrent use.
type Table struct {
	routes []config.Route
	pools  map[string]string // the database of each pool, by the name of the pool
	only   string            // the only pool, if there is one pool and no route
	// readOnly holds the pools whose servers take no writes, though they should.
	readOnly map[string]bool
}

// NewTable makes the table of a completed and checked topology.
func NewTable(t config.Topology) *Table {
	table := &Table{routes: t.Routes, pools: make(map[string]string, len(t.Pools))}
	for _, p := range t.Pools {
		table.pools[p.Name] = p.Database
	}
	if len(t.Pools) == 1 && len(t.Routes) == 0 {
		table.only = t.Pools[0].Name
	}
	return table
}

// Updated returns the table of another topology. What is known about the servers of pools stays known.
func (t *Table) Updated(topology config.Topology) *Table {
	next := NewTable(topology)
	next.readOnly = t.readOnly
	return next
}

// With returns a table that knows that the server of a pool takes no writes, or takes them again.
func (t *Table) With(pool string, readOnly bool) *Table {
	next := *t
	next.readOnly = maps.Clone(t.readOnly)
	if next.readOnly == nil {
		next.readOnly = make(map[string]bool)
	}
	if readOnly {
		next.readOnly[pool] = true
	} else {
		delete(next.readOnly, pool)
	}
	return &next
}

// Choice is the pool for a session, and the rule that chose it, in words.
type Choice struct {
	Pool string
	Rule string
}

// Pick returns the pool for a session: that of the first route that matches, in the order of the
// topology; else the pool that has the database's name; else, for a session that names no
// database, the pool named "default", or the only pool of a topology without routes. For a session
// that may write, a route to a pool whose server takes no writes is used only if no other one
// matches. The error is a [*NoRouteError].
func (t *Table) Pick(i Intent) (Choice, error) {
	var refuge Choice
	for _, r := range t.routes {
		if object(r, i) != (objection{}) {
			continue
		}
		choice := Choice{Pool: r.Pool, Rule: fmt.Sprintf("route %q", r.Name)}
		if !t.readOnly[r.Pool] || i.Access == config.Read {
			return choice, nil
		}
		if refuge.Pool == "" {
			refuge = choice
		}
	}
	if refuge.Pool != "" {
		return refuge, nil
	}
	switch {
	case i.Database != "" && t.has(i.Database):
		return Choice{Pool: i.Database, Rule: "the pool has the database's name"}, nil
	case i.Database == "" && t.has("default"):
		return Choice{Pool: "default", Rule: `the pool is named "default"`}, nil
	case i.Database == "" && t.only != "":
		return Choice{Pool: t.only, Rule: "it is the only pool"}, nil
	}
	return Choice{}, t.noRoute(i)
}

func (t *Table) has(pool string) bool {
	_, ok := t.pools[pool]
	return ok
}

func (t *Table) noRoute(i Intent) error {
	e := &NoRouteError{Intent: i}
	for name, database := range t.pools {
		if i.Database != "" && database == i.Database {
			e.Pools = append(e.Pools, name)
		}
	}
	slices.Sort(e.Pools)
	for _, r := range t.routes {
		e.Tried = append(e.Tried, fmt.Sprintf("route %q: %v", r.Name, object(r, i)))
	}
	return e
}

// NoRouteError says that there is no pool for a session, and why.
type NoRouteError struct {
	Intent Intent
	Tried  []string // each route, and what it wants that the session has not said
	Pools  []string // the pools of the database that was asked for, which have other names
}

func (e *NoRouteError) Error() string {
	text := fmt.Sprintf("no pool for %v: there is no route, and no pool of that name", e.Intent)
	if len(e.Tried) > 0 {
		text = fmt.Sprintf("no pool for %v; tried %s", e.Intent, strings.Join(e.Tried, "; "))
	}
	if advice := e.Advice(); advice != "" {
		text += "; " + advice
	}
	return text
}

// Advice returns how a pool of the database that was asked for can be found, "" if there is no such pool.
func (e *NoRouteError) Advice() string {
	if len(e.Pools) == 0 {
		return ""
	}
	return fmt.Sprintf(`"%s" names a pool of that database: ask for that, or add a route with database = %q and pool = pool.%s`,
		strings.Join(e.Pools, `" or "`), e.Intent.Database, e.Pools[0])
}
