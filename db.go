package unoactor

import (
	"context"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
)

// DB is one pool of a system. Its statements each lease a backend for as long
// as they run; [DB.Acquire] leases one for longer. It is safe for concurrent use.
type DB struct {
	pool     *supervisor.Pool
	sessions *SessionConfig // nil: the default
	system   *System        // that it is in
	owns     bool           // Close closes the system
}

// Pool is the pool itself: to pause, resize, warm up and invalidate it, to rotate its
// credentials, and to ask it why.
func (db *DB) Pool() *SupervisedPool { return db.pool }

// Stats is what the pool looks like now.
func (db *DB) Stats() Stats { return db.pool.Stats() }

// Acquire leases a backend. It waits, first come first served, until one is
// free, ctx ends, or the pool's acquire_timeout has passed. Its error is a
// [*AcquireError], which tells the state of the pool and the last failure
// to connect, or the error of a checkout hook.
func (db *DB) Acquire(ctx context.Context) (Lease, error) {
	l, err := db.in(ctx).pool.Acquire(ctx)
	return Lease{l}, err
}

// AcquirePriority is [DB.Acquire] for who is served before, or after, others.
// With [PriorityAdmin] it works when the pool is full: one backend beyond its hard
// limit is opened for administrators.
func (db *DB) AcquirePriority(ctx context.Context, p Priority) (Lease, error) {
	l, err := db.in(ctx).pool.AcquirePriority(ctx, p)
	return Lease{l}, err
}

// acquire leases a backend to which the server has not hung up.
func (db *DB) acquire(ctx context.Context) (Lease, *conn.Backend, error) {
	return db.acquireAt(ctx, conn.Normal)
}

func (db *DB) acquireAt(ctx context.Context, p conn.Priority) (Lease, *conn.Backend, error) {
	pool := db.in(ctx).pool
	for range pool.Settings().Hard() + 1 { // all that are idle may be lost at once
		l, err := pool.AcquirePriority(ctx, p)
		if err != nil {
			return Lease{}, nil, err
		}
		if !l.Check() {
			continue
		}
		b, err := l.Backend()
		if err != nil || !b.Conn().IsClosed() {
			return Lease{l}, b, err
		}
		l.Release() // broken: it will be replaced
	}
	return Lease{}, nil, &conn.LostError{Err: conn.ErrHangsUp}
}
