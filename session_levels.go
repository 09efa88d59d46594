package unoactor

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
)

// txLevels are the transaction and the savepoints on a session's lease, with what became of
// them: ended by a statement, or lost with the connection. They know nothing of objects:
// whoever begins and ends a level tells the unit of work.
type txLevels struct {
	sessionLease
	levels []level // outermost first
	lost   error   // why the connection ended that the transaction was on, nil if it did not
}

// level is a transaction, or a savepoint in one.
type level struct {
	tx     pgx.Tx // nil for a savepoint
	reason reason
	shared bool // with other databases: see [Atomic]
}

// reason is why a level was begun.
type reason int8

const (
	asked    reason = iota // by Begin or Tx
	implicit               // by the session of itself, with a statement
	forFlush               // by the session of itself, for one flush
)

// errShared is a Commit or a Rollback of a transaction that is not the session's own.
var errShared = errors.New("the transaction is that of System.Atomic, which ends it in all databases: return from its function, with an error to roll back")

// ErrNoTransaction is a Commit or a Rollback without a Begin.
var ErrNoTransaction = errors.New("the session is in no transaction")

// depth is 0 in no transaction, 1 in one, more in savepoints.
func (t *txLevels) depth() int { return len(t.levels) }

// innermost is the level that Commit and Rollback end next.
func (t *txLevels) innermost() level { return t.levels[len(t.levels)-1] }

// endable returns why Commit and Rollback can't be called, nil if they can.
func (t *txLevels) endable() error {
	switch {
	case t.depth() == 0:
		return ErrNoTransaction
	case t.innermost().shared:
		return errShared
	}
	return nil
}

// ended says whether a statement ended the transaction that there is.
func (t *txLevels) ended() bool {
	return t.lost == nil && t.depth() > 0 && serverEnded(t.levels[0].tx)
}

// leased makes sure that there is a backend: the one of the transaction, if there is one.
func (t *txLevels) leased(ctx context.Context) error {
	if t.lost != nil {
		return fmt.Errorf("%w: %w", ErrTransactionLost, t.lost)
	}
	if t.lease.IsZero() {
		return t.acquire(ctx)
	}
	if _, err := t.lease.Backend(); err != nil {
		return t.lose(err) // it was revoked
	}
	if t.depth() > 0 {
		return nil
	}
	if err := t.backend.HungUp(ctx); err != nil {
		return t.lose(err)
	}
	return nil
}

// enterLevel begins a level on the backend that there is.
func (t *txLevels) enterLevel(ctx context.Context, options pgx.TxOptions, why reason) error {
	sent := t.begun()
	added, err := level{reason: why}, ctx.Err() // in which pgx would close the connection
	switch {
	case err != nil:
	case t.depth() > 0:
		err = t.savepoint(ctx, "savepoint ", t.depth())
	default:
		added.tx, err = t.backend.Conn().BeginTx(ctx, options)
	}
	if err != nil {
		return t.after(ctx, sent, "begin", err)
	}
	t.levels = append(t.levels, added)
	return nil
}

// savepoint sends a statement, verb, about the savepoint of a level, counted from 0.
func (t *txLevels) savepoint(ctx context.Context, verb string, at int) error {
	_, err := t.backend.Conn().Exec(ctx, verb+"unoactor_"+strconv.Itoa(at))
	return err
}

// commitLevel commits the innermost level. If that fails the level has ended without a commit,
// but for a savepoint, which is still there to be rolled back to.
func (t *txLevels) commitLevel(ctx context.Context) error {
	if t.lost != nil {
		err := fmt.Errorf("%w: %w", errLostBefore, t.lost)
		t.leaveLevel()
		return err
	}
	if at := t.depth() - 1; at > 0 {
		sent := t.begun()
		if err := t.savepoint(ctx, "release savepoint ", at); err != nil {
			return t.after(ctx, sent, "release", err)
		}
		t.leaveLevel()
		return nil
	}
	if err := ctx.Err(); err != nil {
		t.leaveLevel()
		t.giveBack() // the pool rolls back
		return explain(ctx, err)
	}
	sent := t.begun()
	err := commit(ctx, t.levels[0].tx)
	t.leaveLevel()
	return t.after(ctx, sent, "begin", err) // commit has told already what it is that nobody knows
}

// rollBackLevel rolls back the innermost level, which has ended in any case: where the server
// did not do it, the connection is given up.
func (t *txLevels) rollBackLevel(ctx context.Context) error {
	at, lost, tx := t.depth()-1, t.lost, t.levels[0].tx
	t.leaveLevel()
	switch {
	case lost != nil:
		return nil // the server has rolled back
	case at == 0 && ctx.Err() != nil:
		t.giveBack() // the pool rolls back, for which ctx leaves no time here
		return nil
	case at == 0:
		sent := t.begun()
		if err := tx.Rollback(ctx); err != nil { // pgx has closed the connection: that rolls back too
			_ = t.after(ctx, sent, "begin", err)
		}
		return nil
	}
	sent := t.begun()
	ctx, cancel := RollbackContext(ctx)
	defer cancel()
	err := t.savepoint(ctx, "rollback to savepoint ", at)
	if err != nil && !t.backend.Conn().IsClosed() {
		t.lease.Destroy(err) // nobody knows in what state it is
		return t.lose(explain(ctx, err))
	}
	return t.after(ctx, sent, "begin", err)
}

// leaveLevel notes that the innermost level has ended.
func (t *txLevels) leaveLevel() {
	t.levels = t.levels[:len(t.levels)-1]
	if len(t.levels) == 0 {
		t.lost = nil
	}
}

// lose notes that the backend is lost, and a transaction with it.
func (t *txLevels) lose(err error) error {
	if t.depth() > 0 {
		t.lost = err
	}
	t.giveBack()
	return err
}

// after judges the error of a statement. If the connection was lost, its lease is given back.
func (t *txLevels) after(ctx context.Context, sent Sending, sql string, err error) error {
	if err == nil {
		return nil
	}
	err = sent.Failed(ctx, sql, err)
	if t.backend != nil && t.backend.Conn().IsClosed() {
		return t.lose(err)
	}
	return err
}

// again says whether a statement that failed should be sent once more: it never reached the
// server, and no state of the session was lost with the connection.
func (t *txLevels) again(first bool, err error) bool {
	return first && t.depth() == 0 && conn.Unsent(err)
}

// breakOff gives the backend up in the middle of a statement.
func (t *txLevels) breakOff(err error) {
	if t.depth() > 0 && t.lost == nil {
		t.lost = err
	}
	t.lease.Release() // in use: it is closed
	t.forget()
}

// takeOver enters a session in which rows or a batch were left open, or the connection was not
// given back: the backend is closed, and a transaction is lost with it. It returns false where
// another goroutine runs a statement, or the session has ended.
func (t *txLevels) takeOver() bool {
	if !t.resume(sessionReading) && !t.resume(sessionOpen) {
		return false
	}
	t.breakOff(errStillOpen)
	return true
}

// takeBack does what the state of a connection requires that others have used.
func (t *txLevels) takeBack(c *pgx.Conn) {
	switch {
	case c.IsClosed():
		_ = t.lose(errors.New("the connection was closed"))
	case c.PgConn().IsBusy():
		t.breakOff(errStillOpen)
	case t.depth() == 0 && inTransaction(c.PgConn()):
		t.giveBack() // the pool rolls back
	case t.depth() > 0 && !inTransaction(c.PgConn()):
		t.lost = errors.New("what used the session's connection ended its transaction")
	}
}

// inTransaction says whether a connection is in a transaction, as the server last told.
func inTransaction(c *pgconn.PgConn) bool { return c.TxStatus() != 'I' }
