package unoactor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/metric"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/tracing"
	"github.com/unoactor/unoactor/internal/twophase"
	"github.com/unoactor/unoactor/supervisor"
)

// System is a running topology: a tree of supervised pools. It is safe for
// concurrent use.
type System struct {
	tree     *supervisor.System
	log      hclog.Logger
	sessions *SessionConfig // how sessions behave, nil: the default
	router   atomic.Pointer[Router]
	hooks    *hookSet
	recovery *twophase.Background
	// recoverOnce is done by the first Atomic.
	recoverOnce sync.Once
}

// Open starts the topology in an HCL file, or in all *.hcl files of a folder.
// It does not wait for a server: what can't be connected to yet is connected to
// when it is wanted and there. ctx bounds nothing but the start itself.
func Open(ctx context.Context, path string, options ...Option) (*System, error) {
	o := gather(options)
	t, err := config.Load(path, o.config...)
	if err != nil {
		return nil, err
	}
	return start(ctx, t, o)
}

// errNoFile is what is only of use where a topology file is read.
var errNoFile = errors.New("WithVariable sets a variable of a topology file, and there is none here: put the value where it belongs")

// New starts a topology that is written in Go. Settings left at zero take their
// defaults; the error says what can't work.
func New(ctx context.Context, t config.Topology, options ...Option) (*System, error) {
	o := gather(options)
	if len(o.config) > 0 {
		return nil, errNoFile
	}
	return start(ctx, t, o)
}

func start(ctx context.Context, t config.Topology, o settings) (*System, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := o.check(t); err != nil {
		return nil, err
	}
	wanted := supervisor.Options{Log: o.log, MeterProvider: o.meters, Dialer: o.dialer, Ready: o.subscribe}
	for _, set := range o.tree {
		set(&wanted)
	}
	tree, err := supervisor.Start(t, wanted)
	if err != nil {
		return nil, err
	}
	s := &System{tree: tree, log: o.log, sessions: o.sessions, hooks: o.hooks}
	if s.log == nil {
		s.log = hclog.NewNullLogger()
	}
	s.recovery = twophase.NewBackground(s.lookAndRecover, s.recoveryFailed)
	if o.recovery > 0 {
		s.recovery.Start(o.recovery)
	}
	return s, nil
}

// DB finds a pool by name, and its error lists the names there are.
func (s *System) DB(name string) (*DB, error) {
	p, err := s.tree.Pool(name)
	if err != nil {
		return nil, err
	}
	return s.database(p), nil
}

func (s *System) database(p *supervisor.Pool) *DB {
	return &DB{pool: p, sessions: s.sessions, system: s}
}

// Snapshot is the whole tree at one moment: nodes, pools, slots, their restarts
// and the causes.
func (s *System) Snapshot() supervisor.Snapshot { return s.tree.Snapshot() }

// Tree is the supervision tree itself, for who builds another face on it.
func (s *System) Tree() *supervisor.System { return s.tree }

// Close refuses new leases, waits for those that are out, for no longer than
// each pool's drain_timeout and ctx, closes every backend and returns when all
// goroutines of the system have ended. Its error tells of leases that had to be
// revoked.
//
// A ctx that was cancelled before Close is called, as that of a service that was told to end
// (SIGTERM), does not cut the wait short, so "defer sys.Close(ctx)" lets what is under way
// come to its end: each pool has its drain_timeout (10 s by default), up to the deadline of
// ctx. One that is cancelled during Close, or whose deadline is over, does: what is out
// then is revoked at once.
func (s *System) Close(ctx context.Context) error {
	s.recovery.Stop()
	if errors.Is(ctx.Err(), context.Canceled) {
		deadline, limited := ctx.Deadline()
		ctx = context.WithoutCancel(ctx)
		if limited {
			var end context.CancelFunc
			ctx, end = context.WithDeadline(ctx, deadline)
			defer end()
		}
	}
	return s.tree.Close(ctx)
}

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

// WithLogger has the system log to l. Without it, nothing is logged.
func WithLogger(l hclog.Logger) Option { return func(s *settings) { s.log = l } }

// WithVariable sets a variable of the topology file.
func WithVariable(name, value string) Option {
	return func(s *settings) { s.config = append(s.config, config.WithVariable(name, value)) }
}

// WithHooks adds hooks to a pool, run after those of the topology. A hook
// implements one or more of [conn.ConnectHook], [conn.CheckoutHook],
// [conn.CheckinHook] and [conn.CloseHook]. That there is no pool of that name is an error
// of the start; but a system that starts without any pool keeps the hooks for those that
// are added. [System.Register] takes the hooks of its pool itself.
func WithHooks(pool string, hooks ...conn.Hook) Option {
	return func(s *settings) { s.hooks.given[pool] = append(s.hooks.given[pool], hooks...) }
}

// WithTracer has pgx report every statement of every pool to t, and what else t
// implements of pgx's tracers: batches, COPY, preparing, connecting. It is one tracer,
// the last that was given; pgx's multitracer makes one of several.
func WithTracer(t pgx.QueryTracer) Option { return func(s *settings) { s.tracer = t } }

// WithMeterProvider has the system measured with p. Without it, OpenTelemetry's
// global provider is used, which measures nothing unless the host has set it.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(s *settings) { s.meters = p }
}

// WithEvents has a handler told of events from the first on. It has one or more of
// the methods of [PoolCreatedHandler], [PoolRecycledHandler], [PoolDisposedHandler],
// [CheckoutHandler], [CheckinHandler], [ConnectionErrorHandler] and
// [ConnectionLeakedHandler]. What holds for [Subscribe] holds for it; for other events, and
// to end it earlier than the system, use that.
func WithEvents(handler any, options ...SubscribeOption) Option {
	return func(s *settings) { s.events = append(s.events, eventHandler{handler, options}) }
}

func (s settings) subscribe(tree *supervisor.System) {
	for _, e := range s.events {
		subscribeHandler(tree, e.handler, e.options)
	}
}

// dialer gives a pool's connections what was set for them.
func (s settings) dialer(p config.Pool) conn.DialerOptions {
	o := conn.DialerOptions{Hooks: s.hooks.of(p.Name), Tracer: s.tracer, Dial: s.dial, Driver: s.driver}
	if p.Echo && s.log != nil {
		o.Tracer = tracing.Echo(s.log.With("pool", p.Name), s.tracer)
	}
	return o
}

// WithRecovery has the system look for transactions that were left prepared by
// [System.Atomic] when it starts, and then every so often: see [System.Recover]. Each
// look takes a backend of each pool.
func WithRecovery(every time.Duration) Option { return func(s *settings) { s.recovery = every } }
