package tracing

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// Batch tells a tracer of a batch that is sent past pgx, without the literals in its
// statements: they are the application's data. It belongs to one goroutine.
type Batch struct {
	ctx    context.Context //nolint:containedctx // the tracer's own, for as long as the batch lasts
	tracer pgx.BatchTracer // nil: nobody is told
	conn   *pgx.Conn
	read   time.Time
}

// StartBatch tells tracer of a batch that is about to be sent on c, and returns the context
// to send it in. A tracer that knows no batches, or is nil, is told nothing.
func StartBatch(ctx context.Context, tracer pgx.QueryTracer, c *pgx.Conn, texts []string) (context.Context, *Batch) {
	told, ok := tracer.(pgx.BatchTracer)
	if !ok {
		return ctx, &Batch{}
	}
	batch := &pgx.Batch{}
	for _, sql := range texts {
		batch.Queue(sqltext.WithoutLiterals(sql))
	}
	t := &Batch{tracer: told, conn: c, read: time.Now()}
	t.ctx = told.TraceBatchStart(ctx, c, pgx.TraceBatchStartData{Batch: batch})
	return t.ctx, t
}

// Answered tells of a statement's answer, after it was read.
func (t *Batch) Answered(sql string, tag pgconn.CommandTag, err error) {
	if t.tracer != nil {
		t.tracer.TraceBatchQuery(t.ctx, t.conn, pgx.TraceBatchQueryData{SQL: sqltext.WithoutLiterals(sql), CommandTag: tag, Err: err, ReadStartTime: t.read})
		t.read = time.Now()
	}
}

// End tells of the end of the batch.
func (t *Batch) End(err error) {
	if t.tracer != nil {
		t.tracer.TraceBatchEnd(t.ctx, t.conn, pgx.TraceBatchEndData{Err: err})
	}
}
