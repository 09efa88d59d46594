package supervisor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// measured is one instrument as somebody collected it: unit and values by attributes.
type measured struct {
	unit   string
	values map[string]float64 // a histogram's is its count
}

func collect(t *testing.T, reader *sdk.ManualReader) map[string]measured {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]measured)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			found := measured{unit: m.Unit, values: map[string]float64{}}
			put := func(set attribute.Set, v float64) { found.values[set.Encoded(attribute.DefaultEncoder())] = v }
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					put(p.Attributes, float64(p.Value))
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					put(p.Attributes, float64(p.Value))
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					put(p.Attributes, float64(p.Count))
				}
			default:
				t.Errorf("%s is %T", m.Name, m.Data)
			}
			out[m.Name] = found
		}
	}
	return out
}

func TestThePoolIsMeasuredByTheSemanticConventions(t *testing.T) {
	server, database := testkit.Shared(t)
	reader := sdk.NewManualReader()
	sys, err := supervisor.Start(config.Topology{
		Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
			Password: config.Secret(server.Password()), Database: database}},
		Pools:   []config.Pool{{Name: "default", Node: "main", Size: 3, MaxOverflow: 2, MinIdle: 1, AcquireTimeout: 30 * time.Second}},
		Gateway: config.Gateway{Auth: config.Trust},
	}, supervisor.Options{MeterProvider: sdk.NewMeterProvider(sdk.WithReader(reader))})
	if err != nil {
		t.Fatal(err)
	}
	p := pool(t, sys)
	held := acquireAll(t, p, 1)[0]
	for range 20 {
		if _, err := query(t.Context(), p, "select 'x'"); err != nil {
			t.Fatal(err)
		}
	}
	acquireAll(t, p, 1)[0].Destroy(errors.New("on purpose"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = p.Acquire(ctx) // refused: that is what is counted
	eventually(t, "the restart is done", func() bool { st := p.Stats(); return p.Snapshot().Restarts == 1 && st.Busy == 0 && st.Idle >= 1 })
	got := collect(t, reader)
	idle := p.Stats().Idle
	const of = "db.client.connection.pool.name=default"
	for name, want := range map[string]measured{
		"db.client.connection.count": {"{connection}", map[string]float64{
			of + ",db.client.connection.state=idle": float64(idle), of + ",db.client.connection.state=used": 1}},
		"db.client.connection.idle.max":         {"{connection}", map[string]float64{of: 3}},
		"db.client.connection.idle.min":         {"{connection}", map[string]float64{of: 1}},
		"db.client.connection.max":              {"{connection}", map[string]float64{of: 5}},
		"db.client.connection.pending_requests": {"{request}", map[string]float64{of: 0}},
		"db.client.connection.timeouts":         {"{timeout}", map[string]float64{of: 0}},
		"unoactor.connection.restarts":          {"{restart}", map[string]float64{of + ",unoactor.cause=broken": 1}},
		"unoactor.acquire.refusals":             {"{refusal}", map[string]float64{of + ",unoactor.cause=canceled": 1, of + ",unoactor.cause=timeout": 0}},
		"unoactor.lease.leaks":                  {"{lease}", map[string]float64{of: 0}},
		"unoactor.node.breaker.state":           {"", map[string]float64{"unoactor.node.name=main": 0}},
	} {
		m := got[name]
		if m.unit != want.unit {
			t.Errorf("%s: unit %q, want %q", name, m.unit, want.unit)
		}
		for attributes, value := range want.values {
			if v, there := m.values[attributes]; !there || v != value {
				t.Errorf("%s{%s} = %v, want %v (there are %v)", name, attributes, v, value, m.values)
			}
		}
	}
	for name, least := range map[string]float64{"create_time": 2, "wait_time": 5, "use_time": 5} {
		m := got["db.client.connection."+name]
		if m.unit != "s" || m.values[of] < least {
			t.Errorf("%s: %+v, want at least %v", name, m, least)
		}
	}
	held.Release()
	if err := sys.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if after := collect(t, reader)["db.client.connection.count"]; len(after.values) != 0 {
		t.Errorf("after Close: %v", after)
	}
}

func TestMeasuringATimeAllocatesNothing(t *testing.T) {
	reader := sdk.NewManualReader()
	for name, provider := range map[string]*sdk.MeterProvider{"the host's": sdk.NewMeterProvider(sdk.WithReader(reader)), "none": nil} {
		record := supervisor.RecordWaits(provider)
		record(time.Millisecond)
		if n := testing.AllocsPerRun(1000, func() { record(time.Millisecond) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
