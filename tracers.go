package unoactor

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// tracers is what a pgx tracer implements, none of it nil: pgx looks at a tracer's
// type, so who wraps one must be all that it is.
type tracers struct {
	query    pgx.QueryTracer
	batch    pgx.BatchTracer
	copyFrom pgx.CopyFromTracer
	prepare  pgx.PrepareTracer
	connect  pgx.ConnectTracer
}

// tracersOf takes a tracer apart; nil traces nothing.
func tracersOf(t pgx.QueryTracer) tracers {
	all := tracers{query: t, batch: untraced{}, copyFrom: untraced{}, prepare: untraced{}, connect: untraced{}}
	if t == nil {
		all.query = untraced{}
	}
	if t, is := t.(pgx.BatchTracer); is {
		all.batch = t
	}
	if t, is := t.(pgx.CopyFromTracer); is {
		all.copyFrom = t
	}
	if t, is := t.(pgx.PrepareTracer); is {
		all.prepare = t
	}
	if t, is := t.(pgx.ConnectTracer); is {
		all.connect = t
	}
	return all
}

// untraced traces nothing.
type untraced struct{}

func (untraced) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (untraced) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (untraced) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}
func (untraced) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (untraced) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}
func (untraced) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	return ctx
}
func (untraced) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}
func (untraced) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	return ctx
}
func (untraced) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}
func (untraced) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}
func (untraced) TraceConnectEnd(context.Context, pgx.TraceConnectEndData) {}
