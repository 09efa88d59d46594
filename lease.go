package unoactor

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
)

// Lease is the right to use one backend until Release. Its statements run on
// that backend, so session state and transactions last from one to the next.
// It belongs to one goroutine at a time. Once it is released, its methods
// return a [*StaleLeaseError] and send nothing. A backend whose lease is released
// while rows, a batch or a statement of another goroutine use it is closed.
type Lease struct {
	conn.Lease
}

// Conn is the leased connection as pgx has it. It must not be used after Release.
func (l Lease) Conn() (*pgx.Conn, error) {
	b, err := l.Backend()
	if err != nil {
		return nil, err
	}
	return b.Conn(), nil
}

// begin begins a statement on the connection, if the server is still there. The use must
// be ended.
func (l Lease) begin(ctx context.Context) (*pgx.Conn, conn.Use, error) {
	use, err := l.Use()
	if err != nil {
		return nil, use, err
	}
	b, err := l.Backend()
	if err == nil && !use.Within() {
		err = b.HungUp(ctx)
	}
	if err != nil {
		use.Done()
		return nil, use, err
	}
	return b.Conn(), use, nil
}

// Exec runs a statement, or several without arguments, and returns its tag.
func (l Lease) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c, use, err := l.begin(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer use.Done()
	tag, err := c.Exec(ctx, sql, args...)
	if err != nil {
		return tag, judge(ctx, use, sql, err)
	}
	l.Answered()
	return tag, nil
}

// Query runs a statement and returns its rows.
func (l Lease) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return rowsOf(l.query(ctx, sql, args))
}

func rowsOf(rows *leasedRows, err error) (pgx.Rows, error) {
	if err != nil {
		return failedRows{err: err}, err
	}
	return rows, nil
}

// query gives rows that use the lease until they are closed.
func (l Lease) query(ctx context.Context, sql string, args []any) (*leasedRows, error) {
	c, use, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	sent := false
	defer func() {
		if !sent {
			use.Done()
		}
	}()
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, judge(ctx, use, sql, err)
	}
	b, err := l.Backend()
	if err != nil { // it was revoked meanwhile
		return nil, err
	}
	sent = true
	use.Open()
	r := newRows(ctx, l, b, rows, use, sql)
	r.owner = useOfLease{}
	return r, nil
}

// QueryRow runs a statement whose first row is wanted. Its errors come from Scan.
func (l Lease) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := l.query(ctx, sql, args)
	if err != nil {
		return failedRows{err: err}
	}
	return (*leasedRow)(rows)
}

// SendBatch sends all queued statements in one round trip.
func (l Lease) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	c, use, err := l.begin(ctx)
	if err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	return batchUsing(ctx, l, use, c, batch)
}

// CopyFrom loads rows with COPY and returns how many there were.
func (l Lease) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	c, use, err := l.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer use.Done()
	n, err := copyFrom(ctx, c, table, columns, source)
	return n, judge(ctx, use, "copy", err)
}

// Begin starts a transaction, which must be ended before Release.
func (l Lease) Begin(ctx context.Context) (pgx.Tx, error) { return l.BeginTx(ctx, pgx.TxOptions{}) }

// BeginTx starts a transaction with options, which must be ended before Release.
func (l Lease) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	tx, err := l.beginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

func (l Lease) beginTx(ctx context.Context, options pgx.TxOptions) (*leasedTx, error) {
	c, use, err := l.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer use.Done()
	if err := ctx.Err(); err != nil { // pgx would close the connection
		return nil, explain(ctx, err)
	}
	tx, err := c.BeginTx(ctx, options)
	if err != nil {
		return nil, judge(ctx, use, "begin", err)
	}
	return &leasedTx{tx: tx, lease: l}, nil
}
