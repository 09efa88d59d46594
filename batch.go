package unoactor

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
)

// openBatch are the results of a batch. Closing them ends what they hold: their lease,
// unless the batch began a transaction, which has it then, or their session's turn.
type openBatch struct {
	pgx.BatchResults
	ctx   context.Context //nolint:containedctx // of the batch that the results are of, to tell why it was cancelled
	batch *pgx.Batch
	use   conn.Use
	tx    *leasedTx             // that the batch began, nil if it began none
	done  func(err error) error // called once, with the error of Close; nil then
	err   error                 // of Close
}

func (b *openBatch) judge(err error) error {
	if b.done == nil { // the connection may be somebody else's now
		return err
	}
	return judgeBatch(b.ctx, b.use, b.batch, err)
}

// Exec reads the result of the next statement.
func (b *openBatch) Exec() (pgconn.CommandTag, error) {
	tag, err := b.BatchResults.Exec()
	return tag, b.judge(err)
}

// Query reads the rows of the next statement.
func (b *openBatch) Query() (pgx.Rows, error) {
	rows, err := b.BatchResults.Query()
	return batchRows{rows, b}, b.judge(err)
}

// QueryRow reads the first row of the next statement. Its errors come from Scan.
func (b *openBatch) QueryRow() pgx.Row {
	rows, _ := b.Query()
	return firstOf{rows}
}

// Close reads what is left of the results.
func (b *openBatch) Close() error {
	if b.done == nil {
		return b.err
	}
	read := false
	defer func() {
		if !read { // a function of the batch panicked, or ended its goroutine
			b.end(nil)
		}
	}()
	err := b.judge(b.BatchResults.Close())
	read = true
	b.end(err)
	return b.err
}

func (b *openBatch) end(err error) {
	done := b.done
	b.done = nil
	b.err = done(err)
}

// Tx is the transaction that the batch began, nil if it began none.
func (b *openBatch) Tx() pgx.Tx {
	if b.tx == nil {
		return nil
	}
	return b.tx
}

// batchRows are rows of a batch.
type batchRows struct {
	pgx.Rows
	batch *openBatch
}

// Err is the error that ended the rows, if one did.
func (r batchRows) Err() error { return r.batch.judge(r.Rows.Err()) }

// firstOf is the first of some rows.
type firstOf struct{ rows pgx.Rows }

// Scan reads the row and closes the rows.
func (f firstOf) Scan(dest ...any) error { return scanFirst(f.rows, dest) }

// sender is a connection, or a transaction on one.
type sender interface {
	SendBatch(context.Context, *pgx.Batch) pgx.BatchResults
}

// send sends the batch. If pgx panics on the way the results are closed.
func (b *openBatch) send(on sender) {
	sent := false
	defer func() {
		if !sent {
			b.end(errPanicked)
		}
	}()
	b.BatchResults = on.SendBatch(b.ctx, b.batch)
	sent = true
}

// batchUsing sends a batch in a use of a lease, which lasts until the results are closed.
func batchUsing(ctx context.Context, l Lease, use conn.Use, on sender, batch *pgx.Batch) *openBatch {
	b := &openBatch{ctx: ctx, batch: batch, use: use}
	b.done = func(err error) error { b.use.Done(); return err }
	b.send(on)
	b.use.Open()
	b.began(l)
	return b
}

// began has the transaction that the batch began, if it did, be one on its lease.
func (b *openBatch) began(l Lease) {
	if tx := b.BatchResults.Tx(); tx != nil {
		b.tx = &leasedTx{tx: tx, lease: l}
	}
}
