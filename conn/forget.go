package conn

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// This file keeps pgx's memory of prepared statements in step with the server, which forgets them all
// at DISCARD ALL and DEALLOCATE ALL, whoever sends that: a holder, a hook, a reset. pgx itself
// would go on executing them (SQLSTATE 26000).

// forgets returns whether the command of that tag had the server forget all prepared statements.
func forgets(tag pgconn.CommandTag) bool {
	s := tag.String()
	return len(s) >= len("DISCARD ALL") && s[0] == 'D' && (s == "DISCARD ALL" || s == "DEALLOCATE ALL")
}

// past is a context that has ended.
var past = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// forget empties pgx's memory of prepared statements. DeallocateAll would also tell the server, which
// it does not when its context has ended.
func forget(c *pgx.Conn) { _ = c.DeallocateAll(past) }

// remembering is the tracer of a backend that no program traces. It forgets prepared statements when
// the server does.
type remembering struct{}

// TraceQueryStart is called by pgx before a statement.
func (remembering) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd is called by pgx after a statement.
func (remembering) TraceQueryEnd(_ context.Context, c *pgx.Conn, data pgx.TraceQueryEndData) {
	if forgets(data.CommandTag) {
		forget(c)
	}
}

// TraceBatchStart is called by pgx before a batch.
func (remembering) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery is called by pgx after each statement of a batch.
func (remembering) TraceBatchQuery(_ context.Context, c *pgx.Conn, data pgx.TraceBatchQueryData) {
	if forgets(data.CommandTag) {
		forget(c)
	}
}

// TraceBatchEnd is called by pgx after a batch.
func (remembering) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// both is the tracer of a backend that the program's tracer traces too.
type both struct{ next Tracers }

// remember returns a tracer that keeps pgx in step with the server, and calls t, which may be nil.
func remember(t pgx.QueryTracer) pgx.QueryTracer {
	if t == nil {
		return remembering{}
	}
	next := TracersOf(t)
	return struct { // the embedded tracers are those of the program, unchanged
		both
		pgx.CopyFromTracer
		pgx.PrepareTracer
		pgx.ConnectTracer
	}{both{next}, next.CopyFrom, next.Prepare, next.Connect}
}

// TraceQueryStart is called by pgx before a statement.
func (b both) TraceQueryStart(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return b.next.Query.TraceQueryStart(ctx, c, data)
}

// TraceQueryEnd is called by pgx after a statement.
func (b both) TraceQueryEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryEndData) {
	remembering{}.TraceQueryEnd(ctx, c, data)
	b.next.Query.TraceQueryEnd(ctx, c, data)
}

// TraceBatchStart is called by pgx before a batch.
func (b both) TraceBatchStart(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	return b.next.Batch.TraceBatchStart(ctx, c, data)
}

// TraceBatchQuery is called by pgx after each statement of a batch.
func (b both) TraceBatchQuery(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchQueryData) {
	remembering{}.TraceBatchQuery(ctx, c, data)
	b.next.Batch.TraceBatchQuery(ctx, c, data)
}

// TraceBatchEnd is called by pgx after a batch.
func (b both) TraceBatchEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchEndData) {
	b.next.Batch.TraceBatchEnd(ctx, c, data)
}

// runOwn runs SQL of the pool's own, past pgx. If the SQL may have deallocated prepared statements, in
// a function or a DO block, all are deallocated, in pgx and on the server.
func runOwn(ctx context.Context, c *pgx.Conn, sql string) error {
	results, err := c.PgConn().Exec(ctx, sql).ReadAll()
	forgot := false
	for _, r := range results {
		forgot = forgot || forgets(r.CommandTag)
	}
	if forgot {
		forget(c)
	}
	if err != nil || forgot || !strings.Contains(strings.ToLower(sql), "deallocate") {
		return err
	}
	return c.DeallocateAll(ctx)
}
