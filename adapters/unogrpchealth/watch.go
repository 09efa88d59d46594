package unogrpchealth

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
)

// prefix is that of the names which [unoactor.RegisterHealth] gives to checks too.
const prefix = "database:"

// defaultInterval is how often the pools are asked without an event.
const defaultInterval = 5 * time.Second

// Option is what [Watch] can do otherwise.
type Option func(*watch)

// Every has the pools asked so often when no event says anything, instead of every
// five seconds. Each question is a round trip to the server.
func Every(interval time.Duration) Option { return func(w *watch) { w.interval = interval } }

// Overall names the service that stands for all pools, "" unless set: where the
// whole server depends on more than its databases, "" is for others to say.
func Overall(service string) Option { return func(w *watch) { w.overall = service } }

// Watch keeps server told of the pools of sys until ctx ends or stop is called; stop
// returns when nothing of it runs any more, and may be called several times. Until
// the first answers, which Watch does not wait for, and from its end on, everything
// is NOT_SERVING: nobody knows better.
//
// It is to be stopped before sys is closed, or after; a closed pool is NOT_SERVING.
func Watch(ctx context.Context, server *health.Server, sys *unoactor.System, options ...Option) (stop func()) {
	w := &watch{server: server, interval: defaultInterval}
	for _, o := range options {
		o(w)
	}
	for _, p := range sys.Tree().Pools() {
		if db, err := sys.DB(p.Name()); err == nil { // it is one of its pools
			w.pools = append(w.pools, &pool{name: p.Name(), monitor: unoactor.NewHealthMonitor(db),
				failed: make(chan struct{}, 1), opened: make(chan struct{}, 1)})
		}
	}
	w.allDown()
	ctx, cancel := context.WithCancel(ctx)
	subscriptions := w.subscribe(sys)
	var running sync.WaitGroup
	for _, p := range w.pools {
		running.Go(func() { w.follow(ctx, p) })
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		running.Wait()
		for _, s := range subscriptions {
			s.Close()
		}
		w.allDown()
	}()
	return func() {
		cancel()
		<-over
	}
}

type watch struct {
	server   *health.Server
	interval time.Duration
	overall  string
	pools    []*pool

	mu sync.Mutex // of what is said, pools' serving included
}

type pool struct {
	name    string
	monitor *unoactor.HealthMonitor
	failed  chan struct{} // something happened that a pool which serves may not survive
	opened  chan struct{} // or that may have a pool serve again
	serving bool
}

// rest is how long a pool is left alone between two questions: where one fails
// because of what it caused itself, there is no storm.
const rest = 50 * time.Millisecond

// follow asks a pool how it is, whenever that may have changed. Danger: a question
// opens a connection where a pool is full, so while a pool serves nothing may depend
// on connections being opened, or one question asks for the next.
func (w *watch) follow(ctx context.Context, p *pool) {
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for {
		serving := p.monitor.CheckHealth(ctx).Status != supervisor.Critical
		if ctx.Err() != nil {
			return // the answer is about the context
		}
		w.say(p, serving)
		select {
		case <-time.After(rest):
		case <-ctx.Done():
			return
		}
		event := p.opened
		if serving {
			event = p.failed
		}
		select {
		case <-event:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (w *watch) say(p *pool, serving bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.serving == serving {
		return
	}
	p.serving = serving
	all := true
	for _, p := range w.pools {
		all = all && p.serving
	}
	w.server.SetServingStatus(prefix+p.name, status(serving))
	w.server.SetServingStatus(w.overall, status(all))
}

func (w *watch) allDown() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.pools {
		p.serving = false
		w.server.SetServingStatus(prefix+p.name, status(false))
	}
	w.server.SetServingStatus(w.overall, status(false))
}

func status(serving bool) healthpb.HealthCheckResponse_ServingStatus {
	if serving {
		return healthpb.HealthCheckResponse_SERVING
	}
	return healthpb.HealthCheckResponse_NOT_SERVING
}

// subscribe has pools asked when an event may change the answer.
func (w *watch) subscribe(sys *unoactor.System) []*unoactor.Subscription {
	return []*unoactor.Subscription{
		unoactor.Subscribe(sys, func(e messages.ConnectionError) { w.pool(e.Pool).note(failed) }),
		unoactor.Subscribe(sys, func(e messages.PoolDisposed) { w.pool(e.Pool).note(failed) }),
		unoactor.Subscribe(sys, func(e messages.ConnectionOpened) { w.pool(e.Pool).note(opened) }),
		unoactor.Subscribe(sys, func(e messages.BreakerChanged) {
			for _, p := range w.pools { // some of another node: a question too many
				p.note(e.State != messages.BreakerOpen)
			}
		}),
	}
}

func (w *watch) pool(name string) *pool {
	for _, p := range w.pools {
		if p.name == name {
			return p
		}
	}
	return nil
}

const (
	failed = false
	opened = true
)

// note keeps what happened for follow; once is as good as often.
func (p *pool) note(good bool) {
	if p == nil {
		return
	}
	kept := p.failed
	if good {
		kept = p.opened
	}
	select {
	case kept <- struct{}{}:
	default:
	}
}
