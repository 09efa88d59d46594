package unotel_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/exaring/otelpgx"
	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unotel"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// traced is a pool whose spans are kept.
type traced struct {
	*unoactor.DB
	provider *sdk.TracerProvider
	spans    *tracetest.SpanRecorder
}

// open starts a system with a pool on a database of the test's own.
func open(t *testing.T, echo bool, options ...otelpgx.Option) traced {
	t.Helper()
	server, database := testkit.Shared(t)
	spans := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))
	sys, err := unoactor.New(t.Context(), config.Topology{
		Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Password: "top secret"}},
		Pools: []config.Pool{{Name: "default", Node: "main", Database: database, Size: 2, Echo: echo, Reset: config.ResetDiscard}},
	}, unotel.WithTracing(provider, options...), unoactor.WithLogger(hclog.NewNullLogger()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	return traced{db, provider, spans}
}

// request runs work in a span of its own, and returns the spans below that.
func (d traced) request(t *testing.T, work func(context.Context)) []sdk.ReadOnlySpan {
	t.Helper()
	before := len(d.spans.Ended())
	ctx, parent := d.provider.Tracer("test").Start(t.Context(), "request")
	work(ctx)
	parent.End()
	ended := d.spans.Ended()[before:]
	below := ended[:len(ended)-1]
	for _, s := range below {
		if s.SpanContext().TraceID() != parent.SpanContext().TraceID() || !s.Parent().IsValid() {
			t.Errorf("span %q is not below the request", s.Name())
		}
	}
	if started := d.spans.Started(); len(started) != len(d.spans.Ended()) {
		t.Errorf("%d spans started and %d ended", len(started), len(d.spans.Ended()))
	}
	return below
}

func names(spans []sdk.ReadOnlySpan) string {
	var all []string
	for _, s := range spans {
		all = append(all, s.Name())
	}
	return strings.Join(all, ", ")
}

// all is whatever a span tells, as text.
func all(spans []sdk.ReadOnlySpan) string {
	var b strings.Builder
	for _, s := range spans {
		fmt.Fprintln(&b, s.Name(), s.Attributes(), s.Status(), s.Events())
	}
	return b.String()
}

func TestStatementsBatchesAndCopiesAreSpansWithEchoAndWithout(t *testing.T) {
	for _, echo := range []bool{false, true} {
		t.Run(fmt.Sprintf("echo %v", echo), func(t *testing.T) {
			db := open(t, echo, otelpgx.WithQuerySpanNamePrefix())
			expect := func(want string, work func(context.Context) error) {
				t.Helper()
				spans := db.request(t, func(ctx context.Context) {
					if err := work(ctx); err != nil {
						t.Error(err)
					}
				})
				if got := names(spans); got != want {
					t.Errorf("spans %s, want %s", got, want)
				}
			}
			expect("query CREATE", func(ctx context.Context) error {
				_, err := db.Exec(ctx, "create table t (id int)")
				return err
			})
			expect("prepare INSERT, query INSERT", func(ctx context.Context) error {
				_, err := db.Exec(ctx, "insert into t values ($1)", 1)
				return err
			})
			expect("prepare SELECT, query SELECT", func(ctx context.Context) error {
				var n int
				return db.QueryRow(ctx, "select count(*) from t where id < $1", 9).Scan(&n)
			})
			expect("batch query INSERT, batch query INSERT, batch start", func(ctx context.Context) error {
				b := &pgx.Batch{}
				b.Queue("insert into t values (2 + $1)", 2)
				b.Queue("insert into t values (2 + $1)", 3)
				return db.SendBatch(ctx, b).Close()
			})
			// pgx asks for the types of the columns first.
			expect(`prepare SELECT, copy_from "t"`, func(ctx context.Context) error {
				_, err := db.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"id"}, pgx.CopyFromRows([][]any{{1}, {2}}))
				return err
			})
			expect("query BEGIN, query SELECT, query COMMIT", func(ctx context.Context) error {
				return db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, "select 1")
					return err
				})
			})
		})
	}
}

func TestWhatHasNoParentAndWhatThePoolDoesItselfIsNoSpan(t *testing.T) {
	db := open(t, false)
	for range 3 { // each connects or is reset after
		if err := db.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if spans := db.spans.Started(); len(spans) != 0 {
		t.Errorf("%d spans without a request", len(spans))
	}
}

func TestASpanTellsTheStatementAndNoParameter(t *testing.T) {
	db := open(t, false)
	spans := db.request(t, func(ctx context.Context) {
		if _, err := db.Exec(ctx, "create table t (name text unique, id int)"); err != nil {
			t.Error(err)
		}
		for range 2 {
			_, _ = db.Exec(ctx, "insert into t (name) values ($1)", "hunter2") // the second violates uniqueness, the detail quotes it
		}
		_, _ = db.Exec(ctx, "select $1::text::int", "hunter2")       // the message quotes it
		_, _ = db.Exec(ctx, "select $1::int", []string{"hunter2"})   // pgx can't encode it
		_, _ = db.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"id"}, // nor that
			pgx.CopyFromRows([][]any{{"hunter2"}}))
		b := &pgx.Batch{}
		b.Queue("select $1::text::int, 'batch'", "hunter2")
		_ = db.SendBatch(ctx, b).Close()
	})
	text := all(spans)
	for _, want := range []string{"insert into t (name) values ($1)", "select $1::text::int", "'batch'", "23505", "22P02", "withheld", "postgresql"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is in no span:\n%s", want, text)
		}
	}
	for _, secret := range []string{"hunter2", "top secret"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in a span:\n%s", secret, text)
		}
	}
}

func TestAnErrorMarksItsSpanAndReachesTheProgramWhole(t *testing.T) {
	db := open(t, false)
	var err error
	spans := db.request(t, func(ctx context.Context) { _, err = db.Exec(ctx, "select 1 / 0") })
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Message != "division by zero" {
		t.Errorf("the program got %v", err)
	}
	if len(spans) != 1 || spans[0].Status().Code != codes.Error || !strings.Contains(spans[0].Status().Description, "22012") {
		t.Errorf("%s", all(spans))
	}
}

func TestParametersAreToldIfAskedForAndTextsNotIfNotWanted(t *testing.T) {
	work := func(db traced) func(context.Context) {
		return func(ctx context.Context) {
			if _, err := db.Exec(ctx, "select $1::text, 'literal'", "asked for"); err != nil {
				t.Error(err)
			}
		}
	}
	db := open(t, false, otelpgx.WithIncludeQueryParameters())
	if text := all(db.request(t, work(db))); !strings.Contains(text, "asked for") {
		t.Errorf("no parameter:\n%s", text)
	}
	db = open(t, false, otelpgx.WithDisableSQLStatementInAttributes())
	if text := all(db.request(t, work(db))); strings.Contains(text, "literal") || !strings.Contains(text, "SELECT") {
		t.Errorf("the text is told:\n%s", text)
	}
}
