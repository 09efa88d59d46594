package unoactor

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/unoactor/unoactor/config"
)

// Register adds a database to a running system: a pool, under its name, on a server, with
// hooks that are run as those of [WithHooks]. The node is named as the pool unless it has
// a name, and the pool's Node is that one. The error says what can't work, as that of
// [New]: then nothing is added. [System.Remove] takes the pool away again.
func (s *System) Register(ctx context.Context, server Node, pool Pool, hooks ...Hook) (*DB, error) {
	if server.Name == "" {
		server.Name = pool.Name
	}
	if pool.Node != "" && pool.Node != server.Name {
		return nil, fmt.Errorf("pool %q: its Node is %q, and it is registered on node %q: leave Node empty, or use System.Add for a pool on a node that there is",
			pool.Name, pool.Node, server.Name)
	}
	pool.Node = server.Name
	undo, err := s.hooks.register(pool.Name, hooks)
	if err != nil {
		return nil, err
	}
	if err := s.Add(ctx, config.Topology{Nodes: []config.Node{server}, Pools: []config.Pool{pool}}); err != nil {
		undo()
		return nil, err
	}
	return s.DB(pool.Name)
}

// Add adds nodes, pools and routes to a running system; the routes come after those that
// there are. The error says what can't work: then nothing is added.
func (s *System) Add(ctx context.Context, more Topology) error {
	if !reflect.DeepEqual(more.Gateway, config.Gateway{}) || !reflect.DeepEqual(more.Log, config.Log{}) {
		return errors.New("a running system takes nodes, pools and routes: the gateway and the log of a topology are for its start")
	}
	return s.tree.Add(ctx, more)
}

// Remove takes a database that was registered, or any pool, out of a running system: its
// sessions are found no more, leases that are out have its drain_timeout to come back,
// and no longer than ctx, then its backends are closed. The routes to it go with it, and
// its node if no other pool is there. When Remove returns, another may be registered under
// the name. What still has the [DB] gets [ErrClosed]; a health check that was
// registered for it says that it is closed. The error says that there is no such pool, or
// tells of leases that had to be revoked.
func (s *System) Remove(ctx context.Context, pool string) error {
	err := s.tree.Remove(ctx, pool)
	if _, there := s.DB(pool); there != nil { // else it was not begun
		s.hooks.forget(pool)
	}
	return err
}
