package unoactor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
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

// hookSet is the hooks by pool: those given at the start, and those that came with a
// pool that was registered and leave with it.
type hookSet struct {
	given map[string][]conn.Hook // does not change after the start

	mu         sync.Mutex
	registered map[string][]conn.Hook
}

func newHookSet() *hookSet {
	return &hookSet{given: make(map[string][]conn.Hook), registered: make(map[string][]conn.Hook)}
}

func (h *hookSet) of(pool string) []conn.Hook {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Concat(h.given[pool], h.registered[pool])
}

// register notes the hooks of a pool that is about to be registered.
func (h *hookSet) register(pool string, hooks []conn.Hook) (undo func(), err error) {
	if len(hooks) == 0 {
		return func() {}, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.registered[pool] != nil {
		return nil, fmt.Errorf("pool %q: there are two of that name: rename one", pool)
	}
	h.registered[pool] = hooks
	return func() { h.forget(pool) }, nil
}

func (h *hookSet) forget(pool string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.registered, pool)
}
