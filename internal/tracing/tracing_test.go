package tracing_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"github.com/unoactor/unoactor/internal/tracing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// teller is a tracer of statements and batches that takes note of what it is told.
type teller struct{ told []string }

type tellerKey struct{}

func (r *teller) note(ctx context.Context, what ...any) context.Context {
	if ctx.Value(tellerKey{}) == nil {
		what = append([]any{"another context: "}, what...)
	}
	r.told = append(r.told, fmt.Sprint(what...))
	return ctx
}

func (r *teller) begin(ctx context.Context, what ...any) context.Context {
	return r.note(context.WithValue(ctx, tellerKey{}, true), what...)
}

func (r *teller) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	return r.begin(ctx, "begin ", d.SQL)
}
func (r *teller) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	r.note(ctx, "end ", d.CommandTag.String())
}
func (r *teller) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	return r.begin(ctx, "batch of ", d.Batch.Len(), ", ", d.Batch.QueuedQueries[0].SQL)
}
func (r *teller) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	r.note(ctx, d.SQL, ": ", d.CommandTag, d.ReadStartTime.IsZero())
}
func (r *teller) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchEndData) {
	r.note(ctx, "batch end ", d.Err)
}

func TestABatchPastPgxIsToldToItsTracersWithoutLiterals(t *testing.T) {
	var r teller
	ctx, b := tracing.StartBatch(t.Context(), &r, nil, []string{"insert into t values ('hunter2')", "select 1"})
	if ctx.Value(tellerKey{}) == nil {
		t.Error("the tracer's context is lost")
	}
	b.Answered("insert into t values ('hunter2')", pgconn.NewCommandTag("INSERT 0 1"), nil)
	b.End(errors.New("failed"))
	want := []string{"batch of 2, insert into t values (?)", "insert into t values (?): INSERT 0 1 false", "batch end failed"}
	if !slices.Equal(r.told, want) {
		t.Errorf("%q, want %q", r.told, want)
	}
}

func TestWhereNobodyTracesBatchesNothingIsTold(t *testing.T) {
	for _, nobody := range []pgx.QueryTracer{nil, struct{ pgx.QueryTracer }{}} {
		ctx, b := tracing.StartBatch(t.Context(), nobody, nil, []string{"select 1"})
		b.Answered("select 1", pgconn.CommandTag{}, nil)
		b.End(nil)
		if ctx != t.Context() {
			t.Error("another context")
		}
	}
}

func TestAnEchoTellsOfStatementsAndNotOfValues(t *testing.T) {
	for name, c := range map[string]struct {
		sql, want string
		err       error
	}{
		"a statement":             {"select 'seen'", "select 'seen'", nil},
		"one with a password":     {"alter role r Password 'hunter2'", "alter role r Password ?", nil},
		"one that is refused":     {"select 1", "sqlstate=22P02", &pgconn.PgError{Code: "22P02", Message: "invalid input: hunter2"}},
		"one that was never sent": {"select 1", "error=", errors.New("cannot encode hunter2")},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			var r teller
			e := tracing.Echo(hclog.New(&hclog.LoggerOptions{Output: &out}), &r)
			ctx := e.TraceQueryStart(t.Context(), nil, pgx.TraceQueryStartData{SQL: c.sql, Args: []any{"hunter2"}})
			e.TraceQueryEnd(ctx, nil, pgx.TraceQueryEndData{CommandTag: pgconn.NewCommandTag("SELECT 3"), Err: c.err})
			if got := out.String(); !strings.Contains(got, c.want) || !strings.Contains(got, "rows=3") || strings.Contains(got, "hunter2") {
				t.Error(got)
			}
			if want := []string{"begin " + c.sql, "end SELECT 3"}; !slices.Equal(r.told, want) {
				t.Errorf("the next tracer is told %q, want %q", r.told, want)
			}
		})
	}
}

func TestAnEchoIsAllThatPgxKnowsOf(t *testing.T) {
	var e any = tracing.Echo(hclog.NewNullLogger(), nil)
	if _, is := e.(pgx.BatchTracer); !is {
		t.Error("batches")
	}
	if _, is := e.(pgx.CopyFromTracer); !is {
		t.Error("COPY")
	}
	if _, is := e.(pgx.PrepareTracer); !is {
		t.Error("preparing")
	}
	if _, is := e.(pgx.ConnectTracer); !is {
		t.Error("connecting")
	}
}
