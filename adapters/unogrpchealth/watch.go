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
// five seconds. Each question is a round trip to the server. What is not above 0 changes
// nothing.
func Every(interval time.Duration) Option {
	return func(w *watch) {
		if interval > 0 {
			w.interval = interval
		}
	}
}

// Overall names the service that stands for all pools, "" unless set: where the
// whole server depends on more than its databases, "" is for others to say.
func Overall(service string) Option { return func(w *watch) { w.overall = service } }

// Watch keeps server told of the pools of sys until ctx ends or stop is called; stop
// returns when nothing of it runs any more, and may be called several times. Until
// the first answers, which Watch does not wait for, and from its end on, everything
// is NOT_SERVING: nobody knows better. A pool that is added while sys runs counts from
// its first answer; one that is removed is NOT_SERVING, and counts no more.
//
// It is to be stopped before sys is closed, or after; a closed pool is NOT_SERVING. It
// panics if it is given no server or no system.
func Watch(ctx context.Context, server *health.Server, sys *unoactor.System, options ...Option) (stop func()) {
	if server == nil || sys == nil {
		panic("unogrpchealth: Watch wants a health server and a system, and one of them is nil")
	}
	w := &watch{server: server, system: sys, interval: defaultInterval, changed: make(chan struct{}, 1)}
	for _, o := range options {
		if o != nil {
			o(w)
		}
	}
	w.find(true)
	w.allDown()
	ctx, cancel := context.WithCancel(ctx)
	subscriptions := w.subscribe(sys)
	w.running.Go(func() { w.keepUp(ctx) })
	over := make(chan struct{})
	go func() {
		defer close(over)
		w.running.Wait()
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
	system   *unoactor.System
	interval time.Duration
	overall  string
	changed  chan struct{} // a pool may have come or gone
	running  sync.WaitGroup

	mu    sync.Mutex // of what is said, pools' serving included
	pools []*pool
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
		if !w.listed(p) {
			w.look()
			return
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
	if p.counts && p.serving == serving {
		return
	}
	p.serving, p.counts = serving, true
	w.server.SetServingStatus(prefix+p.name, status(serving))
	w.sayOverall()
}

// sayOverall says how the whole is. Who calls it has the lock.
func (w *watch) sayOverall() {
	all := true
	for _, p := range w.pools {
		all = all && (p.serving || !p.counts)
	}
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
		unoactor.Subscribe(sys, func(messages.PoolCreated) { w.look() }),
		unoactor.Subscribe(sys, func(e messages.ConnectionError) { w.note(e.Pool, failed) }),
		unoactor.Subscribe(sys, func(e messages.PoolDisposed) {
			w.look()
			w.note(e.Pool, failed)
		}),
		unoactor.Subscribe(sys, func(e messages.ConnectionOpened) { w.note(e.Pool, opened) }),
		unoactor.Subscribe(sys, func(e messages.BreakerChanged) {
			for _, p := range w.known() { // some of another node: a question too many
				p.note(e.State != messages.BreakerOpen)
			}
		}),
	}
}

// note tells the pool of a name what happened.
func (w *watch) note(name string, good bool) {
	found := false
	for _, p := range w.known() {
		if p.name == name {
			found = true
			p.note(good)
		}
	}
	if !found {
		w.look() // it was added
	}
}
