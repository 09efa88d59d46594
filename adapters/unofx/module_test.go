package unofx_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/fx"
	"go.uber.org/fx/fxtest"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unofx"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

func TestPoolsAreProvidedAndClosedWhenTheApplicationStops(t *testing.T) {
	var db, analytics *unoactor.DB
	var sys *unoactor.System
	app := fxtest.New(t, unofx.FromTopology(topology(t, "default", "analytics")), unofx.Database("analytics"),
		fx.Populate(&db, &sys), fx.Populate(fx.Annotate(&analytics, fx.ParamTags(`name:"analytics"`))))
	app.RequireStart()
	for name, db := range map[string]*unoactor.DB{"default": db, "analytics": analytics} {
		if got := db.Pool().Name(); got != name {
			t.Errorf("pool %q is provided as %q", got, name)
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}
	app.RequireStop()
	if err := db.Ping(t.Context()); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("after the stop: %v", err)
	}
	if n := db.Stats().Size + analytics.Stats().Size; n != 0 {
		t.Errorf("%d backends are left", n)
	}
}

func TestTheOnlyPoolIsTheDefaultWhateverItsName(t *testing.T) {
	var db *unoactor.DB
	app := fxtest.New(t, unofx.FromTopology(topology(t, "orders")), fx.Populate(&db))
	defer app.RequireStart().RequireStop()
	if got := db.Pool().Name(); got != "orders" {
		t.Error(got)
	}
}

func TestWhatIsBuiltWithAPoolStopsBeforeIt(t *testing.T) {
	type worker struct{}
	var last error
	app := fxtest.New(t, unofx.FromTopology(topology(t, "default")),
		fx.Provide(func(l fx.Lifecycle, db *unoactor.DB) worker {
			l.Append(fx.StopHook(func(ctx context.Context) { last = db.Ping(ctx) }))
			return worker{}
		}), fx.Invoke(func(worker) {}))
	app.RequireStart().RequireStop()
	if last != nil {
		t.Errorf("a worker's last statement: %v", last)
	}
}

// build is the error of fx.New.
func build(options ...fx.Option) error { return fx.New(append(options, fx.NopLogger)...).Err() }

func TestWhatIsWrongIsSaid(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "topology.hcl")
	if err := os.WriteFile(bad, []byte("node \"main\" {\n  hots = \"localhost\"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := build(unofx.Module(bad), fx.Invoke(func(*unoactor.System) {}))
	if err == nil || !strings.Contains(err.Error(), "topology.hcl:2") || !strings.Contains(err.Error(), `"host"`) {
		t.Errorf("a misspelt setting: %v", err)
	}
	err = build(unofx.Module(filepath.Join(t.TempDir(), "missing.hcl")), fx.Invoke(func(*unoactor.DB) {}))
	if err == nil || !strings.Contains(err.Error(), "missing.hcl") {
		t.Errorf("no file: %v", err)
	}
}

// open is an application whose system is open already, so that it can be closed
// when a constructor fails.
func open(t *testing.T, pools ...string) fx.Option {
	t.Helper()
	sys, err := unoactor.New(t.Context(), topology(t, pools...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return fx.Options(unofx.FromTopology(topology(t, pools...)), fx.Replace(sys))
}

func TestAPoolThatThereIsNotIsToldOfWithThoseThereAre(t *testing.T) {
	app := open(t, "orders", "analytics")
	err := build(app, fx.Invoke(func(*unoactor.DB) {}))
	if err == nil || !strings.Contains(err.Error(), "it has orders, analytics") || !strings.Contains(err.Error(), "unofx.Database") {
		t.Errorf("no default pool: %v", err)
	}
	err = build(open(t, "orders", "analytics"), unofx.Database("missing"), fx.Invoke(fx.Annotate(func(*unoactor.DB) {}, fx.ParamTags(`name:"missing"`))))
	if err == nil || !strings.Contains(err.Error(), `"missing"`) || !strings.Contains(err.Error(), "orders") {
		t.Errorf("no such pool: %v", err)
	}
}

func TestALeaseThatIsNotGivenBackIsTheErrorOfTheStop(t *testing.T) {
	var db *unoactor.DB
	top := topology(t, "default")
	top.Pools[0].DrainTimeout = time.Millisecond
	app := fxtest.New(t, unofx.FromTopology(top), fx.Populate(&db))
	app.RequireStart()
	lease, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "close the database pools") {
		t.Errorf("a lease was revoked and the stop said: %v", err)
	}
	lease.Release()
}

func TestAStopContextThatEndsCutsTheDrainShort(t *testing.T) {
	var db *unoactor.DB
	var sys *unoactor.System
	top := topology(t, "default")
	top.Pools[0].DrainTimeout = time.Hour
	app := fxtest.New(t, unofx.FromTopology(top), fx.Populate(&db, &sys))
	app.RequireStart()
	lease, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := app.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stop whose context ended: %v", err)
	}
	if err := sys.Close(t.Context()); err == nil { // it waits for the one that fx began
		t.Error("a lease was revoked and nothing said so")
	}
	lease.Release()
}

type tracer struct{ statements atomic.Int64 }

func (c *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.statements.Add(1)
	return ctx
}
func (c *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

type created struct{ pools chan string }

func (c created) OnPoolCreated(e messages.PoolCreated) { c.pools <- e.Pool }

// locked is a buffer for writers on several goroutines.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestTheSystemUsesWhatTheGraphHas(t *testing.T) {
	var db *unoactor.DB
	var logged locked
	var traced tracer
	told := created{make(chan string, 1)}
	reader := sdk.NewManualReader()
	app := fxtest.New(t, unofx.FromTopology(topology(t, "default")), fx.Populate(&db),
		fx.Provide(
			func() hclog.Logger { return hclog.New(&hclog.LoggerOptions{Output: &logged}) },
			func() metric.MeterProvider { return sdk.NewMeterProvider(sdk.WithReader(reader)) },
			func() pgx.QueryTracer { return &traced },
			fx.Annotate(func() unoactor.Option { return unoactor.WithEvents(told) }, fx.ResultTags(`group:"unoactor"`)),
		))
	app.RequireStart()
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	var metrics metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &metrics); err != nil || len(metrics.ScopeMetrics) == 0 {
		t.Errorf("metrics: %v, %v", metrics.ScopeMetrics, err)
	}
	if got := <-told.pools; got != "default" {
		t.Errorf("event of %q", got)
	}
	if n := traced.statements.Load(); n != 1 {
		t.Errorf("%d statements traced", n)
	}
	app.RequireStop()
	if !strings.Contains(logged.String(), "pool started") {
		t.Errorf("logged: %s", logged.String())
	}
}

func TestAnOptionOfTheModuleOutranksTheGraphAndHclogOutranksSlog(t *testing.T) {
	var own, graph, fallback locked
	slogs := fx.Provide(func() *slog.Logger { return slog.New(slog.NewTextHandler(&fallback, nil)) })
	hclogs := fx.Provide(func() hclog.Logger { return hclog.New(&hclog.LoggerOptions{Output: &graph}) })
	used := fx.Invoke(func(*unoactor.System) {})
	fxtest.New(t, unofx.FromTopology(topology(t, "default")), slogs, used).RequireStart().RequireStop()
	if fallback.String() == "" {
		t.Error("slog alone was not used")
	}
	before := fallback.String()
	fxtest.New(t, unofx.FromTopology(topology(t, "default")), slogs, hclogs, used).RequireStart().RequireStop()
	if graph.String() == "" || fallback.String() != before {
		t.Error("hclog did not outrank slog")
	}
	before = graph.String()
	option := unoactor.WithLogger(hclog.New(&hclog.LoggerOptions{Output: &own}))
	fxtest.New(t, unofx.FromTopology(topology(t, "default"), option), slogs, hclogs, used).RequireStart().RequireStop()
	if own.String() == "" || graph.String() != before {
		t.Error("the module's option did not outrank the graph")
	}
}

func TestNothingIsOpenedThatNobodyAsksFor(t *testing.T) {
	fxtest.New(t, unofx.Module("there is no such file")).RequireStart().RequireStop()
}
