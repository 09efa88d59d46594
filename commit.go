package unoactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
)

// AmbiguousCommitError is a COMMIT that was sent and not answered: the transaction
// may have been committed, or not. It is never repeated.
type AmbiguousCommitError struct{ Err error }

func (e *AmbiguousCommitError) Error() string {
	return fmt.Sprintf("the transaction may have been committed, or not: no answer to COMMIT: %v", e.Err)
}

// Unwrap gives what came instead of the answer.
func (e *AmbiguousCommitError) Unwrap() error { return e.Err }

// Commit commits a transaction as [DB.Tx] and those of [DB.Begin] do, for who began it
// on a leased connection: a COMMIT that was sent and not answered is told by an
// [*AmbiguousCommitError], any other error but [pgx.ErrTxClosed] means that nothing
// was committed.
func Commit(ctx context.Context, tx pgx.Tx) error {
	if t, ours := tx.(*leasedTx); ours {
		return t.Commit(ctx)
	}
	return explain(ctx, commit(ctx, tx))
}

// errLostBefore is a connection that was lost before COMMIT was sent.
var errLostBefore = errors.New("the connection was lost before COMMIT: the transaction is rolled back")

// ErrTransactionEnded is a transaction that a statement in it ended: COMMIT, ROLLBACK,
// PREPARE TRANSACTION and their like, in a text of its own or one of several. Whether what
// it did before is committed is for who sent that to know; what came after was not part
// of it. It is a [pgx.ErrTxClosed]. That one statement ended it and began another one, as
// COMMIT AND CHAIN does, is noticed by [System.Atomic] only.
var ErrTransactionEnded = fmt.Errorf("a statement (COMMIT, ROLLBACK, PREPARE TRANSACTION ...) ended the transaction, so there was nothing to commit: "+
	"leave that to who began it, by returning from its function or by its Commit and Rollback: %w", pgx.ErrTxClosed)

// commit commits, and tells a COMMIT that failed from one of which nobody knows.
func commit(ctx context.Context, tx pgx.Tx) error {
	if serverEnded(tx) && !tx.Conn().IsClosed() { // a COMMIT would be answered with a warning alone
		if err := tx.Rollback(ctx); err != nil { // which ends it for pgx too
			return err // its own Commit or Rollback was called before
		}
		return ErrTransactionEnded
	}
	begun := !serverEnded(tx)
	lost := tx.Conn().IsClosed() && begun
	s, gone := Sending{}, error(nil)
	if b := conn.BackendOf(tx.Conn()); b != nil {
		s = Sending{use: b.Use(), known: true}
		gone = b.HungUp(ctx)
	}
	if gone == nil && ctx.Err() != nil && !lost && begun {
		again, cancel := RollbackContext(ctx) // pgx would close the connection
		defer cancel()
		_ = tx.Rollback(again) // if it fails the connection is closed, which rolls back too
		return ctx.Err()
	}
	err := tx.Commit(ctx)
	switch {
	case err == nil, answered(err), errors.Is(err, pgx.ErrTxCommitRollback), errors.Is(err, pgx.ErrTxClosed):
		return err
	case gone != nil:
		return fmt.Errorf("%w: %w", errLostBefore, gone)
	case conn.Unsent(err), Unknown(err):
		return err
	case lost, begun && s.known && !s.use.Sent():
		return fmt.Errorf("%w: %w", errLostBefore, err)
	}
	return &AmbiguousCommitError{Err: err}
}

// serverEnded says whether the server ended the transaction, as far as it was heard of: the
// state that it last told outlives the connection.
func serverEnded(tx pgx.Tx) bool { return tx.Conn().PgConn().TxStatus() == 'I' }

// answered says whether the server said no and went on: what it refused did not
// happen. After FATAL it has not gone on, and may have committed before.
func answered(err error) bool {
	if err == nil {
		return false
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.SeverityUnlocalized == "ERROR" || pg.SeverityUnlocalized == "" && pg.Severity == "ERROR")
}
