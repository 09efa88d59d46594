package unoactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
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

// Pool is the pool itself: to pause, resize, warm up, invalidate and drain it, to
// have its credentials rotated, and to ask it why.
func (db *DB) Pool() *supervisor.Pool { return db.pool }

// Stats is what the pool looks like now.
func (db *DB) Stats() conn.Stats { return db.pool.Stats() }

// Acquire leases a backend. It waits, first come first served, until one is
// free, ctx ends, or the pool's acquire_timeout has passed. Its error is a
// [*conn.AcquireError], which tells the state of the pool and the last failure
// to connect, or the error of a checkout hook.
func (db *DB) Acquire(ctx context.Context) (Lease, error) {
	l, err := db.in(ctx).pool.Acquire(ctx)
	return Lease{l}, err
}

// AcquirePriority is [DB.Acquire] for who is served before, or after, others.
// With [conn.Admin] it works when the pool is full: one backend beyond its hard
// limit is opened for administrators.
func (db *DB) AcquirePriority(ctx context.Context, p conn.Priority) (Lease, error) {
	l, err := db.in(ctx).pool.AcquirePriority(ctx, p)
	return Lease{l}, err
}

// acquire leases a backend to which the server has not hung up.
func (db *DB) acquire(ctx context.Context) (Lease, *conn.Backend, error) {
	return db.acquireAt(ctx, conn.Normal)
}

func (db *DB) acquireAt(ctx context.Context, p conn.Priority) (Lease, *conn.Backend, error) {
	pool := db.in(ctx).pool
	for {
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
}

// Ping leases a backend and asks the server for a sign of life.
func (db *DB) Ping(ctx context.Context) error {
	_, err := db.Exec(ctx, "-- ping")
	return err
}

// Exec runs a statement, or several without arguments, and returns its tag. It is
// run once more if it certainly never reached the server, and as often as the pool's
// retry settings say where it certainly did nothing: then also if the server refused
// it, but for what may commit on its way, as CALL, DO and BEGIN may.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if r := &db.pool.Settings().Retry; r.MaxRetries != 0 {
		return db.execAgain(ctx, r, sql, args)
	}
	return db.exec(ctx, sql, args)
}

func (db *DB) execAgain(ctx context.Context, r *config.Retry, sql string, args []any) (tag pgconn.CommandTag, err error) {
	err = repeat(ctx, r, func() error {
		var err error
		tag, err = db.exec(ctx, sql, args)
		return statementError(err, sql)
	})
	return tag, err
}

func (db *DB) exec(ctx context.Context, sql string, args []any) (pgconn.CommandTag, error) {
	for try := 1; ; try++ {
		l, b, err := db.acquire(ctx)
		if err != nil {
			return pgconn.CommandTag{}, err
		}
		tag, err := b.Conn().Exec(ctx, sql, args...)
		if err == nil {
			l.Answered()
		}
		l.Release()
		if err == nil || try == 2 || !conn.Unsent(err) {
			return tag, explain(ctx, err)
		}
	}
}

// Query runs a statement and returns its rows, which hold a lease until they
// are closed or read to their end. It is run again as [DB.Exec] is, but not once its
// first row has come: what fails later is the rows' to tell. With retry settings it
// returns when that row is there.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	var rows pgx.Rows
	var err error
	if r := &db.pool.Settings().Retry; r.MaxRetries != 0 {
		rows, err = db.queryAgain(ctx, r, sql, args)
	} else {
		rows, err = db.query(ctx, sql, args)
	}
	if err != nil {
		return failedRows{err: err}, err
	}
	return rows, nil
}

// QueryRow runs a statement whose first row is wanted. Its errors come from
// Scan, which must be called: it ends the lease. It is run again as [DB.Query] is.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if r := &db.pool.Settings().Retry; r.MaxRetries != 0 {
		rows, err := db.queryAgain(ctx, r, sql, args)
		if err != nil {
			return failedRows{err: err}
		}
		return (*seenRow)(rows)
	}
	rows, err := db.query(ctx, sql, args)
	if err != nil {
		return failedRows{err: err}
	}
	return (*leasedRow)(rows)
}

func (db *DB) queryAgain(ctx context.Context, r *config.Retry, sql string, args []any) (seen *seenRows, err error) {
	err = repeat(ctx, r, func() error {
		rows, err := db.query(ctx, sql, args)
		if err == nil {
			seen, err = see(rows)
		}
		return statementError(err, sql)
	})
	return seen, err
}

func (db *DB) query(ctx context.Context, sql string, args []any) (*leasedRows, error) {
	for try := 1; ; try++ {
		l, b, err := db.acquire(ctx)
		if err != nil {
			return nil, err
		}
		rows, err := b.Conn().Query(ctx, sql, args...)
		if err == nil {
			return newRows(ctx, l, b, rows), nil
		}
		l.Release()
		if try == 2 || !conn.Unsent(err) {
			return nil, explain(ctx, err)
		}
	}
}

// SendBatch sends all queued statements in one round trip. The results hold a
// lease until they are closed, which must be done.
func (db *DB) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	l, b, err := db.acquire(ctx)
	if err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	return newBatch(b.Conn().SendBatch(ctx, batch), l)
}

// CopyFrom loads rows with COPY and returns how many there were.
func (db *DB) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	l, b, err := db.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer l.Release()
	n, err := b.Conn().CopyFrom(ctx, table, columns, source)
	return n, explain(ctx, err)
}

// Begin starts a transaction, which has a lease of its own until it is committed
// or rolled back. Prefer [DB.Tx], which can't forget to.
func (db *DB) Begin(ctx context.Context) (pgx.Tx, error) { return db.BeginTx(ctx, pgx.TxOptions{}) }

// BeginTx is [DB.Begin] with options.
func (db *DB) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	l, b, err := db.acquire(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := b.Conn().BeginTx(ctx, options)
	if err != nil {
		l.Release()
		return nil, explain(ctx, err)
	}
	return &leasedTx{Tx: tx, lease: l}, nil
}

// Tx runs f in a transaction: committed if f returns nil, else rolled back, also
// when f panics. If the pool has retry settings, f is run again, in another
// transaction, when its own or the commit failed in a way that they name and nothing
// was committed: so f must do nothing that a rollback does not undo. If f ends the
// transaction itself it is not run again. A commit that was sent and not answered is
// told by an [*AmbiguousCommitError].
func (db *DB) Tx(ctx context.Context, options pgx.TxOptions, f func(pgx.Tx) error) error {
	r := &db.pool.Settings().Retry
	if r.MaxRetries == 0 {
		return bare(db.txOnce(ctx, options, f))
	}
	return repeat(ctx, r, func() error { return db.txOnce(ctx, options, f) })
}

func (db *DB) txOnce(ctx context.Context, options pgx.TxOptions, f func(pgx.Tx) error) error {
	l, b, err := db.acquire(ctx)
	if err != nil {
		if h := acquireError(err); h != nil {
			return h
		}
		return err
	}
	defer l.Release()
	tx, err := b.Conn().BeginTx(ctx, options)
	if err != nil {
		return &harmlessError{explain(ctx, err), b.Conn().IsClosed()}
	}
	ended := false
	defer func() {
		if !ended { // f panicked, or ended its goroutine
			_ = tx.Rollback(ctx) // if it fails the lease's end does it, or closes the backend
		}
	}()
	err = f(tx)
	ended = true
	if err != nil {
		lost, unknown := b.Conn().IsClosed(), over(tx)
		unknown = errors.Is(tx.Rollback(ctx), pgx.ErrTxClosed) || unknown
		if unknown { // f ended it: who knows how
			return explain(ctx, err)
		}
		return &harmlessError{explain(ctx, err), lost} // COMMIT was never sent
	}
	err = explain(ctx, commit(ctx, tx))
	if errors.Is(err, errLostBefore) || answered(err) {
		return &harmlessError{err, !answered(err)}
	}
	return err
}

// explain adds to the server's "canceling statement" why it was cancelled.
func explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %w", ctx.Err(), err)
}
