package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"
	"go.opentelemetry.io/otel/metric"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
)

// Options are what a topology can't say. The zero value adds nothing.
type Options struct {
	Log hclog.Logger // default: none
	// Ready is called when the pools are there and not yet started: whoever subscribes then
	// misses no event. It may be nil.
	Ready func(*System)
	// MeterProvider makes the instruments; nil means OpenTelemetry's global one.
	MeterProvider metric.MeterProvider
	// Actors is where the tree is spawned: the host's own actor system, which it shuts
	// down after [System.Close]. Default: one of the tree's own.
	Actors *actor.ActorSystem
	// Dialer returns the options with which a pool connects; nil means none.
	Dialer func(config.Pool) conn.DialerOptions
}

// System is a running topology. It is safe for concurrent use.
type System struct {
	log     hclog.Logger
	dialer  func(config.Pool) conn.DialerOptions // may be nil
	actors  *actor.ActorSystem
	hosted  bool // actors is the host's
	desk    *desk
	root    *actor.PID
	router  atomic.Pointer[actors.Ref[messages.ToRouter]]
	table   atomic.Pointer[routing.Table]
	roster  atomic.Pointer[roster]
	coming  atomic.Pointer[passage] // for the root actor to go through
	turn    sync.Mutex              // who changes the roster
	final   bool                    // the system is being closed: nothing changes any more; under turn
	leaving []*Pool                 // taken out of the roster, and not closed yet; under turn
	orphans []*node                 // taken out of the roster, and not stopped yet; under turn
	work    actors.Tracker
	metrics *metrics
	events  *Events
	started time.Time
	stopped chan struct{} // closed when the root actor has stopped

	closing atomic.Bool
	closed  chan struct{} // closed when Close has done its work
	failed  error         // the result of Close
}

// Start checks the topology and starts its tree. It does not wait for a server:
// a topology whose servers are down starts, and connects when they are up.
func Start(t config.Topology, o Options) (*System, error) {
	t = t.Clone().Complete()
	if len(t.Nodes)+len(t.Pools)+len(t.Routes) > 0 { // else nodes and pools are added later
		if err := t.Check(); err != nil {
			return nil, err
		}
	}
	log := o.Log
	if log == nil {
		log = hclog.NewNullLogger()
	}
	s := &System{log: log, dialer: o.Dialer, started: time.Now(), stopped: make(chan struct{}), closed: make(chan struct{})}
	s.table.Store(routing.NewTable(t))
	var err error
	if s.metrics, err = newMetrics(o.MeterProvider); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	first, err := s.passageTo(&roster{}, t, config.Compare(config.Topology{}, t))
	if err != nil {
		return nil, err
	}
	s.coming.Store(first)
	s.roster.Store(first.next)
	if err := s.metrics.watch(s); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if s.actors, s.hosted = o.Actors, o.Actors != nil; !s.hosted {
		protoLog := actors.SlogTo(log.Named("protoactor"))
		// Its throttle of dead letters keeps a goroutine for that long, after Close too.
		s.actors = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return protoLog }),
			actor.WithDeadLetterThrottleInterval(50*time.Millisecond))
	}
	s.desk = newDesk(s)
	s.events = newEvents(log, s.report)
	if o.Ready != nil {
		o.Ready(s)
	}
	ready := make(chan error, 1)
	root, err := s.actors.Root.SpawnNamed(actors.Guard(log, func() actor.Actor { return &root{System: s, ready: ready, spawned: make(map[string]int)} },
		actor.WithSupervisor(&onPanic{})), s.rootName())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the system supervisor: %w", err), s.metrics.close())
	}
	s.root = root
	if err := <-ready; err != nil {
		s.actors.Root.Stop(root)
		<-s.stopped
		s.desk.stop()
		if !s.hosted {
			s.actors.Shutdown()
		}
		s.events.close()
		return nil, errors.Join(err, s.metrics.close())
	}
	return s, nil
}

// rootName returns a name for the root actor. In a host's actor system there may be several trees.
func (s *System) rootName() string {
	if s.hosted {
		return "unoactor-" + s.actors.ProcessRegistry.NextId()
	}
	return "system"
}

// Actors returns the actor system of the tree, in which a host may spawn actors of its own that ask the
// [System.Router].
func (s *System) Actors() *actor.ActorSystem { return s.actors }

// Router returns the address of the router, for actors to ask: see [messages.Checkout]. While
// [Options].Ready runs there is none yet, and it returns nil.
func (s *System) Router() *actor.PID {
	if ref := s.router.Load(); ref != nil {
		return ref.PID()
	}
	return nil
}

// root is the system supervisor: it starts the tree, changes it and holds it together.
type root struct {
	*System
	ready   chan error
	spawned map[string]int // how many actors of a name there have been
}

// Receive implements actor.Actor.
func (r *root) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started:
		r.ready <- r.begin(ctx)
	case goThrough:
		ctx.Respond(passed{r.goThrough(ctx, r.coming.Load())})
	case *actor.Stopped:
		close(r.stopped)
	}
}

// observers returns the functions by which a pool tells what happens.
func (s *System) observers(pool string) observers {
	created, waited, used := s.metrics.of(pool)
	return observers{emit: s.emit, created: created, waited: waited, used: used}
}

func (s *System) emit(e messages.Event) { s.events.publish(e) }

// awaited returns whether somebody waits for a backend of a node.
func (s *System) awaited(n *node) bool {
	for _, p := range s.roster.Load().pools {
		if p.node.Load() == n && p.awaited() {
			return true
		}
	}
	return false
}

// nodeChanged tells the pools on a node that it went up or down, or that the state of its breaker
// changed, and tells subscribers of the latter.
func (s *System) nodeChanged(n *node, now actors.NodeView) {
	for _, p := range s.roster.Load().pools {
		if p.node.Load() == n {
			p.ref.Tell(messages.NodeChanged{})
		}
	}
	if n.breaker != now.Breaker { // read and written by the node's actor only
		n.breaker = now.Breaker
		e := messages.BreakerChanged{Node: now.Name, At: time.Now(), State: now.Breaker}
		if now.Breaker == messages.BreakerOpen {
			e.Cause, e.Err, e.Next = now.Cause, now.Err, now.Next
		}
		s.emit(e)
	}
}

// report sets whether the pools tell of each lease.
func (s *System) report(on bool) {
	for _, p := range s.roster.Load().pools {
		p.slots.Report(on)
	}
}

// Subscribe begins to call handle with the events that are wished for, as [Events.Subscribe] does.
func (s *System) Subscribe(handle func(messages.Event), wish Wish) *Subscription {
	return s.events.Subscribe(handle, wish)
}

// Topology is what runs, defaults filled in: that of the start with what was added, removed,
// applied and reconfigured since. It is a copy, to be changed for [System.Apply].
func (s *System) Topology() config.Topology { return s.roster.Load().running() }

// Pool returns the pool of that name. The error says which pools there are.
func (s *System) Pool(name string) (*Pool, error) {
	for _, p := range s.roster.Load().pools {
		if p.Name() == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no pool %q in the topology; it has %s", name, s.poolNames())
}

func (s *System) poolNames() string {
	names := ""
	for i, p := range s.roster.Load().pools {
		if i > 0 {
			names += ", "
		}
		names += fmt.Sprintf("%q", p.Name())
	}
	return names
}

// Pools returns all pools, in the order of the topology.
func (s *System) Pools() []*Pool { return slices.Clone(s.roster.Load().pools) }

// Route returns the pool for a session, and the rule that chose it. The error is a
// [*routing.NoRouteError].
func (s *System) Route(i routing.Intent) (*Pool, routing.Choice, error) {
	for {
		table := s.table.Load()
		choice, err := table.Pick(i)
		if err != nil {
			return nil, choice, err
		}
		p, err := s.Pool(choice.Pool)
		if err == nil || table == s.table.Load() {
			return p, choice, err
		} // else the pool went with the route
	}
}

// Close drains all pools side by side, each for its own drain_timeout and none for longer than ctx, and
// returns when every backend is closed and every goroutine of the tree has ended. The error says how
// many leases had to be revoked. Later calls wait for the first one, and return its result.
func (s *System) Close(ctx context.Context) error {
	if s.closing.CompareAndSwap(false, true) {
		s.failed = s.close(ctx)
		close(s.closed)
	}
	<-s.closed
	return s.failed
}

func (s *System) close(ctx context.Context) error {
	leaving := s.stopChanging()
	s.desk.close()
	all := slices.Concat(s.roster.Load().pools, leaving)
	for _, p := range all {
		p.drain(ctx)
	}
	var errs []error
	for _, p := range all {
		errs = append(errs, p.drained(ctx))
	}
	s.desk.stop()
	errs = append(errs, s.metrics.close())
	// Unlike a stopped actor, a poisoned one first answers the messages in its mailbox.
	if err := s.actors.Root.PoisonFuture(s.Router()).Wait(); err != nil {
		errs = append(errs, fmt.Errorf("stop the router: %w", err))
	}
	s.actors.Root.Stop(s.root)
	<-s.stopped
	s.work.Wait()
	if !s.hosted {
		s.actors.Shutdown()
	}
	s.events.close()
	s.log.Info("system closed", "uptime", time.Since(s.started).Round(time.Second))
	return errors.Join(errs...)
}
