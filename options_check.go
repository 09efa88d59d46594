package unoactor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/config"
)

// check says which of the options could never have an effect on a topology, since they
// name what it does not have. A topology without pools is one that grows: what is named
// may come.
func (s settings) check(t config.Topology) error {
	var wrong []error
	for _, e := range s.events {
		if !e.hears() {
			wrong = append(wrong, fmt.Errorf("WithEvents: a %T has none of the methods of a handler of events, such as OnPoolCreated(messages.PoolCreated): see unoactor.WithEvents", e.handler))
		}
	}
	if len(t.Pools) == 0 {
		return errors.Join(wrong...)
	}
	pools, nodes := namesOf(t.Pools, func(p config.Pool) string { return p.Name }), namesOf(t.Nodes, func(n config.Node) string { return n.Name })
	for name := range s.hooks.given {
		wrong = append(wrong, missing("WithHooks", "pool", name, pools))
	}
	for _, e := range s.events {
		var o subscribeOptions
		for _, option := range e.options {
			option(&o)
		}
		for _, name := range o.pools {
			wrong = append(wrong, missing("WithEvents", "pool", name, pools))
		}
		for _, name := range o.nodes {
			wrong = append(wrong, missing("WithEvents", "node", name, nodes))
		}
	}
	return errors.Join(wrong...)
}

func namesOf[T any](things []T, name func(T) string) []string {
	all := make([]string, len(things))
	for i, thing := range things {
		all[i] = name(thing)
	}
	return all
}

// missing is an option that names what is not there, nil if it is.
func missing(option, kind, name string, there []string) error {
	if slices.Contains(there, name) {
		return nil
	}
	quoted := make([]string, len(there))
	for i, n := range there {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return fmt.Errorf("%s: there is no %s %q: it has %s", option, kind, name, strings.Join(quoted, ", "))
}
