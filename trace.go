package unoactor

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/sqltext"
)

// batchTrace tells a pgx tracer of a batch that goes past pgx, without the literals
// in its statements: they are the application's data.
type batchTrace struct {
	ctx    context.Context //nolint:containedctx // the tracer's own, for the batch's duration
	tracer pgx.BatchTracer
	conn   *pgx.Conn
	read   time.Time
}

func traceBatch(ctx context.Context, b *conn.Backend, texts []string) *batchTrace {
	t := &batchTrace{ctx: ctx}
	tracer, ok := b.Tracer().(pgx.BatchTracer)
	if !ok {
		return t
	}
	batch := &pgx.Batch{}
	for _, sql := range texts {
		batch.Queue(sqltext.WithoutLiterals(sql))
	}
	t.tracer, t.conn, t.read = tracer, b.Conn(), time.Now()
	t.ctx = tracer.TraceBatchStart(ctx, t.conn, pgx.TraceBatchStartData{Batch: batch})
	return t
}

func (t *batchTrace) query(sql string, tag pgconn.CommandTag, err error) {
	if t.tracer != nil {
		t.tracer.TraceBatchQuery(t.ctx, t.conn, pgx.TraceBatchQueryData{SQL: sqltext.WithoutLiterals(sql), CommandTag: tag, Err: err, ReadStartTime: t.read})
		t.read = time.Now()
	}
}

func (t *batchTrace) end(err error) {
	if t.tracer != nil {
		t.tracer.TraceBatchEnd(t.ctx, t.conn, pgx.TraceBatchEndData{Err: err})
	}
}
