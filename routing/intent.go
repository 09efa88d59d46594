package routing

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/config"
)

// Intent is what a session says of itself, by which its pool is found. Empty fields say nothing.
type Intent struct {
	Database string
	User     string
	Entity   string // package path and name of a Go type
	Access   config.Access
	Labels   map[string]string
}

func (i Intent) String() string {
	var parts []string
	for _, p := range [...]struct{ name, value string }{
		{"database", i.Database}, {"user", i.User}, {"entity", i.Entity}, {"access", string(i.Access)},
	} {
		if p.value != "" {
			parts = append(parts, fmt.Sprintf("%s %q", p.name, p.value))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(i.Labels)) {
		parts = append(parts, fmt.Sprintf("label %s=%q", k, i.Labels[k]))
	}
	if len(parts) == 0 {
		return "a session that says nothing of itself"
	}
	return "a session with " + strings.Join(parts, ", ")
}

// objection is why a route is not for a session: something that the route wants and the session has
// not said. The zero objection is none.
type objection struct{ what, value string }

func (o objection) String() string { return fmt.Sprintf("it wants %s %q", o.what, o.value) }

func object(r config.Route, i Intent) objection {
	switch {
	case r.Database != "" && r.Database != i.Database:
		return objection{"database", r.Database}
	case r.User != "" && r.User != i.User:
		return objection{"user", r.User}
	case !entityMatches(r.Entity, i.Entity):
		return objection{"entity", r.Entity}
	case !accessMatches(r.Access, i.Access):
		return objection{"access", string(r.Access)}
	}
	for k, v := range r.Labels {
		if i.Labels[k] != v {
			return objection{"label " + k, v}
		}
	}
	return objection{}
}

func entityMatches(pattern, entity string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(entity, prefix)
	}
	return pattern == "" || pattern == entity
}

// accessMatches returns whether a route is for a session. A session that does not say whether it writes
// may write, so only a route for writes, or for anything, is for it.
func accessMatches(route, session config.Access) bool {
	if session == "" || session == config.Any {
		session = config.Write
	}
	return route == "" || route == config.Any || route == session
}
