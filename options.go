package unoactor

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/metric"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/tracing"
	"github.com/unoactor/unoactor/supervisor"
)

// Option is what a topology can't say about a system.
type Option func(*settings)

type settings struct {
	log    hclog.Logger
	config []config.Option
	hooks  *hookSet
	driver map[string]string // parameters of libpq, of Connect
	tracer pgx.QueryTracer
	meters metric.MeterProvider
	events []eventHandler
	// sessions is nil unless there is a setting.
	sessions *SessionConfig
	recovery time.Duration // 0: never
	dial     pgconn.DialFunc
	tree     []func(*supervisor.Options)
}

func gather(options []Option) settings {
	s := settings{hooks: newHookSet()}
	for _, o := range options {
		o(&s)
	}
	return s
}

// WithLogger sets the logger of the system. Without it, nothing is logged.
func WithLogger(l hclog.Logger) Option { return func(s *settings) { s.log = l } }

// WithVariable sets a variable of the topology file.
func WithVariable(name, value string) Option {
	return func(s *settings) { s.config = append(s.config, config.WithVariable(name, value)) }
}

// WithHooks adds hooks to a pool, run after those of the topology. A hook
// implements one or more of [ConnectHook], [CheckoutHook],
// [CheckinHook] and [CloseHook]. That there is no pool of that name is an error
// of the start; but a system that starts without any pool keeps the hooks for those that
// are added. [System.Register] takes the hooks of its pool itself.
func WithHooks(pool string, hooks ...Hook) Option {
	return func(s *settings) { s.hooks.given[pool] = append(s.hooks.given[pool], hooks...) }
}

// WithTracer sets the tracer of pgx that is told of every statement of every pool, and of
// what else it implements of pgx's tracers: batches, COPY, preparing, connecting. There is
// one tracer, the last that was given; pgx's multitracer makes one of several.
func WithTracer(t pgx.QueryTracer) Option { return func(s *settings) { s.tracer = t } }

// WithMeterProvider sets what makes the system's instruments. Without it, that is
// OpenTelemetry's global provider, which measures nothing unless the host has set it.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(s *settings) { s.meters = p }
}

// WithEvents adds a handler, which is told of events from the first on. It implements one or
// more of [PoolCreatedHandler], [PoolRecycledHandler], [PoolDisposedHandler],
// [CheckoutHandler], [CheckinHandler], [ConnectionErrorHandler] and
// [ConnectionLeakedHandler]. What holds for the handlers of [Subscribe] holds for it; use
// Subscribe for other events, and to end a subscription earlier than the system.
func WithEvents(handler any, options ...SubscribeOption) Option {
	return func(s *settings) { s.events = append(s.events, eventHandler{handler, options}) }
}

// WithRecovery looks for transactions that [System.Atomic] left prepared when the system
// starts, and then every so often, and ends them: see [System.Recover]. Each look takes a
// backend of each pool.
func WithRecovery(every time.Duration) Option { return func(s *settings) { s.recovery = every } }

// WithSessions sets how the sessions of the system behave where neither a factory nor the
// session itself says otherwise.
func WithSessions(c SessionConfig) Option {
	return func(s *settings) { s.sessions = defaultSession.with([]SessionConfig{c}) }
}

// WithDial replaces the network by which servers are reached.
func WithDial(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Option {
	return func(s *settings) { s.dial = pgconn.DialFunc(dial) }
}

// WithTree calls set with the options of the supervision tree, to set what no other option
// does, such as the host's actor system in which the tree is spawned. What the other options
// say is in them already, and should be kept.
func WithTree(set func(*TreeOptions)) Option {
	return func(s *settings) { s.tree = append(s.tree, set) }
}

// dialer is how the connections of a pool are opened.
func (s settings) dialer(p config.Pool) conn.DialerOptions {
	o := conn.DialerOptions{Hooks: s.hooks.of(p.Name), Tracer: s.tracer, Dial: s.dial, Driver: s.driver}
	if p.Echo && s.log != nil {
		o.Tracer = tracing.Echo(s.log.With("pool", p.Name), s.tracer)
	}
	return o
}

func (s settings) subscribe(tree *supervisor.System) {
	for _, e := range s.events {
		subscribeHandler(tree, e.handler, e.options)
	}
}

// errNoFile is the error of an option that is of use only where a topology file is read.
var errNoFile = errors.New("WithVariable sets a variable of a topology file, and there is none here: put the value where it belongs")
