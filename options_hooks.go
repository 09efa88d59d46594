package unoactor

import (
	"fmt"
	"slices"
	"sync"

	"github.com/unoactor/unoactor/conn"
)

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
