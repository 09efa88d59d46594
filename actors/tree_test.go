package actors_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
)

// system is an actor system of the test's own.
func system(t *testing.T, log hclog.Logger) *actor.ActorSystem {
	t.Helper()
	s := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return actors.SlogTo(log) }))
	t.Cleanup(s.Shutdown)
	return s
}

func stop(t *testing.T, s *actor.ActorSystem, pids ...*actor.PID) {
	t.Helper()
	for _, pid := range pids {
		if err := s.Root.StopFuture(pid).Wait(); err != nil {
			t.Error(err)
		}
	}
}

// dialer is a connection that does what it is told: it asks for leave at once,
// and reports what happens to it.
type dialer struct {
	node    *actor.PID
	permits chan<- *dialer
}

type dialEnds messages.DialEnded

func (d *dialer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Request(d.node, messages.AskDial{})
	case messages.DialPermit:
		d.permits <- d
	case dialEnds:
		ctx.Request(d.node, messages.DialEnded(m))
	}
}

// settings are those of a node that keeps them.
func settings(n config.Node) *atomic.Pointer[config.Node] {
	var p atomic.Pointer[config.Node]
	p.Store(&n)
	return &p
}

// idle is a node that nobody waits for.
func idle() bool { return false }

func TestWhileANodeIsDownOneDialsAtATimeAfterABackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := system(t, hclog.NewNullLogger())
		var view atomic.Pointer[actors.NodeView]
		n := config.Node{Name: "n", BackoffMin: 100 * time.Millisecond, BackoffMax: time.Second}
		node := s.Root.Spawn(actor.PropsFromProducer(func() actor.Actor {
			return actors.NewNode(settings(n), hclog.NewNullLogger(), &view, idle, func(actors.NodeView) {})
		}))
		permits := make(chan *dialer, 100)
		byDialer := make(map[*dialer]*actor.PID)
		var all []*actor.PID
		for range 23 {
			d := &dialer{node: node, permits: permits}
			pid := s.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return d }))
			byDialer[d] = pid
			all = append(all, pid)
		}
		synctest.Wait()
		if len(permits) != 16 {
			t.Fatalf("%d may dial at once while the node is up", len(permits))
		}
		end := func(cause messages.Cause) {
			s.Root.Send(byDialer[<-permits], dialEnds{Cause: cause, Err: errors.New("refused")})
			synctest.Wait()
		}
		for range 16 {
			end(messages.Refused)
		}
		if v := view.Load(); v.Up || v.Failures != 1 || v.Cause != messages.Refused || v.Queued != 7 || v.Dialing != 0 {
			t.Fatalf("%+v", v)
		}
		if len(permits) != 0 {
			t.Fatal("one may dial at once, though the node has just refused")
		}
		for _, longest := range []time.Duration{100, 200, 400, 800, 1000} {
			longest *= time.Millisecond
			began := time.Now()
			d := <-permits
			if wait := time.Since(began); wait < longest/2 || wait > longest {
				t.Errorf("the next attempt came after %v, want %v to %v", wait, longest/2, longest)
			}
			synctest.Wait()
			if len(permits) != 0 {
				t.Fatal("two dial while the node is down")
			}
			s.Root.Send(byDialer[d], dialEnds{Cause: messages.Refused})
			synctest.Wait()
		}
		d := <-permits
		s.Root.Send(byDialer[d], dialEnds{Cause: messages.Connected})
		synctest.Wait()
		if v := view.Load(); !v.Up || v.Err != nil || len(permits) != 1 {
			t.Errorf("after it answered: %+v, %d may dial", v, len(permits))
		}
		// One that gives up in the queue or with the permit makes room.
		s.Root.Send(byDialer[<-permits], dialEnds{})
		synctest.Wait()
		if v := view.Load(); v.Dialing != 0 || v.Queued != 0 {
			t.Errorf("%+v", v)
		}
		stop(t, s, append(all, node)...)
	})
}

func TestADeniedUserDoesNotTakeTheNodeDown(t *testing.T) {
	s := system(t, hclog.NewNullLogger())
	var view atomic.Pointer[actors.NodeView]
	n := config.Node{Name: "n", BackoffMin: time.Hour, BackoffMax: time.Hour}
	node := s.Root.Spawn(actor.PropsFromProducer(func() actor.Actor {
		return actors.NewNode(settings(n), hclog.NewNullLogger(), &view, idle, func(actors.NodeView) {})
	}))
	permits := make(chan *dialer, 2)
	first := s.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &dialer{node: node, permits: permits} }))
	<-permits
	s.Root.Send(first, dialEnds{Cause: messages.Denied})
	second := s.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &dialer{node: node, permits: permits} }))
	<-permits
	if !view.Load().Up {
		t.Error("the node counts as down")
	}
	stop(t, s, first, second, node)
}

func TestTheRouterAnswersWhoAsks(t *testing.T) {
	s := system(t, hclog.NewNullLogger())
	var table atomic.Pointer[routing.Table]
	table.Store(routing.NewTable(config.Topology{Pools: []config.Pool{{Name: "default"}, {Name: "analytics"}}}))
	router := s.Root.Spawn(actor.PropsFromProducer(func() actor.Actor {
		return actors.NewRouter(&table, nil, func(messages.Event) {}, hclog.NewNullLogger())
	}))
	for database, want := range map[string]string{"analytics": "analytics", "": "default", "nowhere": ""} {
		answer, err := s.Root.RequestFuture(router, messages.AskRoute{Database: database}, 5*time.Second).Result()
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.(messages.Routed); got.Pool != want || (got.Err == nil) != (want != "") {
			t.Errorf("%q: %+v", database, got)
		}
	}
	stop(t, s, router)
}

// output is a log that actors write.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func TestAPanicIsLoggedWithItsStackBeforeTheSupervisorDecides(t *testing.T) {
	var out output
	log := hclog.New(&hclog.LoggerOptions{Output: &out, Level: hclog.Trace})
	s := system(t, log)
	started := make(chan struct{}, 2)
	props := actors.Guard(log, func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch ctx.Message().(type) {
			case *actor.Started:
				started <- struct{}{}
			case string:
				panic("on purpose")
			}
		})
	})
	pid := s.Root.Spawn(props)
	s.Root.Send(pid, "panic")
	<-started
	<-started // again, by protoactor's own supervisor
	stop(t, s, pid)
	if got := out.String(); !strings.Contains(got, "on purpose") || !strings.Contains(got, "tree_test.go") {
		t.Errorf("the log has no stack:\n%s", got)
	}
}

func TestProtoactorsLogGoesToHclogOneLevelLower(t *testing.T) {
	var out output
	log := hclog.New(&hclog.LoggerOptions{Output: &out, Level: hclog.Debug})
	l := actors.SlogTo(log).With("system", "x").WithGroup("g")
	l.Info("told", "key", 1)
	l.Debug("not told")
	l.Warn("warned")
	got := out.String()
	for _, want := range []string{"[DEBUG] told: system=x g.key=1", "[WARN]  warned"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "not told") {
		t.Error("a level that is off was logged")
	}
}

func TestAMessageToWhoHasEndedLeavesNoGoroutine(t *testing.T) {
	s := system(t, hclog.NewNullLogger())
	pid := s.Root.Spawn(actor.PropsFromFunc(func(actor.Context) {}))
	stop(t, s, pid)
	ref := actors.RefTo[messages.ToPool](s, pid)
	for range 100 {
		ref.Tell(messages.Reconcile{})
	}
	actors.Ref[messages.ToPool]{}.Tell(messages.Reconcile{}) // a reference to nobody
}
