package unobun

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/conn"
)

// With calls f with bun on a session's backend: what it does is in the session's
// transaction, after what the session flushes before a statement. Transactions that f
// begins within one are savepoints. The db must not be used after f, and while f reads
// rows nothing else can be done in the session. It knows the models that the session's
// Mapper was made with.
func With(ctx context.Context, s *unoactor.Session, f func(ctx context.Context, db *bun.DB) error) error {
	var d schema.Dialect
	if m, ours := s.Mapper().(*mapper); ours {
		if m.wrong != nil {
			return m.wrong
		}
		d = m.db.Dialect()
	} else {
		d = newDialect()
	}
	var out lent
	db := bun.NewDB(unosql.OpenFunc(out.keep(escaping(s))), d)
	defer db.Close()
	defer out.end(s)
	if err := f(ctx, db); err != nil {
		return err
	}
	if out.end(s) {
		return errLeftOpen
	}
	return nil
}

// errLeftOpen is a function that ended in the middle of something.
var errLeftOpen = errors.New("the function left rows, a connection or a transaction of bun's open: the session is closed, which rolls back; " +
	"close them before it returns")

// lent is the session's connection while bun has it.
type lent struct {
	mu    sync.Mutex
	ctx   context.Context //nolint:containedctx // of what it was asked for: at its end database/sql gives it back by itself
	given chan struct{}   // nil while it is not lent; closed when it is given back
}

// keep takes note of what acquire gives until it is given back.
func (l *lent) keep(acquire unosql.AcquireFunc) unosql.AcquireFunc {
	return func(ctx context.Context) (*pgx.Conn, func(), error) {
		c, done, err := acquire(ctx)
		if err != nil {
			return nil, nil, err
		}
		given := make(chan struct{})
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ctx, l.given = ctx, given
		return c, func() {
			done()
			l.mu.Lock()
			defer l.mu.Unlock()
			if l.given == given {
				l.given = nil
			}
			close(given)
		}, nil
	}
}

// giveBackTime is how long database/sql may take to roll back after the end of a context.
const giveBackTime = 5 * conn.CancelTime

// end sees that the connection is given back. It returns true where it was not: then the
// session is closed, for somebody may still be using it.
func (l *lent) end(s *unoactor.Session) bool {
	l.mu.Lock()
	ctx, given := l.ctx, l.given
	l.mu.Unlock()
	if given == nil {
		return false
	}
	if ctx.Err() != nil {
		late := time.NewTimer(giveBackTime)
		defer late.Stop()
		select {
		case <-given:
			return false
		case <-late.C:
		}
	}
	s.Close()
	return true
}

// escaping gives a session's connection if what bun writes into a statement means
// there what bun takes it to mean.
func escaping(s *unoactor.Session) func(context.Context) (*pgx.Conn, func(), error) {
	return func(ctx context.Context) (*pgx.Conn, func(), error) {
		c, done, err := s.Conn(ctx)
		if err == nil && c.PgConn().ParameterStatus("standard_conforming_strings") == "off" {
			done()
			return nil, nil, errors.New("bun's statements are not sent where standard_conforming_strings is off, for a backslash in a value could end it there: " +
				"set standard_conforming_strings = on in the session, or in the pool's runtime")
		}
		return c, done, err
	}
}

// Select reads objects with a query of bun's, which build completes; nil is all rows.
// Each is the session's object for its row: one that the session had is returned as it
// is, or gets what was read if it was expired. The session writes changes of the objects
// that Select returns; it writes those of objects that a Relation has read only if these
// are attached too.
func Select[T any](ctx context.Context, s *unoactor.Session, build func(*bun.SelectQuery) *bun.SelectQuery) ([]*T, error) {
	var objects []*T
	err := With(ctx, s, func(ctx context.Context, db *bun.DB) error {
		q := db.NewSelect().Model(&objects)
		if build != nil {
			q = build(q)
		}
		return q.Scan(ctx)
	})
	if err != nil {
		return nil, err
	}
	for i, o := range objects {
		if objects[i], err = unoactor.Attach(s, o); err != nil {
			return nil, err
		}
	}
	return objects, nil
}
