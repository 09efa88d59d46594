package unoactor

import (
	"context"
	"errors"

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
		tag, err := execOn(ctx, l, b, sql, args)
		if err == nil || try == 2 || !conn.Unsent(err) {
			return tag, err
		}
	}
}

// errPanicked is why a backend is closed in the middle of whose statement somebody
// panicked: a tracer, or a type that encodes itself.
var errPanicked = errors.New("a panic, or the end of the goroutine, in the middle of a statement")

// execOn runs a statement on a lease, which it ends.
func execOn(ctx context.Context, l Lease, b *conn.Backend, sql string, args []any) (pgconn.CommandTag, error) {
	returned := false
	defer func() {
		if !returned {
			l.Destroy(errPanicked)
		}
	}()
	use := b.Use()
	tag, err := b.Conn().Exec(ctx, sql, args...)
	returned = true
	if err == nil {
		l.Answered()
		l.Release()
		return tag, nil
	}
	err = judge(ctx, use, sql, err)
	l.Release()
	return tag, err
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
		rows, err := queryOn(ctx, l, b, sql, args)
		if err == nil || try == 2 || !conn.Unsent(err) {
			return rows, err
		}
	}
}

// queryOn runs a statement on a lease, which ends with the rows, or at once if there
// are none for an error.
func queryOn(ctx context.Context, l Lease, b *conn.Backend, sql string, args []any) (*leasedRows, error) {
	returned := false
	defer func() {
		if !returned {
			l.Destroy(errPanicked)
		}
	}()
	use := b.Use()
	rows, err := b.Conn().Query(ctx, sql, args...)
	returned = true
	if err == nil {
		return newRows(ctx, l, b, rows, use, sql), nil
	}
	err = judge(ctx, use, sql, err)
	l.Release()
	return nil, err
}

// SendBatch sends all queued statements in one round trip. The results hold a
// lease until they are closed, which must be done.
func (db *DB) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	l, b, err := db.acquire(ctx)
	if err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	results := &openBatch{ctx: ctx, batch: batch, use: b.Use()}
	results.done = func(err error) error {
		switch {
		case errors.Is(err, errPanicked):
			l.Destroy(err)
		case results.tx == nil:
			l.Release()
		default:
			results.use.Done()
		}
		return err
	}
	results.send(b.Conn())
	if results.began(l); results.tx != nil {
		results.tx.owns = true
		if results.use, err = l.Use(); err != nil { // revoked meanwhile
			return pgx.FailedBatchResults(batch, err)
		}
		results.use.Open()
	}
	return results
}

// CopyFrom loads rows with COPY and returns how many there were.
func (db *DB) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	l, b, err := db.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer l.Release()
	use := b.Use()
	n, err := copyFrom(ctx, b.Conn(), table, columns, source)
	return n, judge(ctx, use, "copy", err)
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
	tx, err := beginOn(ctx, l, b, options)
	if err != nil {
		l.Release()
		return nil, err
	}
	return tx, nil
}

// beginOn begins a transaction on a lease that is new, and ends with it.
func beginOn(ctx context.Context, l Lease, b *conn.Backend, options pgx.TxOptions) (*leasedTx, error) {
	if err := ctx.Err(); err != nil { // pgx would close the connection
		return nil, explain(ctx, err)
	}
	returned := false
	defer func() {
		if !returned {
			l.Destroy(errPanicked)
		}
	}()
	use := b.Use()
	tx, err := b.Conn().BeginTx(ctx, options)
	returned = true
	if err != nil {
		return nil, judge(ctx, use, "begin", err)
	}
	return &leasedTx{tx: tx, lease: l, owns: true}, nil
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
	tx, err := beginOn(ctx, l, b, options)
	if err != nil {
		lost := b.Conn().IsClosed()
		l.Release()
		return &harmlessError{err, lost}
	}
	tx.owns = false   // what f ends is the transaction alone
	defer l.Release() // the pool rolls back what is not over, or closes the backend
	if err = f(tx); err != nil {
		if _, gone := l.Backend(); gone != nil || tx.ended || l.Running() {
			return explain(ctx, err) // f ended it: who knows how; or a goroutine of its may
		}
		lost, unknown := b.Conn().IsClosed(), serverEnded(tx.tx)
		if ctx.Err() == nil && !l.InUse() {
			unknown = errors.Is(tx.Rollback(ctx), pgx.ErrTxClosed) || unknown
		}
		tx.ended = true
		if unknown {
			return explain(ctx, err)
		}
		return &harmlessError{explain(ctx, err), lost} // COMMIT was never sent
	}
	switch {
	case tx.ended:
		return pgx.ErrTxClosed
	case l.InUse():
		tx.ended = true
		return errStillOpen
	case ctx.Err() != nil:
		tx.ended = true
		return &harmlessError{explain(ctx, ctx.Err()), false}
	}
	tx.ended = true
	err = commitLeased(ctx, l, tx.tx)
	if errors.Is(err, errLostBefore) || answered(err) {
		return &harmlessError{err, !answered(err)}
	}
	return err
}

// explain adds to what the end of a context brought about that it was: see [conn.Explain].
func explain(ctx context.Context, err error) error { return conn.Explain(ctx, err) }
