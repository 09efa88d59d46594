package unoactor

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// echo logs every statement with its duration and row count, and never its
// arguments. What next traces goes on being traced.
type echo struct {
	log  hclog.Logger
	next pgx.QueryTracer
	now  func() time.Time
}

type echoKey struct{}

type echoed struct {
	sql   string
	began time.Time
}

// TraceQueryStart is called by pgx before a statement.
func (e echo) TraceQueryStart(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if e.next != nil {
		ctx = e.next.TraceQueryStart(ctx, c, data)
	}
	return context.WithValue(ctx, echoKey{}, echoed{sql: data.SQL, began: e.now()})
}

// TraceQueryEnd is called by pgx after it.
func (e echo) TraceQueryEnd(ctx context.Context, c *pgx.Conn, data pgx.TraceQueryEndData) {
	if s, ok := ctx.Value(echoKey{}).(echoed); ok {
		args := []any{"sql", s.sql, "duration", e.now().Sub(s.began), "rows", data.CommandTag.RowsAffected()}
		if pg := (*pgconn.PgError)(nil); errors.As(data.Err, &pg) {
			args = append(args, "sqlstate", pg.Code) // its message may quote an argument
		} else if data.Err != nil {
			args = append(args, "error", data.Err)
		}
		e.log.Info("statement", args...)
	}
	if e.next != nil {
		e.next.TraceQueryEnd(ctx, c, data)
	}
}
