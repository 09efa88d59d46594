package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

func (k *checker) routes(t Topology) {
	names(k, "route", t.Routes, func(r Route) (string, Source) { return r.Name, r.Source })
	pools := pluck(t.Pools, func(p Pool) string { return p.Name })
	for i, r := range t.Routes {
		what := fmt.Sprintf("route %q", r.Name)
		target := slices.IndexFunc(t.Pools, func(p Pool) bool { return p.Name == r.Pool && r.Pool != "" })
		switch {
		case target < 0:
			k.unknownName(r.Source, "pool", what, r.Pool, "pool", pools)
		case r.Access == Write && slices.ContainsFunc(t.Nodes, func(n Node) bool { return n.Name == t.Pools[target].Node && n.Role == Replica }):
			advice := ""
			if to := writable(t); len(to) > 0 {
				advice = "send writes to a pool of a primary: " + strings.Join(to, ", ")
			}
			k.wrong(r.Source, "pool", what, advice, "it is for writes, and pool %q is on node %q, a replica", r.Pool, t.Pools[target].Node)
		}
		oneOf(k, r.Source, "access", what, r.Access, Any, Read, Write)
		if n := strings.Count(r.Entity, "*"); n > 1 || n == 1 && !strings.HasSuffix(r.Entity, "*") {
			k.wrong(r.Source, "entity", what, "put one * at the end, or none",
				"%s has a * elsewhere than at its end", quote(r.Source, "entity", r.Entity))
		}
		for _, earlier := range t.Routes[:i] {
			if covers(earlier, r) && earlier.Name != r.Name && !t.standsIn(r, earlier) {
				k.wrong(r.Source, "", what, fmt.Sprintf("move it before route %q, or make that one narrower", earlier.Name),
					"it is never reached, since route %q takes all that it would take", earlier.Name)
				break
			}
		}
	}
}

// standsIn says whether a route is for the writes of another while the server of
// that one takes none: both lead to primaries, and not to the same.
func (t Topology) standsIn(r, earlier Route) bool {
	node := func(pool string) string {
		i := slices.IndexFunc(t.Pools, func(p Pool) bool { return p.Name == pool })
		if i < 0 {
			return ""
		}
		return t.Pools[i].Node
	}
	from, to := node(earlier.Pool), node(r.Pool)
	return from != to && slices.Contains(t.primaries(), from) && slices.Contains(t.primaries(), to) && r.Access != Read
}

// writable are the pools on primaries.
func writable(t Topology) []string {
	var names []string
	for _, p := range t.Pools {
		if slices.Contains(t.primaries(), p.Node) {
			names = append(names, p.Name)
		}
	}
	return names
}

// covers says whether a takes every session that b would take.
func covers(a, b Route) bool {
	for name, value := range a.Labels {
		if v, ok := b.Labels[name]; !ok || v != value {
			return false
		}
	}
	prefix, wild := strings.CutSuffix(a.Entity, "*")
	entity := a.Entity == "" || a.Entity == b.Entity || wild && strings.HasPrefix(b.Entity, prefix) && b.Entity != ""
	return (a.Database == "" || a.Database == b.Database) && (a.User == "" || a.User == b.User) && entity &&
		(cmp.Or(a.Access, Any) == Any || a.Access == b.Access)
}
