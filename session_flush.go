package unoactor

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Flush writes what was added, changed and deleted: all statements in one round trip,
// in an order that foreign keys and unique keys allow, all or nothing. Keys and other
// values that the database chose are filled in. Outside a transaction, changes and
// deletions take one of their own. Without objects it does nothing. Rows that refer to
// each other in a circle, or exchange unique values, need constraints that are
// DEFERRABLE, which then wait for the end of the transaction.
func (s *Session) Flush(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.flush(ctx)
}

// errFlushInSQL is a flush whose own transaction would end the one that SQL has begun.
var errFlushInSQL = errors.New("nothing is flushed in a transaction that a statement, a batch or what used the session's connection began: " +

	"begin it with Begin, BeginTx or Tx")

func (s *Session) flush(ctx context.Context) error {
	if s.unit == nil {
		return nil
	}
	p, err := s.unit.plan()
	if err != nil || len(p.tasks) == 0 {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	if len(s.levels) > 0 {
		return s.send(ctx, p)
	}
	if s.backend.Conn().PgConn().TxStatus() != 'I' {
		return errFlushInSQL
	}
	if !p.circular && !slices.ContainsFunc(p.tasks, func(t *task) bool { return t.operation != OpInsert }) {
		err := s.send(ctx, p)
		if err == nil {
			s.unit.settle()
		}
		return err
	}
	if err := s.push(ctx, pgx.TxOptions{}, level{internal: true, flush: p.tasks}); err != nil {
		return err
	}
	if err := s.send(ctx, p); err != nil {
		_ = s.rollback(ctx) // it can but lose the connection, which rolls back too
		return err
	}
	return s.commit(ctx)
}
