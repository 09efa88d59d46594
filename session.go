package unoactor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/conn"
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
	db     *DB
	config *SessionConfig
	guard  atomic.Int32

	mu      sync.Mutex
	lease   Lease         // changed under mu by the goroutine whose turn it is, for who closes the session meanwhile
	backend *conn.Backend // of the lease
	use     conn.Use      // of the lease, while it is somebody's turn
	inUse   bool
	levels  []level          // the transaction and its savepoints, outermost first
	lost    error            // what ended the connection that the transaction was on
	spent   bool             // statements were run on the lease before: it may have state of theirs
	unit    *unitofwork.Unit // nil until the first object
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
	return &Session{db: db, config: c}
}

// Session calls f with a session that ends with it. If f returns nil, the objects of
// its unit of work are flushed, and a transaction that the session began of itself
// (Autocommit off) is committed; else, also when f panics, what is open is rolled back.
// A transaction that f began and did not end is rolled back, and told as an error.
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
	case s.guard.Load() == sessionEnded:
		return nil // f closed it
	case s.others():
		return errStillOpen
	}
	if n := len(s.levels); n > 1 || n == 1 && !s.levels[0].implicit {
		return errors.New("the session ended in a transaction, which is rolled back: end it with Commit or Rollback, or use Session.Tx")
	}
	if b, err := s.lease.Backend(); err == nil && len(s.levels) == 0 && b.Conn().PgConn().TxStatus() != 'I' {
		return errBegunBySQL
	}
	switch {
	case len(s.levels) == 1:
		return s.Commit(ctx)
	case s.unit == nil:
		return nil
	}
	return s.Flush(ctx)
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
	for {
		state := s.guard.Load()
		switch state {
		case sessionEnding, sessionEnded:
			return
		case sessionRunning:
			if s.guard.CompareAndSwap(state, sessionEnding) {
				s.mu.Lock()
				defer s.mu.Unlock()
				if _, err := s.lease.Backend(); err == nil {
					s.lease.Release() // in use: what runs there is cancelled, and the backend closed
				}
				return
			}
		default:
			if s.guard.CompareAndSwap(state, sessionEnded) {
				s.end()
				return
			}
		}
	}
}

// end gives back all that the session has. Its guard says that it has ended. A use that
// lasts, of rows or of a batch, has the backend closed.
func (s *Session) end() {
	s.unit.RolledBack(0)
	s.levels, s.unit = nil, nil
	if _, err := s.lease.Backend(); err == nil { // else it was revoked, and has nothing to give
		s.lease.Release() // in a transaction: the pool rolls it back
	}
	s.forget()
}

// giveBack ends the lease of a session whose turn it is.
func (s *Session) giveBack() {
	s.dropUse()
	if _, err := s.lease.Backend(); err == nil { // as above
		s.lease.Release()
	}
	s.forget()
}

// forget is what follows the end of the lease.
func (s *Session) forget() {
	s.dropUse()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease, s.backend, s.spent = Lease{}, nil, false
}

// hold has the session have a lease. It may have been closed while it waited for it.
func (s *Session) hold(l Lease, b *conn.Backend) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guard.Load() == sessionEnding {
		l.Release()
		return ErrSessionEnded
	}
	s.lease, s.backend = l, b
	s.takeUse()
	return nil
}

func (s *Session) takeUse() {
	if !s.lease.IsZero() && !s.inUse {
		use, err := s.lease.Use()
		s.use, s.inUse = use, err == nil
	}
}

func (s *Session) dropUse() {
	if s.inUse {
		s.use.Done()
		s.inUse = false
	}
}

// DB is the pool that the session works on.
func (s *Session) DB() *DB { return s.db }

// leased has the session have a backend.
func (s *Session) leased(ctx context.Context) error {
	if s.lost != nil {
		return fmt.Errorf("%w: %w", ErrTransactionLost, s.lost)
	}
	if s.lease.IsZero() {
		l, b, err := s.db.acquireAt(ctx, s.config.Priority)
		if err != nil {
			return err
		}
		return s.hold(l, b)
	}
	if _, err := s.lease.Backend(); err != nil {
		return s.gone(err) // it was revoked
	}
	if len(s.levels) > 0 {
		return nil
	}
	if err := s.backend.HungUp(ctx); err != nil {
		return s.gone(err)
	}
	return nil
}

// ready has it also be in the transaction that it begins of itself, if it does.
func (s *Session) ready(ctx context.Context) error {
	if err := s.leased(ctx); err != nil {
		return err
	}
	if len(s.levels) == 0 && s.config.Autocommit == Off {
		return s.push(ctx, s.config.TxOptions, level{implicit: true})
	}
	return nil
}

// connection is where the next statement goes. What is to be flushed before it is.
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

// gone takes note that the backend is lost.
func (s *Session) gone(err error) error {
	if len(s.levels) > 0 {
		s.lost = err
	}
	s.giveBack()
	return err
}

// begun is a statement that is about to be sent: what judges it afterwards.
func (s *Session) begun() Sending { return Sending{use: s.backend.Use(), known: true} }

// after judges what came of a statement: a connection that it lost is given back.
func (s *Session) after(ctx context.Context, sent Sending, sql string, err error) error {
	if err == nil {
		return nil
	}
	err = sent.Failed(ctx, sql, err)
	if s.backend != nil && s.backend.Conn().IsClosed() {
		return s.gone(err)
	}
	return err
}

// again says whether a statement that failed should be sent once more, for it never
// reached the server and no state of the session was lost with the connection.
func (s *Session) again(first bool, err error) bool {
	return first && len(s.levels) == 0 && conn.Unsent(err)
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

// takeBack looks at what became of a connection that was lent.
func (s *Session) takeBack(c *pgx.Conn) {
	switch {
	case c.IsClosed():
		_ = s.gone(errors.New("the connection was closed"))
	case c.PgConn().IsBusy():
		s.breakOff(errStillOpen)
	case len(s.levels) == 0 && c.PgConn().TxStatus() != 'I':
		s.giveBack() // the pool rolls back
	case len(s.levels) > 0 && c.PgConn().TxStatus() == 'I':
		s.lost = errors.New("what used the session's connection ended its transaction")
	}
}
