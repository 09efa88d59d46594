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
// return a [*conn.StaleLeaseError] and send nothing.
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

// Exec runs a statement, or several without arguments, and returns its tag.
func (l Lease) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c, err := l.Conn()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := c.Exec(ctx, sql, args...)
	return tag, explain(ctx, err)
}

// Query runs a statement and returns its rows.
func (l Lease) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	c, err := l.Conn()
	if err != nil {
		return failedRows{err: err}, err
	}
	return c.Query(ctx, sql, args...)
}

// QueryRow runs a statement whose first row is wanted. Its errors come from Scan.
func (l Lease) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	c, err := l.Conn()
	if err != nil {
		return failedRows{err: err}
	}
	return c.QueryRow(ctx, sql, args...)
}

// SendBatch sends all queued statements in one round trip.
func (l Lease) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	c, err := l.Conn()
	if err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	return c.SendBatch(ctx, batch)
}

// CopyFrom loads rows with COPY and returns how many there were.
func (l Lease) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	c, err := l.Conn()
	if err != nil {
		return 0, err
	}
	n, err := c.CopyFrom(ctx, table, columns, source)
	return n, explain(ctx, err)
}

// Begin starts a transaction, which must be ended before Release.
func (l Lease) Begin(ctx context.Context) (pgx.Tx, error) { return l.BeginTx(ctx, pgx.TxOptions{}) }

// BeginTx starts a transaction with options, which must be ended before Release.
func (l Lease) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	c, err := l.Conn()
	if err != nil {
		return nil, err
	}
	return c.BeginTx(ctx, options)
}
