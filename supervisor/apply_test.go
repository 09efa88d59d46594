package supervisor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// unused is a topology whose pools connect to nothing until somebody asks.
func unused(t *testing.T, source string) config.Topology {
	t.Helper()
	top, err := config.Parse([]byte(source), "t.hcl")
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func started(t *testing.T, top config.Topology) *supervisor.System {
	t.Helper()
	s, err := supervisor.Start(top, supervisor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

const withGateway = `
node "main" {}
pool "default" { node = node.main }
gateway {
  auth   = "trust"
  listen = "127.0.0.1:1"
}
`

func TestWhatIsRefusedIsNamedAndNothingChanges(t *testing.T) {
	s := started(t, unused(t, withGateway))
	_, err := s.Apply(t.Context(), unused(t, `
node "main" {}
pool "default" {
  node = node.main
  size = 3
}
pool "more" { node = node.main }
gateway {
  auth   = "trust"
  listen = "127.0.0.1:2"
}
log { format = "json" }
`))
	const want = `t.hcl:10: error: listen of gateway: a running system can't change it
      = start a new process for it, or write it as it was: ["127.0.0.1:1"]
t.hcl:12: error: format of log: a running system can't change it
      = start a new process for it, or write it as it was: "text"
2 errors`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if d := config.Compare(unused(t, withGateway), s.Topology()); !d.Empty() || len(s.Pools()) != 1 {
		t.Errorf("it changed\n%v", d)
	}
	applied, err := s.Apply(t.Context(), unused(t, strings.Replace(withGateway, "auth ", "max_clients = 7\n  auth ", 1)))
	if err != nil || applied.Delta.Gateway == nil || s.Topology().Gateway.MaxClients != 7 {
		t.Errorf("what the gateway takes up: %+v, %v", applied, err)
	}
}

// An actor that can't be started is the one thing that fails after the first step.
func TestWhatWasStartedIsStoppedWhenTheNextCanNotBe(t *testing.T) {
	s := started(t, unused(t, withGateway))
	taken := &actor.PID{Address: s.Actors().Address(), Id: "system/pool-second"}
	if _, absent := s.Actors().ProcessRegistry.Add(nobody{}, taken.Id); !absent {
		t.Fatal("the name is taken already")
	}
	events := make(chan messages.Event, 10)
	sub := s.Subscribe(func(e messages.Event) {
		switch e := e.(type) {
		case messages.PoolCreated:
			if e.Pool == "first" {
				events <- e
			}
		case messages.PoolDisposed:
			if e.Pool == "first" {
				events <- e
			}
		}
	}, supervisor.Wish{NoLeases: true})
	defer sub.Close()
	more := unused(t, withGateway+`
node "other" {}
pool "first" { node = node.other }
pool "second" { node = node.other }
`)
	if _, err := s.Apply(t.Context(), more); err == nil || !strings.Contains(err.Error(), "start pool-second: ") {
		t.Fatal(err)
	}
	if e := <-events; !created(e) {
		t.Errorf("first %+v", e)
	}
	if e := <-events; created(e) {
		t.Errorf("then %+v", e)
	}
	if d := config.Compare(unused(t, withGateway), s.Topology()); !d.Empty() || len(s.Pools()) != 1 || len(s.Snapshot().Nodes) != 1 {
		t.Errorf("it changed\n%v", d)
	}
	s.Actors().ProcessRegistry.Remove(taken)
	if _, err := s.Apply(t.Context(), more); err != nil || len(s.Pools()) != 3 {
		t.Errorf("the next attempt: %v", err)
	}
}

func created(e messages.Event) bool {
	_, is := e.(messages.PoolCreated)
	return is
}

type nobody struct{}

func (nobody) SendUserMessage(*actor.PID, any)   {}
func (nobody) SendSystemMessage(*actor.PID, any) {}
func (nobody) Stop(*actor.PID)                   {}

// A rotation waits for the server; what is applied meanwhile does not wait for the rotation.
func TestARotationEndsWhenThePoolIsSetUpAnew(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	s := system(t, server, database, func(n *config.Node, _ *config.Pool) { n.Port = uint16(proxy.Port()) })
	p := pool(t, s)
	proxy.Hang()
	rotated := make(chan error, 1)
	go func() { rotated <- p.Rotate(t.Context(), "", "another") }()
	eventually(t, "the rotation is tried", func() bool { return s.Snapshot().Nodes[0].Dialing == 1 })
	next := s.Topology()
	next.Nodes[0].Port = uint16(server.Port())
	applied, err := s.Apply(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-rotated; !errors.Is(err, supervisor.ErrRotation) || !strings.Contains(err.Error(), "other settings meanwhile") {
		t.Errorf("the rotation says %v", err)
	}
	if _, err := query(t.Context(), p, "select 1"); err != nil {
		t.Error(err)
	}
	proxy.Reset()
	if err := applied.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if p.Config().Password == "another" {
		t.Error("what was not proven was taken up")
	}
}

// The old server's generation says nothing of the new one, and what was seen of its role neither.
func TestAPoolThatMovesLearnsWhetherItMayWrite(t *testing.T) {
	server, database := testkit.Shared(t)
	if err := server.Exec(t.Context(), "", "alter database "+database+" set default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	s := system(t, server, database, func(_ *config.Node, p *config.Pool) { p.MinIdle = 1 })
	p := pool(t, s)
	eventually(t, "the server is seen to take no writes", func() bool { return p.Snapshot().ReadOnly })
	next := s.Topology()
	writable := next.Nodes[0]
	writable.Name, writable.Database = "writable", "postgres"
	next.Nodes = append(next.Nodes, writable)
	next.Pools[0].Node, next.Pools[0].Database = "writable", "postgres"
	applied, err := s.Apply(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	if err := applied.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	eventually(t, "the other takes writes", func() bool { return !p.Snapshot().ReadOnly })
}

// A node is there until the last pool that was removed from it is closed, whichever change that
// was removed by.
func TestANodeOutlivesThePoolsThatLeaveIt(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	full := s.Topology()
	node := full.Nodes[0]
	node.Name = "other"
	full.Nodes = append(full.Nodes, node)
	for _, name := range []string{"slow", "quick"} {
		full.Pools = append(full.Pools, config.Pool{Name: name, Node: "other", DrainTimeout: time.Minute})
	}
	change := func(pools int, nodes int) *supervisor.Applied {
		t.Helper()
		next := full.Clone()
		next.Pools, next.Nodes = next.Pools[:pools], next.Nodes[:nodes]
		applied, err := s.Apply(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		return applied
	}
	runs := func() bool {
		_, there := s.Actors().ProcessRegistry.Get(&actor.PID{Address: s.Actors().Address(), Id: "system/node-other"})
		return there
	}
	full.Pools[1], full.Pools[2] = full.Pools[2], full.Pools[1] // slow is the last
	change(3, 2)
	slow, err := s.Pool("slow")
	if err != nil {
		t.Fatal(err)
	}
	held, err := slow.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := change(2, 2)
	if err := change(1, 1).Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if !runs() || len(s.Snapshot().Nodes) != 1 {
		t.Errorf("the node runs: %v; there are %d", runs(), len(s.Snapshot().Nodes))
	}
	if err := s.Add(t.Context(), config.Topology{Pools: []config.Pool{{Name: "quick", Node: "main"}}}); err != nil {
		t.Errorf("one that is closed is added again: %v", err)
	}
	if err := s.Add(t.Context(), config.Topology{Pools: []config.Pool{{Name: "slow", Node: "main"}}}); err == nil || !strings.Contains(err.Error(), "still being removed") {
		t.Errorf("one that is not: %v", err)
	}
	held.Release()
	if err := first.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	eventually(t, "the node is stopped", func() bool { return !runs() })
}
