package unoactor

import (
	"context"
	"errors"

	"github.com/unoactor/unoactor/config"
)

// Register adds a database to a running system: a pool, under its name, on a server.
// The node is named as the pool unless it has a name, and the pool's Node is that one.
// The error says what can't work, as that of [New]: then nothing is added.
func (s *System) Register(ctx context.Context, server config.Node, pool config.Pool) (*DB, error) {
	if server.Name == "" {
		server.Name = pool.Name
	}
	pool.Node = server.Name
	if err := s.Add(ctx, config.Topology{Nodes: []config.Node{server}, Pools: []config.Pool{pool}}); err != nil {
		return nil, err
	}
	return s.DB(pool.Name)
}

// Add has a running system take more nodes, pools and routes; the routes come after
// those that there are. The error says what can't work: then nothing is added.
func (s *System) Add(ctx context.Context, more config.Topology) error { return s.tree.Add(ctx, more) }

// Remove takes a database that was registered, or any pool, out of a running system: its
// sessions are found no more, leases that are out have its drain_timeout to come back,
// and no longer than ctx, then its backends are closed. The routes to it go with it, and
// its node if no other pool is there. When Remove returns, another may be registered under
// the name. What still has the [DB] gets [conn.ErrClosed]; a health check that was
// registered for it says that it is closed. The error says that there is no such pool, or
// tells of leases that had to be revoked.
func (s *System) Remove(ctx context.Context, pool string) error { return s.tree.Remove(ctx, pool) }

// Connect opens one database: a system whose only pool, named "default" unless it has
// a name, is on the server of a connection URL, as [config.ParseURL] reads it. Settings
// of the pool that are left at zero take their defaults. [DB.Close] closes it.
func Connect(ctx context.Context, url string, pool config.Pool, options ...Option) (*DB, error) {
	server, err := config.ParseURL(url)
	if err != nil {
		return nil, err
	}
	if pool.Name == "" {
		pool.Name = "default"
	}
	server.Name, pool.Node = pool.Name, pool.Name
	sys, err := New(ctx, config.Topology{Nodes: []config.Node{server}, Pools: []config.Pool{pool}}, options...)
	if err != nil {
		return nil, err
	}
	db, err := sys.DB(pool.Name)
	if err != nil {
		return nil, errors.Join(err, sys.Close(ctx))
	}
	db.own = sys
	return db, nil
}

// Close closes the system of a database that was opened by [Connect], as
// [System.Close] says. Other databases are closed with the system that they are of.
func (db *DB) Close(ctx context.Context) error {
	if db.own == nil {
		return errors.New("the database is one of a system's: close the system, or drain the pool")
	}
	return db.own.Close(ctx)
}
