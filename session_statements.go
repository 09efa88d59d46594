package unoactor

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
)

// Exec runs a statement, or several without arguments, and returns its tag. Arguments
// may be named: see [pgx.NamedArgs]. What is said of repeating at [DB.Exec] holds for
// the statements of a session that is in no transaction.
func (s *Session) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	if err := s.enter(); err != nil {
		return tag, err
	}
	defer s.leave()
	if r := s.retries(); r != nil {
		return s.execAgain(ctx, r, sql, args)
	}
	return s.exec(ctx, sql, args)
}

func (s *Session) execAgain(ctx context.Context, r *config.Retry, sql string, args []any) (tag pgconn.CommandTag, err error) {
	spent := s.spent
	err = repeat(ctx, r, func() error {
		var err error
		tag, err = s.exec(ctx, sql, args)
		return s.statementError(err, sql, spent)
	})
	return tag, err
}

func (s *Session) exec(ctx context.Context, sql string, args []any) (pgconn.CommandTag, error) {
	for try := 1; ; try++ {
		first := s.lease.IsZero()
		c, err := s.connection(ctx)
		if err != nil {
			return pgconn.CommandTag{}, err
		}
		sent := s.begun()
		tag, err := c.Exec(ctx, sql, args...)
		if err == nil {
			s.lease.Answered()
			return tag, nil
		}
		err = s.after(ctx, sent, sql, err)
		if try == 2 || !s.again(first, err) {
			return tag, err
		}
	}
}

// statementError is [statementError] for a session, which can't repeat what it did on a
// lease that is lost with the state of the statements before.
func (s *Session) statementError(err error, sql string, spent bool) error {
	if spent && s.lease.IsZero() {
		return err
	}
	return statementError(err, sql)
}

// retries are the settings by which a statement is repeated, nil if it is not.
func (s *Session) retries() *config.Retry {
	if s.depth() > 0 || s.lost != nil || s.config.Autocommit == Off {
		return nil
	}
	if r := &s.db.pool.Settings().Retry; r.MaxRetries != 0 {
		return r
	}
	return nil
}

// Query runs a statement and returns its rows. The session is busy until they are
// closed or read to their end. pgx's collectors make structs of them.
func (s *Session) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := s.guardedQuery(ctx, sql, args)
	if err != nil {
		return failedRows{err: err}, err
	}
	return rows, nil
}

// QueryRow runs a statement whose first row is wanted. Its errors come from Scan,
// which must be called: the session is busy until then.
func (s *Session) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := s.guardedQuery(ctx, sql, args)
	if err != nil {
		return failedRows{err: err}
	}
	if seen, ok := rows.(*seenRows); ok {
		return (*seenRow)(seen)
	}
	return (*leasedRow)(rows.(*leasedRows))
}

// guardedQuery leaves the session reading if it succeeds. Its rows are leasedRows,
// or seenRows where the retry settings had the first row waited for.
func (s *Session) guardedQuery(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	reading := false
	defer func() {
		if !reading {
			s.leave()
		}
	}()
	if r := s.retries(); r != nil {
		seen, err := s.queryAgain(ctx, r, sql, args)
		if err != nil {
			return nil, err
		}
		if reading = !seen.lease.IsZero(); reading { // else they were read to their end
			s.stay(sessionReading)
		}
		return seen, nil
	}
	rows, err := s.query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	reading = true
	s.stay(sessionReading)
	return rows, nil
}

func (s *Session) queryAgain(ctx context.Context, r *config.Retry, sql string, args []any) (*seenRows, error) {
	var seen *seenRows
	spent := s.spent
	err := repeat(ctx, r, func() error {
		rows, err := s.query(ctx, sql, args)
		if err == nil {
			if seen, err = see(rows); err != nil && s.backend.Conn().IsClosed() {
				err = s.lose(err)
			}
		}
		return s.statementError(err, sql, spent)
	})
	return seen, err
}

func (s *Session) query(ctx context.Context, sql string, args []any) (*leasedRows, error) {
	for try := 1; ; try++ {
		first := s.lease.IsZero()
		c, err := s.connection(ctx)
		if err != nil {
			return nil, err
		}
		sent := s.begun()
		rows, err := c.Query(ctx, sql, args...)
		if err == nil {
			r := newRows(ctx, s.lease, s.backend, rows, sent.use, sql)
			r.owner = s
			return r, nil
		}
		err = s.after(ctx, sent, sql, err)
		if try == 2 || !s.again(first, err) {
			return nil, err
		}
	}
}

// SendBatch sends all queued statements in one round trip. The session is busy until
// the results are closed, which must be done.
func (s *Session) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	if err := s.enter(); err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	open := false
	defer func() {
		if !open {
			s.leave()
		}
	}()
	c, err := s.connection(ctx)
	if err != nil {
		return pgx.FailedBatchResults(batch, err)
	}
	b := &openBatch{ctx: ctx, batch: batch, use: s.begun().use}
	b.done = func(err error) error {
		if open && !s.resume(sessionOpen) {
			return err // the session has ended
		}
		if err != nil && s.backend.Conn().IsClosed() {
			err = s.lose(err)
		}
		if open {
			s.leave()
		}
		return err
	}
	b.send(c)
	b.began(s.lease)
	open = true
	s.stay(sessionOpen)
	return b
}

// CopyFrom loads rows with COPY and returns how many there were.
func (s *Session) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	c, err := s.connection(ctx)
	if err != nil {
		return 0, err
	}
	sent := s.begun()
	n, err := copyFrom(ctx, c, table, columns, source)
	return n, s.after(ctx, sent, "copy", err)
}

// rowsClosed implements [rowsOwner] for the rows of the session's query.
func (s *Session) rowsClosed(r *leasedRows) {
	if !s.resume(sessionReading) {
		return
	}
	if s.backend.Conn().IsClosed() {
		err := r.err
		if err == nil {
			err = errors.New("the connection was lost while rows were read")
		}
		_ = s.lose(err)
	}
	s.leave()
}
