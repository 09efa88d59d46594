package tracing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/sqltext"
)

type echo struct {
	log  hclog.Logger
	next conn.Tracers
	now  func() time.Time
}

type echoKey struct{}

type echoed struct {
	sql   string
	began time.Time
}

// Echo returns a tracer that logs every statement with its duration and row count, and
// never its arguments; a statement with a password in it without its literals. What next
// traces, which may be nil, goes on being traced.
func Echo(log hclog.Logger, next pgx.QueryTracer) pgx.QueryTracer {
	e := echo{log: log, next: conn.TracersOf(next), now: time.Now}
	return struct { // with what is only passed on
		echo
		pgx.PrepareTracer
		pgx.ConnectTracer
	}{e, e.next.Prepare, e.next.Connect}
}

func (e echo) begin(ctx context.Context, sql string) context.Context {
	return context.WithValue(ctx, echoKey{}, echoed{sql: sql, began: e.now()})
}

func (e echo) end(ctx context.Context, tag pgconn.CommandTag, err error) {
	if s, ok := ctx.Value(echoKey{}).(echoed); ok {
		e.write(s, tag, err)
	}
}

func (e echo) write(s echoed, tag pgconn.CommandTag, err error) {
	sql := s.sql
	if strings.Contains(strings.ToLower(sql), "password") {
		sql = sqltext.WithoutLiterals(sql)
	}
	args := []any{"sql", sql, "duration", e.now().Sub(s.began), "rows", tag.RowsAffected()}
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		args = append(args, "sqlstate", pg.Code)
	} else if err != nil {
		args = append(args, "error", conn.WithoutValues(err))
	}
	e.log.Info("statement", args...)
}

// TraceQueryStart is called by pgx before a statement.
func (e echo) TraceQueryStart(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return e.begin(e.next.Query.TraceQueryStart(ctx, c, data), data.SQL)
}

// TraceQueryEnd is called by pgx after it.
func (e echo) TraceQueryEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryEndData) {
	e.end(ctx, data.CommandTag, data.Err)
	e.next.Query.TraceQueryEnd(ctx, c, data)
}

// TraceBatchStart is called by pgx before a batch.
func (e echo) TraceBatchStart(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	return e.begin(e.next.Batch.TraceBatchStart(ctx, c, data), "")
}

// TraceBatchQuery is called by pgx after each statement of it.
func (e echo) TraceBatchQuery(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchQueryData) {
	s, _ := ctx.Value(echoKey{}).(echoed)
	s.sql = data.SQL
	if !data.ReadStartTime.IsZero() {
		s.began = data.ReadStartTime
	}
	e.write(s, data.CommandTag, data.Err)
	e.next.Batch.TraceBatchQuery(ctx, c, data)
}

// TraceBatchEnd is called by pgx after a batch.
func (e echo) TraceBatchEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceBatchEndData) {
	e.next.Batch.TraceBatchEnd(ctx, c, data)
}

// TraceCopyFromStart is called by pgx before a COPY.
func (e echo) TraceCopyFromStart(ctx context.Context, c *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	columns := make([]string, len(data.ColumnNames))
	for i, name := range data.ColumnNames {
		columns[i] = pgx.Identifier{name}.Sanitize()
	}
	sql := fmt.Sprintf("copy %s (%s) from stdin", data.TableName.Sanitize(), strings.Join(columns, ", "))
	return e.begin(e.next.CopyFrom.TraceCopyFromStart(ctx, c, data), sql)
}

// TraceCopyFromEnd is called by pgx after it.
func (e echo) TraceCopyFromEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceCopyFromEndData) {
	e.end(ctx, data.CommandTag, data.Err)
	e.next.CopyFrom.TraceCopyFromEnd(ctx, c, data)
}
