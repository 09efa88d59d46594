package supervisor

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// scope is the name of the instruments' scope.
const scope = "github.com/unoactor/unoactor"

// metrics are the instruments of a system. The db.client.connection.* ones are
// OpenTelemetry's semantic conventions for database connection pools. Counts are
// read from the pools when somebody collects, so that they cost nothing between.
type metrics struct {
	createTime metric.Float64Histogram
	waitTime   metric.Float64Histogram
	useTime    metric.Float64Histogram
	meter      metric.Meter
	callback   metric.Registration
}

// seconds are the bounds of the histograms: from a checkout to a slow query.
var seconds = metric.WithExplicitBucketBoundaries(1e-6, 1e-5, 1e-4, 1e-3, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

// newMetrics makes the instruments with a provider; nil is the global one, which
// measures nothing unless the host has set it.
func newMetrics(provider metric.MeterProvider) (*metrics, error) {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	meter := provider.Meter(scope)
	m := &metrics{meter: meter}
	var errs [3]error
	m.createTime, errs[0] = meter.Float64Histogram("db.client.connection.create_time", metric.WithUnit("s"), seconds,
		metric.WithDescription("The time it took to create a new connection."))
	m.waitTime, errs[1] = meter.Float64Histogram("db.client.connection.wait_time", metric.WithUnit("s"), seconds,
		metric.WithDescription("The time it took to obtain an open connection from the pool. Of a busy pool, a fraction of the leases."))
	m.useTime, errs[2] = meter.Float64Histogram("db.client.connection.use_time", metric.WithUnit("s"), seconds,
		metric.WithDescription("The time between borrowing a connection and returning it to the pool. Of a busy pool, a fraction of the leases."))
	return m, errors.Join(errs[:]...)
}

// watch registers what is read from the pools and nodes whenever somebody collects, until close.
func (m *metrics) watch(s *System) (err error) {
	m.callback, err = observe(m.meter, s)
	return err
}

func (m *metrics) close() error { return m.callback.Unregister() }

// of returns functions that record in the histograms of one pool. They allocate nothing.
func (m *metrics) of(pool string) (created, waited, used func(time.Duration)) {
	options := []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(poolName.String(pool)))}
	record := func(h metric.Float64Histogram) func(time.Duration) {
		return func(d time.Duration) { h.Record(context.Background(), d.Seconds(), options...) } // measured where no context is
	}
	return record(m.createTime), record(m.waitTime), record(m.useTime)
}

const (
	poolName = attribute.Key("db.client.connection.pool.name")
	stateKey = attribute.Key("db.client.connection.state")
	causeKey = attribute.Key("unoactor.cause")
	nodeName = attribute.Key("unoactor.node.name")
)

// observe registers what is read from the pools and nodes.
func observe(meter metric.Meter, s *System) (metric.Registration, error) {
	var errs []error
	upDown := func(name, unit, description string) metric.Int64ObservableUpDownCounter {
		i, err := meter.Int64ObservableUpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return i
	}
	counter := func(name, unit, description string) metric.Int64ObservableCounter {
		i, err := meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return i
	}
	count := upDown("db.client.connection.count", "{connection}", "The number of connections that are currently in the state described by the attribute.")
	idleMax := upDown("db.client.connection.idle.max", "{connection}", "The maximum number of idle open connections allowed.")
	idleMin := upDown("db.client.connection.idle.min", "{connection}", "The minimum number of idle open connections allowed.")
	limit := upDown("db.client.connection.max", "{connection}", "The maximum number of open connections allowed.")
	pending := upDown("db.client.connection.pending_requests", "{request}", "The number of current pending requests for an open connection.")
	timeouts := counter("db.client.connection.timeouts", "{timeout}", "The number of connection timeouts that have occurred trying to obtain a connection from the pool.")
	restarts := counter("unoactor.connection.restarts", "{restart}", "Connections that were lost and whose slot was restarted, by cause.")
	refusals := counter("unoactor.acquire.refusals", "{refusal}", "Acquires that failed, by cause.")
	leaks := counter("unoactor.lease.leaks", "{lease}", "Leases that lasted longer than leak_after or reclaim_after.")
	breaker, err := meter.Int64ObservableGauge("unoactor.node.breaker.state", metric.WithDescription("0 closed, 1 open, 2 half open."))
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, p := range s.roster.Load().pools {
			name := poolName.String(p.Name())
			one := metric.WithAttributeSet(attribute.NewSet(name))
			with := func(more attribute.KeyValue) metric.ObserveOption {
				return metric.WithAttributeSet(attribute.NewSet(name, more))
			}
			st := p.Stats()
			o.ObserveInt64(count, int64(st.Idle), with(stateKey.String("idle")))
			o.ObserveInt64(count, int64(st.Used+st.Busy), with(stateKey.String("used")))
			o.ObserveInt64(idleMax, int64(st.SoftLimit), one)
			o.ObserveInt64(idleMin, int64(p.Config().MinIdle), one)
			o.ObserveInt64(limit, int64(st.HardLimit), one)
			o.ObserveInt64(pending, int64(st.Waiting), one)
			o.ObserveInt64(timeouts, int64(st.Timeouts), one)
			o.ObserveInt64(leaks, int64(p.leaks.Load()), one)
			for cause, n := range p.losses() {
				o.ObserveInt64(restarts, int64(n), with(causeKey.String(cause.String())))
			}
			for cause, n := range p.slots.Refusals() {
				o.ObserveInt64(refusals, int64(n), with(causeKey.String(cause.String())))
			}
		}
		for _, n := range s.roster.Load().nodes {
			o.ObserveInt64(breaker, int64(n.view.Load().Breaker), metric.WithAttributeSet(attribute.NewSet(nodeName.String(n.name))))
		}
		return nil
	}, count, idleMax, idleMin, limit, pending, timeouts, restarts, refusals, leaks, breaker)
}
