package supervisor_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// hosted starts a tree in a host's actor system.
func hosted(t *testing.T, host *actor.ActorSystem, server *testkit.Server, database string) *supervisor.System {
	t.Helper()
	s, err := supervisor.Start(config.Topology{
		Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Database: database}},
		Pools: []config.Pool{{Name: "default", Node: "main", Size: 2}},
	}, supervisor.Options{Actors: host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) }) // what it says is looked at by the test
	return s
}

// lend asks for a lease and gives it back.
func lend(t *testing.T, s *supervisor.System) {
	t.Helper()
	g, err := ask(s, messages.Checkout{}, 5*time.Second)
	if err != nil || g.Err != nil {
		t.Fatalf("%+v, %v", g, err)
	}
	l, err := s.Claim(g.Ticket)
	if err != nil {
		t.Fatal(err)
	}
	l.Release()
}

func TestTwoTreesLiveSideBySideInAHostsActorSystemWhichOutlivesThem(t *testing.T) {
	server, database := testkit.Shared(t)
	host := actor.NewActorSystem(actor.WithDeadLetterThrottleInterval(50 * time.Millisecond))
	defer host.Shutdown()
	one, other := hosted(t, host, server, database), hosted(t, host, server, database)

	var heard atomic.Int64
	told := one.Subscribe(func(e messages.Event) {
		if _, itself := e.(messages.PoolCreated); !itself { // nothing else happens in that tree
			heard.Add(1)
		}
	}, supervisor.Wish{})
	lend(t, other)
	told.Close()
	if n := heard.Load(); n > 0 {
		t.Errorf("the subscriber of one tree was told %d events of the other", n)
	}
	lend(t, one)

	g, err := ask(one, messages.Checkout{}, 5*time.Second)
	if err != nil || g.Err != nil {
		t.Fatalf("%+v, %v", g, err)
	}
	if _, err := other.Claim(g.Ticket); !errors.Is(err, supervisor.ErrNoTicket) {
		t.Errorf("a ticket of the other tree: %v", err)
	}
	if err := one.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := ask(one, messages.Checkout{}, time.Minute); !errors.Is(err, actor.ErrDeadLetter) {
		t.Errorf("a closed tree was asked: %v", err)
	}
	lend(t, other)
	usable(t, pool(t, other))
	if err := other.Close(t.Context()); err != nil {
		t.Error(err)
	}

	answer := make(chan struct{})
	host.Root.Send(host.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if ctx.Message() == "still there?" {
			close(answer)
		}
	})), "still there?")
	<-answer
}
