package unoactor

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
)

// leasedTx is a transaction on a leased backend, or a savepoint in one.
type leasedTx struct {
	tx    pgx.Tx
	lease Lease
	owns  bool      // the lease ends with it
	outer *leasedTx // of a savepoint
	ended bool
}

// closed says whether the transaction, or the one that it is in, was ended.
func (t *leasedTx) closed() bool { return t.ended || t.outer != nil && t.outer.closed() }

// open begins a statement, which [conn.Use.Done] ends.
func (t *leasedTx) open() (conn.Use, error) {
	if t.closed() {
		return conn.Use{}, pgx.ErrTxClosed
	}
	return t.lease.Use()
}

// Begin makes a savepoint, which is a transaction within this one.
func (t *leasedTx) Begin(ctx context.Context) (pgx.Tx, error) {
	use, err := t.open()
	if err != nil {
		return nil, err
	}
	defer use.Done()
	tx, err := t.tx.Begin(ctx)
	if err != nil {
		return nil, judge(ctx, use, "savepoint", err)
	}
	return &leasedTx{tx: tx, lease: t.lease, outer: t}, nil
}

// Commit commits; a savepoint is released. The lease of [DB.Begin] ends whatever comes
// of it. An answer that did not come is told by an [*AmbiguousCommitError].
func (t *leasedTx) Commit(ctx context.Context) error {
	if t.closed() {
		return pgx.ErrTxClosed
	}
	if t.outer != nil {
		return t.release(ctx)
	}
	defer t.end()
	switch {
	case t.lease.InUse():
		return errStillOpen
	case t.owns && ctx.Err() != nil:
		return explain(ctx, ctx.Err()) // the pool rolls it back
	}
	return commitLeased(ctx, t.lease, t.tx)
}

// commitLeased commits on a lease that lasts.
func commitLeased(ctx context.Context, l Lease, tx pgx.Tx) error {
	use, err := l.Use()
	if err != nil {
		return err
	}
	defer use.Done()
	return explain(ctx, commit(ctx, tx))
}

// release is the commit of a savepoint.
func (t *leasedTx) release(ctx context.Context) error {
	use, err := t.open()
	if err != nil {
		return err
	}
	defer use.Done()
	t.ended = true
	return judge(ctx, use, "release", t.tx.Commit(ctx))
}

// Rollback rolls back, also when ctx has ended: often that is its reason. After Commit it
// does nothing but say that the transaction is over.
func (t *leasedTx) Rollback(ctx context.Context) error {
	if t.closed() {
		return pgx.ErrTxClosed
	}
	defer t.end()
	switch {
	case t.owns && (ctx.Err() != nil || t.lease.InUse()):
		return nil // with its lease: the pool rolls it back, or closes the backend
	case t.lease.InUse():
		t.lease.Revoke() // by rows that are open, or another goroutine
		return errStillOpen
	}
	ctx, cancel := RollbackContext(ctx)
	defer cancel()
	use, err := t.lease.Use()
	if err != nil {
		return err
	}
	err = judge(ctx, use, "savepoint", t.tx.Rollback(ctx))
	use.Done()
	if err != nil && t.outer != nil { // what was done since must not be committed
		t.lease.Destroy(err)
	}
	return err
}

// RollbackContext is the context in which what was begun in ctx is rolled back: ctx, or
// one that gives the server a moment more if ctx has ended.
func RollbackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), conn.CancelTime)
}

func (t *leasedTx) end() {
	t.ended = true
	if t.owns {
		t.lease.Release()
		t.owns = false
	}
}

// Exec runs a statement, or several without arguments, and returns its tag.
func (t *leasedTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	use, err := t.open()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer use.Done()
	tag, err := t.tx.Exec(ctx, sql, args...)
	return tag, judge(ctx, use, sql, err)
}

// Query runs a statement and returns its rows.
func (t *leasedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if t.closed() {
		return failedRows{err: pgx.ErrTxClosed}, pgx.ErrTxClosed
	}
	return rowsOf(t.lease.query(ctx, sql, args))
}

// QueryRow runs a statement whose first row is wanted. Its errors come from Scan.
func (t *leasedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if t.closed() {
		return failedRows{err: pgx.ErrTxClosed}
	}
	return t.lease.QueryRow(ctx, sql, args...)
}

// SendBatch sends all queued statements in one round trip.
func (t *leasedTx) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	use, err := t.open()
	if err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	return batchUsing(ctx, t.lease, use, t.tx, batch)
}

// CopyFrom loads rows with COPY and returns how many there were.
func (t *leasedTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	use, err := t.open()
	if err != nil {
		return 0, err
	}
	defer use.Done()
	n, err := copyFrom(ctx, t.tx.Conn(), table, columns, source)
	return n, judge(ctx, use, "copy", err)
}

// Prepare prepares a statement, as [pgx.Conn.Prepare] does.
func (t *leasedTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	use, err := t.open()
	if err != nil {
		return nil, err
	}
	defer use.Done()
	d, err := t.tx.Prepare(ctx, name, sql)
	return d, judge(ctx, use, sql, err)
}

// LargeObjects gives the large objects as pgx has them.
func (t *leasedTx) LargeObjects() pgx.LargeObjects { return t.tx.LargeObjects() }

// Conn is the connection as pgx has it.
func (t *leasedTx) Conn() *pgx.Conn { return t.tx.Conn() }
