package unoactor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/unitofwork"
)

// level is a transaction, or a savepoint in one.
type level struct {
	tx       pgx.Tx           // nil for a savepoint
	implicit bool             // the session began it of itself
	internal bool             // for a flush
	flush    *unitofwork.Plan // what it is for, if it is internal
	shared   bool             // with other databases: see Atomic
}

// errShared is the attempt to end what is not the session's own.
var errShared = errors.New("the transaction is that of System.Atomic, which ends it in all databases: return from its function, with an error to roll back")

// ErrNoTransaction is a Commit or a Rollback without a Begin.
var ErrNoTransaction = errors.New("the session is in no transaction")

// Begin starts a transaction; in one, a savepoint that Commit and Rollback end first.
func (s *Session) Begin(ctx context.Context) error { return s.BeginTx(ctx, pgx.TxOptions{}) }

// BeginTx is [Session.Begin] with an isolation level, an access mode or deferrable. A
// savepoint can't have options of its own.
func (s *Session) BeginTx(ctx context.Context, options pgx.TxOptions) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.begin(ctx, options)
}

func (s *Session) begin(ctx context.Context, options pgx.TxOptions) error {
	if len(s.levels) > 0 {
		if options != (pgx.TxOptions{}) {
			return errors.New("a transaction in a transaction is a savepoint, which has no options: give them to the outermost one")
		}
		if err := s.flush(ctx); err != nil { // what was done before stays when the savepoint is rolled back to
			return err
		}
	}
	for try := 1; ; try++ {
		first := s.lease.IsZero()
		if err := s.leased(ctx); err != nil {
			return err
		}
		err := s.push(ctx, options, level{})
		if err == nil || try == 2 || !s.again(first, err) {
			return err
		}
	}
}

// push begins a level on the backend that there is.
func (s *Session) push(ctx context.Context, options pgx.TxOptions, added level) error {
	sent := s.begun()
	err := ctx.Err() // in which pgx would close the connection
	switch {
	case err != nil:
	case len(s.levels) > 0:
		err = s.savepoint(ctx, "savepoint ", len(s.levels))
	default:
		added.tx, err = s.backend.Conn().BeginTx(ctx, options)
	}
	if err != nil {
		return s.after(ctx, sent, "begin", err)
	}
	s.levels = append(s.levels, added)
	if added.flush != nil {
		s.unit.BegunFor(*added.flush)
	} else {
		s.unit.Begun(added.implicit)
	}
	return nil
}

// savepoint does something about the savepoint of a level, counted from 0.
func (s *Session) savepoint(ctx context.Context, verb string, at int) error {
	_, err := s.backend.Conn().Exec(ctx, verb+"unoactor_"+strconv.Itoa(at))
	return err
}

// Commit flushes the unit of work and commits; a savepoint is released. A COMMIT that
// was sent and not answered is an [*AmbiguousCommitError]. If the flush fails nothing
// is committed, and the transaction is still there to be rolled back.
func (s *Session) Commit(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := s.endable(); err != nil {
		return err
	}
	if !s.ended() { // else a flush would commit what it writes
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	return s.commit(ctx)
}

// ended says whether a statement ended the transaction that the session is in.
func (s *Session) ended() bool { return s.lost == nil && !s.lease.IsZero() && over(s.levels[0].tx) }

func (s *Session) commit(ctx context.Context) error {
	if s.lost != nil {
		err := fmt.Errorf("%w: %w", errLostBefore, s.lost)
		s.pop(false)
		return err
	}
	if at := len(s.levels) - 1; at > 0 {
		sent := s.begun()
		if err := s.savepoint(ctx, "release savepoint ", at); err != nil {
			return s.after(ctx, sent, "release", err) // it is still there to be rolled back to
		}
		s.pop(true)
		return nil
	}
	if err := ctx.Err(); err != nil {
		s.pop(false)
		s.giveBack() // the pool rolls back
		return explain(ctx, err)
	}
	sent := s.begun()
	err := commit(ctx, s.levels[0].tx)
	s.pop(err == nil)
	return s.after(ctx, sent, "begin", err) // commit has told already what it is that nobody knows
}

// pop ends the innermost level.
func (s *Session) pop(committed bool) {
	ended := s.levels[len(s.levels)-1]
	s.levels = s.levels[:len(s.levels)-1]
	if len(s.levels) == 0 {
		s.lost = nil
	}
	if committed {
		s.unit.Committed(len(s.levels), !ended.internal && s.config.ExpireOnCommit != Off)
	} else {
		s.unit.RolledBack(len(s.levels))
	}
}

// Rollback undoes the transaction, or what was done since the savepoint. The objects
// of the unit of work are what they were when it began.
func (s *Session) Rollback(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := s.endable(); err != nil {
		return err
	}
	return s.rollback(ctx)
}

// endable is why there is nothing to commit or roll back, nil if there is.
func (s *Session) endable() error {
	switch n := len(s.levels); {
	case n == 0:
		return ErrNoTransaction
	case s.levels[n-1].shared:
		return errShared
	}
	return nil
}

func (s *Session) rollback(ctx context.Context) error {
	at, lost, tx := len(s.levels)-1, s.lost, s.levels[0].tx
	s.pop(false)
	switch {
	case lost != nil:
		return nil // the server has rolled back
	case at == 0 && ctx.Err() != nil:
		s.giveBack() // the pool rolls back, for which ctx leaves no time here
		return nil
	case at == 0:
		sent := s.begun()
		if err := tx.Rollback(ctx); err != nil { // pgx has closed the connection: that rolls back too
			_ = s.after(ctx, sent, "begin", err)
		}
		return nil
	}
	sent := s.begun()
	ctx, cancel := RollbackContext(ctx)
	defer cancel()
	err := s.savepoint(ctx, "rollback to savepoint ", at)
	if err != nil && !s.backend.Conn().IsClosed() {
		s.lease.Destroy(err) // nobody knows in what state it is
		return s.gone(explain(ctx, err))
	}
	return s.after(ctx, sent, "begin", err)
}

// InTransaction says how deep the session is in transactions: 0 is in none, more
// than 1 in savepoints.
func (s *Session) InTransaction() int { return len(s.levels) }

// Tx runs f in a transaction: committed if f returns nil, else rolled back, also when
// f panics. In a transaction it is a savepoint. What is said of repeating at [DB.Tx]
// holds for the outermost one, which takes another backend if its own was lost.
func (s *Session) Tx(ctx context.Context, options pgx.TxOptions, f func(context.Context, *Session) error) error {
	if len(s.levels) > 0 {
		return bare(s.txOnce(ctx, options, f))
	}
	r := &s.db.pool.Settings().Retry
	if r.MaxRetries == 0 {
		return bare(s.txOnce(ctx, options, f))
	}
	return repeat(ctx, r, func() error { return s.txOnce(ctx, options, f) })
}

func (s *Session) txOnce(ctx context.Context, options pgx.TxOptions, f func(context.Context, *Session) error) error {
	if err := s.BeginTx(ctx, options); err != nil {
		return beginError(err)
	}
	depth, ended := len(s.levels), false
	defer func() {
		if !ended { // f panicked, or ended its goroutine
			s.unwind(ctx, depth)
		}
	}()
	err := f(ctx, s)
	ended = true
	if s.others() {
		s.Close()
		return explain(ctx, cmp.Or(err, errStillOpen))
	}
	switch {
	case len(s.levels) < depth: // f ended it, or the session: who knows how
		return explain(ctx, err)
	case err == nil && len(s.levels) > depth:
		err = errors.New("the function of a transaction left one open within it: end it with Commit or Rollback")
	case err == nil && s.ended():
		return s.Commit(ctx) // for its error
	case err == nil:
		err = s.Flush(ctx)
	}
	over := s.lost == nil && over(s.levels[0].tx)
	if err != nil {
		lost := s.lost != nil
		s.unwind(ctx, depth)
		if over {
			return explain(ctx, err)
		}
		return &harmlessError{explain(ctx, err), lost} // COMMIT was never sent
	}
	err = s.Commit(ctx)
	if errors.Is(err, errLostBefore) || answered(err) {
		if len(s.levels) >= depth {
			s.unwind(ctx, depth)
		}
		return &harmlessError{err, !answered(err)}
	}
	return err
}

// beginError marks a transaction that was not begun: nothing has happened.
func beginError(err error) error {
	if errors.Is(err, ErrSessionBusy) || errors.Is(err, ErrSessionEnded) || errors.Is(err, ErrTransactionLost) {
		return err
	}
	if h := acquireError(err); h != nil {
		return h
	}
	return &harmlessError{err, conn.Unsent(err) || !answered(err)}
}

// unwind rolls back down to below a level.
func (s *Session) unwind(ctx context.Context, depth int) {
	if s.enter() != nil && !s.reclaim() {
		s.Close() // another goroutine runs a statement in it, or it has ended: both roll back
		return
	}
	defer s.leave()
	for len(s.levels) >= depth {
		_ = s.rollback(ctx) // if it fails the connection is lost, and with it the transaction
	}
}
