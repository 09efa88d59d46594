package unoactor_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/testkit"
)

// echoes runs work on a pool that echoes, and returns what was logged.
func echoes(t *testing.T, work func(*unoactor.DB), options ...unoactor.Option) string {
	t.Helper()
	server, database := testkit.Shared(t)
	var log lines
	top := topology(server, database)
	top.Pools[0].Echo = true
	options = append(options, unoactor.WithLogger(hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Info})))
	sys, err := unoactor.New(t.Context(), top, options...)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	work(db)
	if err := sys.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return log.String()
}

func TestEchoLogsStatementsAndNoParameters(t *testing.T) {
	got := echoes(t, func(db *unoactor.DB) {
		_, _ = db.Exec(t.Context(), "select $1::text, 'seen'", "hunter2")
		_, _ = db.Exec(t.Context(), "select $1::text::int, 'seen too'", "hunter2")       // the server's message quotes it
		_, _ = db.Exec(t.Context(), "select $1::int, 'never sent'", []string{"hunter2"}) // and so does pgx's
		_, _ = db.Exec(t.Context(), "create table t (id int, name text)")
		_, _ = db.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"id", "name"},
			pgx.CopyFromRows([][]any{{1, "hunter2"}, {2, "hunter2"}}))
		_, _ = db.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"id"}, pgx.CopyFromRows([][]any{{"hunter2"}}))
		_, _ = db.Exec(t.Context(), "/* don't */ alter role nobody PassWord 'hunter2'")
		b := &pgx.Batch{}
		b.Queue("select id, 'first' from t where name = $1", "hunter2")
		b.Queue("select $1::text::int, 'second'", "hunter2")
		_ = db.SendBatch(t.Context(), b).Close()
	})
	for _, want := range []string{
		"select $1::text, 'seen'", "duration=", "rows=1", "seen too", "sqlstate=22P02", "never sent", "text is withheld",
		`copy "t" ("id", "name") from stdin`, "rows=2", "'first'", "'second'",
		"alter role nobody PassWord ?",
	} {
		if !strings.Contains(strings.ReplaceAll(got, `\"`, `"`), want) {
			t.Errorf("%q is not in the log:\n%s", want, got)
		}
	}
	if strings.Contains(got, "hunter2") {
		t.Errorf("a parameter is in the log:\n%s", got)
	}
}

// tracer counts what it is told of, by kind.
type tracer struct {
	mu   sync.Mutex
	told map[string]int
}

func (r *tracer) count(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told == nil {
		r.told = make(map[string]int)
	}
	r.told[kind]++
}

func (r *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	r.count("query")
	return ctx
}
func (r *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {
	r.count("query end")
}

// fullTracer is all that pgx knows of.
type fullTracer struct{ tracer }

func (r *fullTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	r.count("batch")
	return ctx
}
func (r *fullTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
	r.count("batch query")
}
func (r *fullTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {
	r.count("batch end")
}
func (r *fullTracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	r.count("copy")
	return ctx
}
func (r *fullTracer) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {
	r.count("copy end")
}
func (r *fullTracer) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	r.count("prepare")
	return ctx
}
func (r *fullTracer) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {
	r.count("prepare end")
}
func (r *fullTracer) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	r.count("connect")
	return ctx
}
func (r *fullTracer) TraceConnectEnd(context.Context, pgx.TraceConnectEndData) {
	r.count("connect end")
}

func TestATracerIsToldOfAllThatItKnowsWithEchoAndWithout(t *testing.T) {
	work := func(db *unoactor.DB) {
		if _, err := db.Exec(t.Context(), "create table t (id int)"); err != nil {
			t.Error(err)
		}
		if _, err := db.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"id"}, pgx.CopyFromRows([][]any{{1}})); err != nil {
			t.Error(err)
		}
		b := &pgx.Batch{}
		b.Queue("select 1")
		if err := db.SendBatch(t.Context(), b).Close(); err != nil {
			t.Error(err)
		}
	}
	var plain, echoed fullTracer
	work(open(t, unoactor.WithTracer(&plain)))
	echoes(t, work, unoactor.WithTracer(&echoed))
	kinds := []string{"batch", "batch end", "batch query", "connect", "connect end", "copy", "copy end", "prepare", "prepare end", "query", "query end"}
	for name, told := range map[string]map[string]int{"without echo": plain.told, "with echo": echoed.told} {
		if got := slices.Sorted(maps.Keys(told)); !slices.Equal(got, kinds) {
			t.Errorf("%s: told of %v, want %v", name, got, kinds)
		}
	}
	if !maps.Equal(plain.told, echoed.told) {
		t.Errorf("echo changes what is told: %v, and without %v", echoed.told, plain.told)
	}
	var modest tracer // one that knows statements alone is told of these, and nothing breaks
	echoes(t, work, unoactor.WithTracer(&modest))
	if modest.told["query"] != 1 || modest.told["query end"] != 1 {
		t.Errorf("a plain tracer: %v", modest.told)
	}
}
