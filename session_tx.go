package unoactor

import (
	"cmp"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/conn"
)

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
	if s.depth() > 0 {
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
		err := s.push(ctx, options, asked)
		if err == nil || try == 2 || !s.again(first, err) {
			return err
		}
	}
}

// push begins a level on the backend that there is.
func (s *Session) push(ctx context.Context, options pgx.TxOptions, why reason) error {
	if err := s.enterLevel(ctx, options, why); err != nil {
		return err
	}
	s.unit.Begun(why == implicit)
	return nil
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

// commit ends the innermost level. A savepoint that could not be released stays.
func (s *Session) commit(ctx context.Context) error {
	ended := s.innermost()
	depth := s.depth()
	err := s.commitLevel(ctx)
	if s.depth() < depth {
		s.tell(ended, err == nil)
	}
	return err
}

// rollback ends the innermost level, whatever comes of it.
func (s *Session) rollback(ctx context.Context) error {
	s.unit.RolledBack(s.depth() - 1)
	return s.rollBackLevel(ctx)
}

// pop notes that the innermost level has ended by a statement of somebody else.
func (s *Session) pop(committed bool) {
	ended := s.innermost()
	s.leaveLevel()
	s.tell(ended, committed)
}

// tell tells the unit of work how the level has ended that was the innermost one.
func (s *Session) tell(ended level, committed bool) {
	if committed {
		s.unit.Committed(s.depth(), ended.reason != forFlush && s.config.ExpireOnCommit != Off)
	} else {
		s.unit.RolledBack(s.depth())
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

// InTransaction says how deep the session is in transactions: 0 is in none, more
// than 1 in savepoints.
func (s *Session) InTransaction() int { return s.depth() }

// Tx runs f in a transaction: committed if f returns nil, else rolled back, also when
// f panics. In a transaction it is a savepoint. What is said of repeating at [DB.Tx]
// holds for the outermost one, which takes another backend if its own was lost.
func (s *Session) Tx(ctx context.Context, options pgx.TxOptions, f func(context.Context, *Session) error) error {
	if s.depth() > 0 {
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
	depth, ended := s.depth(), false
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
	case s.state.Load() == sessionEnded:
		return explain(ctx, cmp.Or(err, s.closedEarly()))
	case s.depth() < depth: // f ended it: who knows how
		return explain(ctx, err)
	case err == nil && s.depth() > depth:
		err = errors.New("the function of a transaction left one open within it: end it with Commit or Rollback")
	case err == nil && s.ended():
		return s.Commit(ctx) // for its error
	case err == nil:
		err = s.Flush(ctx)
	}
	if err != nil {
		lost, bySQL := s.lost != nil, s.ended()
		s.unwind(ctx, depth)
		if bySQL {
			return explain(ctx, err)
		}
		return &harmlessError{explain(ctx, err), lost} // COMMIT was never sent
	}
	err = s.Commit(ctx)
	if errors.Is(err, errLostBefore) || answered(err) {
		if s.depth() >= depth {
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
	if s.enter() != nil && !s.takeOver() {
		s.Close() // another goroutine runs a statement in it, or it has ended: both roll back
		return
	}
	defer s.leave()
	for s.depth() >= depth {
		_ = s.rollback(ctx) // if it fails the connection is lost, and with it the transaction
	}
}
