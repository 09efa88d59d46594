package unoactor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/unoactor/unoactor/config"
)

// Connect opens one database: a system whose only pool, named "default" unless it has
// a name, is on the server of a connection URL. What the URL and the pool do not say is
// taken from where libpq takes it, the environment (PGHOST, PGSSLMODE ...) first, as
// [config.ReadConnection] says; the URL may be empty. Settings of the pool that are left at
// zero take their defaults. [DB.Close] closes the database, and [DB.System] is the system
// that it is in, to subscribe to events and ask for health, recovery and more.
func Connect(ctx context.Context, url string, pool Pool, options ...Option) (*DB, error) {
	if pool.Name == "" {
		pool.Name = "default"
	}
	if pool.Node != "" && pool.Node != pool.Name {
		return nil, fmt.Errorf("pool %q: its Node is %q, and Connect has no other server than that of its URL: leave Node empty, or use New for a topology of several nodes",
			pool.Name, pool.Node)
	}
	c, err := config.ReadConnection(url, pool, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	c.Node.Name, c.Pool.Node = pool.Name, pool.Name
	sys, err := New(ctx, config.Topology{Nodes: []config.Node{c.Node}, Pools: []config.Pool{c.Pool}},
		slices.Concat(options, []Option{func(s *settings) { s.driver = c.Driver }})...)
	if err != nil {
		return nil, err
	}
	db, err := sys.DB(pool.Name)
	if err != nil {
		return nil, errors.Join(err, sys.Close(ctx))
	}
	db.owns = true
	return db, nil
}

// System is the system that the database is in, that of [Connect] too: to subscribe to its
// events with [Subscribe], to look at its snapshot and health, to recover what was left
// prepared.
func (db *DB) System() *System { return db.system }

// Close closes the system of a database that was opened by [Connect], as
// [System.Close] says. Other databases are closed with the system that they are of.
func (db *DB) Close(ctx context.Context) error {
	if !db.owns {
		return errors.New("the database is one of a system's: close the system, or take the pool out of it with System.Remove")
	}
	return db.system.Close(ctx)
}
