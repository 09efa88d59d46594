package unoactor

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// leasedBatch gives its lease back when it is closed, unless the batch began a
// transaction: that then has the lease.
type leasedBatch struct {
	pgx.BatchResults
	lease Lease
	tx    *leasedTx
}

func newBatch(results pgx.BatchResults, l Lease) pgx.BatchResults {
	if tx := results.Tx(); tx != nil {
		return &leasedBatch{BatchResults: results, tx: &leasedTx{Tx: tx, lease: l}}
	}
	return &leasedBatch{BatchResults: results, lease: l}
}

// Close reads what is left of the results and ends their lease.
func (b *leasedBatch) Close() error {
	err := b.BatchResults.Close()
	if !b.lease.IsZero() {
		b.lease.Release()
		b.lease = Lease{}
	}
	return err
}

// Tx is the transaction that the batch began, nil if it began none.
func (b *leasedBatch) Tx() pgx.Tx {
	if b.tx == nil {
		return nil
	}
	return b.tx
}

// leasedTx is a transaction with a lease of its own, which ends with it.
type leasedTx struct {
	pgx.Tx
	lease Lease
}

// Commit commits and ends the lease, whatever comes of it. An answer that did not
// come is told by an [*AmbiguousCommitError].
func (t *leasedTx) Commit(ctx context.Context) error {
	if t.lease.IsZero() {
		return pgx.ErrTxClosed
	}
	defer t.release()
	return explain(ctx, commit(ctx, t.Tx))
}

// Rollback rolls back and ends the lease, whatever comes of it. After Commit it
// does nothing but say that the transaction is over.
func (t *leasedTx) Rollback(ctx context.Context) error {
	defer t.release()
	return t.Tx.Rollback(ctx)
}

func (t *leasedTx) release() {
	if !t.lease.IsZero() {
		t.lease.Release()
		t.lease = Lease{}
	}
}
