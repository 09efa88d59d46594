package unoactor

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/internal/tracing"
	"github.com/unoactor/unoactor/internal/unitofwork"
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

// errFlushInSQL is a flush that would have to end a transaction of which the session does not
// know, because SQL has begun it.
var errFlushInSQL = errors.New("nothing is flushed in a transaction that a statement, a batch or what used the session's connection began: " +
	"begin it with Begin, BeginTx or Tx")

func (s *Session) flush(ctx context.Context) error {
	p, err := s.unit.Plan()
	if err != nil || p.Empty() {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	if s.depth() > 0 {
		return s.write(ctx, p)
	}
	if inTransaction(s.backend.Conn().PgConn()) {
		return errFlushInSQL
	}
	if p.Insertions() {
		err := s.write(ctx, p)
		if err == nil {
			s.unit.Committed(0, false) // by the server, which takes one round trip for a transaction
		}
		return err
	}
	return s.flushAlone(ctx, p)
}

// flushAlone performs a plan in a transaction of its own, which has ended when it returns,
// panics or ends its goroutine.
func (s *Session) flushAlone(ctx context.Context, p unitofwork.Plan) error {
	if err := s.enterLevel(ctx, pgx.TxOptions{}, forFlush); err != nil {
		return err
	}
	s.unit.BegunFor(p)
	defer func() {
		if s.depth() > 0 { // it is not committed
			_ = s.rollback(ctx) // it can but lose the connection, which rolls back too
		}
	}()
	if err := s.write(ctx, p); err != nil {
		return err
	}
	return s.commit(ctx)
}

// write performs a plan on the backend that there is.
func (s *Session) write(ctx context.Context, p unitofwork.Plan) error {
	sent := s.begun()
	return s.after(ctx, sent, "insert", s.unit.Write(ctx, (*unitBackend)(s), p))
}

// unitBackend is a session's backend as its unit of work speaks to it.
type unitBackend Session

// Conn implements [unitofwork.Backend].
func (b *unitBackend) Conn() *pgx.Conn { return b.backend.Conn() }

// Lasts implements [unitofwork.Backend].
func (b *unitBackend) Lasts() bool { return b.depth() > 0 && b.innermost().reason != forFlush }

// Exchange implements [unitofwork.Backend].
func (b *unitBackend) Exchange(ctx context.Context, questions []unitofwork.Question) error {
	batch, texts := &pgconn.Batch{}, make([]string, len(questions))
	for i, q := range questions {
		batch.ExecParams(q.SQL, nil, nil, nil, q.Formats)
		texts[i] = q.SQL
	}
	ctx, trace := tracing.StartBatch(ctx, b.backend.Tracer(), b.Conn(), texts)
	b.backend.Sending()
	results := b.Conn().PgConn().ExecBatch(ctx, batch)
	var err error
	answered := 0
	for _, q := range questions {
		if !results.NextResult() {
			break
		}
		tag, failed := q.Answer(results.ResultReader())
		trace.Answered(q.SQL, tag, failed)
		if err == nil && failed != nil {
			err = q.Wrap(failed)
		}
		answered++
	}
	if closed := results.Close(); err == nil && closed != nil {
		if err = closed; answered < len(questions) { // the server refused its text
			err = questions[answered].Wrap(closed)
		}
	}
	trace.End(err)
	return err
}
