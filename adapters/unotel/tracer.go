package unotel

import (
	"context"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/conn"
)

// WithTracing has a system traced with spans of tp; nil means OpenTelemetry's
// global provider. It is unoactor.WithTracer with [Tracer]: a system has one tracer,
// the last that it was given.
func WithTracing(tp trace.TracerProvider, options ...otelpgx.Option) unoactor.Option {
	return unoactor.WithTracer(Tracer(tp, options...))
}

// Tracer is the tracer by itself, for who has others too and makes one of them with
// pgx's multitracer. It traces statements, batches, COPY, preparing and connecting.
func Tracer(tp trace.TracerProvider, options ...otelpgx.Option) pgx.QueryTracer {
	all := append([]otelpgx.Option{otelpgx.WithTracerProvider(tp)}, options...)
	return &tracer{otelpgx.NewTracer(all...)}
}

// tracer is otelpgx's, told of errors without the values that they may quote.
type tracer struct{ *otelpgx.Tracer }

// TraceQueryEnd implements pgx.QueryTracer.
func (t *tracer) TraceQueryEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryEndData) {
	data.Err = conn.WithoutValues(data.Err)
	t.Tracer.TraceQueryEnd(ctx, c, data)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (t *tracer) TraceBatchQuery(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchQueryData) {
	data.Err = conn.WithoutValues(data.Err)
	t.Tracer.TraceBatchQuery(ctx, c, data)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (t *tracer) TraceBatchEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchEndData) {
	data.Err = conn.WithoutValues(data.Err)
	t.Tracer.TraceBatchEnd(ctx, c, data)
}

// TraceCopyFromEnd implements pgx.CopyFromTracer.
func (t *tracer) TraceCopyFromEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceCopyFromEndData) {
	data.Err = conn.WithoutValues(data.Err)
	t.Tracer.TraceCopyFromEnd(ctx, c, data)
}

// TracePrepareEnd implements pgx.PrepareTracer.
func (t *tracer) TracePrepareEnd(ctx context.Context, c *pgx.Conn, data pgx.TracePrepareEndData) {
	data.Err = conn.WithoutValues(data.Err)
	t.Tracer.TracePrepareEnd(ctx, c, data)
}
