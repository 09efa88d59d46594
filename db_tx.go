package unoactor

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/conn"
)

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
