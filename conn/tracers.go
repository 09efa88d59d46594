package conn

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Tracers are the interfaces that a pgx tracer implements, each with a value that is not nil. pgx asks
// for the interfaces of a tracer by its type, so whoever wraps a tracer must implement the same interfaces.
type Tracers struct {
	Query    pgx.QueryTracer
	Batch    pgx.BatchTracer
	CopyFrom pgx.CopyFromTracer
	Prepare  pgx.PrepareTracer
	Connect  pgx.ConnectTracer
}

// TracersOf returns the interfaces of a tracer. Those that it does not implement, and all of nil, trace
// nothing.
func TracersOf(t pgx.QueryTracer) Tracers {
	all := Tracers{Query: t, Batch: untraced{}, CopyFrom: untraced{}, Prepare: untraced{}, Connect: untraced{}}
	if t == nil {
		all.Query = untraced{}
	}
	if t, is := t.(pgx.BatchTracer); is {
		all.Batch = t
	}
	if t, is := t.(pgx.CopyFromTracer); is {
		all.CopyFrom = t
	}
	if t, is := t.(pgx.PrepareTracer); is {
		all.Prepare = t
	}
	if t, is := t.(pgx.ConnectTracer); is {
		all.Connect = t
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
