package unoactor

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/internal/unitofwork"
)

// Session is what an application works in: statements, transactions and a unit of
// work on one backend. The backend is leased with the first statement and given back
// by [Session.Close]; until then what is SET lasts from one statement to the next. A
// session whose backend was lost outside a transaction goes on with another one.
//
// A session belongs to one goroutine at a time. Use by two at once, while rows of a
// query are still open, or after its end gives [ErrSessionBusy] or [ErrSessionEnded]
// and sends nothing.
type Session struct {
	txLevels                  // on a sessionLease, which has a sessionGuard: none knows those above it
	unit     *unitofwork.Unit // nil until the first object; it is told what becomes of the levels
	config   *SessionConfig
	undone   bool // its end has rolled back a transaction
}

// NewSession makes a session, which must be closed. Nothing is leased yet.
func (db *DB) NewSession(overrides ...SessionConfig) *Session {
	c := db.sessions
	if c == nil {
		c = &defaultSession
	}
	if len(overrides) > 0 {
		c = c.with(overrides)
	}
	s := &Session{config: c}
	s.db, s.priority = db, c.Priority
	return s
}

// Session calls f with a session that ends with it. If f returns nil, the objects of
// its unit of work are flushed, and a transaction that the session began of itself
// (Autocommit off) is committed; else, also when f panics, what is open is rolled back.
// A transaction that f began and did not end is rolled back, and told as an error, also where
// f closed the session.
func (db *DB) Session(ctx context.Context, f func(context.Context, *Session) error, overrides ...SessionConfig) error {
	s := db.NewSession(overrides...)
	defer s.Close()
	if err := f(ctx, s); err != nil {
		return err
	}
	return s.finish(ctx)
}

// finish is what a session does that ends well.
func (s *Session) finish(ctx context.Context) error {
	switch {
	case s.state.Load() == sessionEnded: // f closed it
		return s.closedEarly()
	case s.others():
		return errStillOpen
	case s.depth() > 0 && s.innermost().reason != implicit:
		return errors.New("the session ended in a transaction, which is rolled back: end it with Commit or Rollback, or use Session.Tx")
	case s.depth() > 0:
		return s.Commit(ctx)
	}
	if b, err := s.lease.Backend(); err == nil && inTransaction(b.Conn().PgConn()) {
		return errBegunBySQL
	}
	if s.unit == nil {
		return nil
	}
	return s.Flush(ctx)
}

// closedEarly returns an error if the session was closed in a transaction, before the end of its
// function could commit it.
func (s *Session) closedEarly() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.undone {
		return ErrSessionEnded
	}
	return nil
}

// errBegunBySQL is a transaction of which the session does not know.
var errBegunBySQL = errors.New("the session ended in a transaction that a statement, a batch or what used its connection began, which is rolled back: " +
	"end it with COMMIT, or begin it with Session.Tx or Session.Begin")

// Close ends the session: an open transaction is rolled back, objects that were not
// flushed are forgotten, and the lease is given back. It never blocks: what takes time
// happens in the background. Calling it again does nothing. A backend in the middle of
// something is closed: where rows or a batch were left open, or the connection was not
// given back, or another goroutine runs a statement, which is cancelled.
func (s *Session) Close() {
	switch first, running := s.shut(); {
	case running:
		s.releaseWhileRunning()
	case first:
		s.end()
	}
}

// end gives back what the session has, after its guard says that it has ended. The pool rolls
// back what is open, and closes the backend if rows or a batch still use it.
func (s *Session) end() {
	s.unit.RolledBack(0)
	s.mu.Lock()
	s.undone = s.depth() > 0
	s.mu.Unlock()
	s.levels, s.unit = nil, nil
	s.release()
	s.forget()
}

// leave ends the caller's turn after a statement.
func (s *Session) leave() {
	if s.backend != nil && s.backend.Conn().PgConn().IsBusy() { // in the middle of a statement somebody panicked
		s.breakOff(errPanicked)
	}
	s.spent = !s.lease.IsZero()
	s.dropUse()
	s.stay(sessionIdle)
}

// stay ends the caller's turn, and leaves the session in a state: reading and open keep its
// lease in use. If another goroutine has closed it meanwhile, it ends.
func (s *Session) stay(state int32) {
	if !s.stop(state) {
		s.end()
	}
}

// DB is the pool that the session works on.
func (s *Session) DB() *DB { return s.db }

// ready makes sure that the session has a backend, and that it is in a transaction if its
// configuration says so.
func (s *Session) ready(ctx context.Context) error {
	if err := s.leased(ctx); err != nil {
		return err
	}
	if s.depth() == 0 && s.config.Autocommit == Off {
		return s.push(ctx, s.config.TxOptions, implicit)
	}
	return nil
}

// connection returns the connection for the next statement, after the flush that precedes it.
func (s *Session) connection(ctx context.Context) (*pgx.Conn, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	if s.unit != nil && s.config.Autoflush != Off {
		if err := s.flush(ctx); err != nil {
			return nil, err
		}
	}
	return s.backend.Conn(), nil
}

// Conn is the session's connection as pgx has it, for what a session has no method
// for, and for other libraries. The session is busy until done is called. What uses
// the connection must leave it in the transaction in which it found it: one that it left
// open is rolled back with the connection, one that it ended is told as lost.
func (s *Session) Conn(ctx context.Context) (c *pgx.Conn, done func(), err error) {
	if err := s.enter(); err != nil {
		return nil, nil, err
	}
	lent := false
	defer func() {
		if !lent {
			s.leave()
		}
	}()
	if c, err = s.connection(ctx); err != nil {
		return nil, nil, err
	}
	lent = true
	s.stay(sessionOpen)
	var once sync.Once
	return c, func() {
		once.Do(func() {
			if s.resume(sessionOpen) {
				s.takeBack(c)
				s.leave()
			}
		})
	}, nil
}
