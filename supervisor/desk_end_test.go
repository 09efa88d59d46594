package supervisor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// What becomes of the orders and leases of actors that end.

// waitRevoked waits until a lease was revoked.
func waitRevoked(t *testing.T, l conn.Lease) {
	t.Helper()
	eventually(t, "the lease is revoked", func() bool {
		var stale *conn.StaleLeaseError
		_, err := l.Backend()
		return errors.As(err, &stale)
	})
}

// holding spawns an actor that asks for a lease whenever it starts, and claims it. It does
// what it is told by a function.
func holding(t *testing.T, s *supervisor.System, spawn func(*actor.Props) *actor.PID) (asker *actor.PID, leases <-chan conn.Lease) {
	t.Helper()
	claimed := make(chan conn.Lease, 1)
	asker = spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *actor.Started:
			ctx.Request(s.Router(), messages.Checkout{})
		case messages.Granted:
			l, err := s.Claim(m.Ticket)
			if err != nil {
				t.Errorf("%v, %v", m.Err, err)
			}
			claimed <- l
		case func(actor.Context):
			m(ctx)
		}
	}))
	return asker, claimed
}

func TestAnActorThatEndsWhileItWaitsOrBeforeItClaimsLeavesNothing(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	for name, end := range map[string]func(*actor.PID){
		"stopped":  s.Actors().Root.Stop,
		"poisoned": s.Actors().Root.Poison,
		"panics":   func(pid *actor.PID) { s.Actors().Root.Send(pid, "panic") },
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan struct{}, 1)
			asker := func(ctx actor.Context) {
				switch m := ctx.Message().(type) {
				case *actor.Started:
					ctx.Request(s.Router(), messages.Checkout{})
				case *actor.Stopped:
					ended <- struct{}{}
				case string:
					panic(m)
				}
			}
			stopping := actor.NewOneForOneStrategy(0, 0, func(any) actor.Directive { return actor.StopDirective })
			start := func() *actor.PID {
				return s.Actors().Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return behave(asker) }, actor.WithGuardian(stopping)))
			}
			release := full(t, p)
			waiting := start()
			eventually(t, "it waits", func() bool { return p.Stats().Waiting == 1 })
			end(waiting)
			<-ended
			eventually(t, "its place is given up", func() bool { return p.Stats().Waiting == 0 })
			release()
			usable(t, p)
			granted := start()
			eventually(t, "it was granted a lease", func() bool { return p.Leased() == 1 })
			end(granted)
			<-ended
			usable(t, p)
		})
	}
}

func TestALeaseWhoseHolderIsAnActorThatEndsIsRevoked(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	leases := make(chan conn.Lease)
	asker := spawn(s, func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *actor.Started:
			ctx.Request(s.Router(), messages.Checkout{})
		case messages.Granted:
			l, err := s.Claim(m.Ticket)
			if err != nil {
				t.Error(err)
			}
			leases <- l
		}
	})
	l := <-leases
	b, err := l.Backend()
	if err != nil {
		t.Fatal(err)
	}
	running := make(chan error)
	go func() {
		_, err := b.Conn().Exec(context.Background(), "select pg_sleep(100)")
		running <- err
	}()
	s.Actors().Root.Stop(asker)
	if err := <-running; err == nil {
		t.Error("what it ran was not ended")
	}
	waitRevoked(t, l)
	l.Release()
	usable(t, p)
}

// Protoactor restarts an actor that panicked unless its supervisor says otherwise. The
// new incarnation knows nothing of the lease of the last.
func TestALeaseWhoseHolderIsAnActorThatIsRestartedIsRevoked(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	asker, leases := holding(t, s, s.Actors().Root.Spawn)
	first := <-leases
	s.Actors().Root.Send(asker, func(actor.Context) { panic("on purpose") })
	second := <-leases
	waitRevoked(t, first)
	if _, err := second.Backend(); err != nil {
		t.Errorf("the lease of the new incarnation: %v", err)
	}
	s.Actors().Root.Stop(asker)
	waitRevoked(t, second)
	usable(t, p)
}

func TestAnActorThatIsRestartedWhileItWaitsGivesUpItsPlace(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	release := full(t, p)
	restarted := make(chan struct{})
	asker := s.Actors().Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case string:
			ctx.Request(s.Router(), messages.Checkout{})
		case error:
			panic(m)
		case *actor.Restarting:
			close(restarted)
		case messages.Granted:
			t.Errorf("the new incarnation was told: %+v", m)
		}
	}))
	s.Actors().Root.Send(asker, "ask")
	eventually(t, "it waits", func() bool { return p.Stats().Waiting == 1 })
	s.Actors().Root.Send(asker, errors.New("on purpose"))
	<-restarted
	eventually(t, "its place is given up", func() bool { return p.Stats().Waiting == 0 })
	release()
	if err := s.Actors().Root.PoisonFuture(asker).Wait(); err != nil { // it was told all there is
		t.Error(err)
	}
	usable(t, p)
}

func TestAnActorThatResumesAfterAPanicKeepsItsLease(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	asker, leases := holding(t, s, func(props *actor.Props) *actor.PID {
		resume := actor.NewOneForOneStrategy(0, 0, func(any) actor.Directive { return actor.ResumeDirective })
		return s.Actors().Root.Spawn(props.Configure(actor.WithGuardian(resume)))
	})
	l := <-leases
	on := make(chan struct{})
	s.Actors().Root.Send(asker, func(actor.Context) { panic("on purpose") })
	s.Actors().Root.Send(asker, func(actor.Context) { close(on) })
	<-on
	if _, err := l.Backend(); err != nil {
		t.Error(err)
	}
	l.Release()
	s.Actors().Root.Stop(asker)
	usable(t, pool(t, s))
}

// Who ended and who has its name now are not the same: the end of the former may
// become known late.
func TestTheEndOfAnActorIsNotThatOfTheNextOneOfItsName(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	asker, leases := holding(t, s, func(props *actor.Props) *actor.PID {
		pid, err := s.Actors().Root.SpawnNamed(props, "asker")
		if err != nil {
			t.Fatal(err)
		}
		return pid
	})
	l := <-leases
	s.Actors().Root.Send(s.Router(), &actor.Terminated{Who: asker})
	if _, err := s.Actors().Root.RequestFuture(s.Router(), messages.AskRoute{}, time.Minute).Result(); err != nil { // it has been looked at
		t.Fatal(err)
	}
	if n := s.Ordered(asker); n != 1 {
		t.Errorf("%d orders are known of the actor that lives", n)
	}
	s.Actors().Root.Stop(asker)
	waitRevoked(t, l)
	usable(t, pool(t, s))
}

func TestWhatBecameOfOrdersIsNotRememberedForEver(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	const rounds = 50
	for name, leases := range map[string]int{"refused": 4, "released": 0} {
		t.Run(name, func(t *testing.T) {
			for range leases {
				l, err := p.Acquire(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer l.Release()
			}
			m := messages.Checkout{}
			if leases > 0 {
				m.Wait = time.Millisecond
			}
			done := make(chan struct{})
			answers := 0
			asker := spawn(s, func(ctx actor.Context) {
				switch g := ctx.Message().(type) {
				case messages.Granted:
					if (g.Err == nil) != (leases == 0) {
						t.Errorf("%+v", g)
					}
					if l, err := s.Claim(g.Ticket); err == nil {
						l.Release()
					}
					if answers++; answers == rounds {
						close(done)
						return
					}
				case *actor.Started:
				default:
					return
				}
				ctx.Request(s.Router(), m)
			})
			<-done
			if n := s.Ordered(asker); n > 2 {
				t.Errorf("%d orders are remembered of %d, one after the other", n, rounds)
			}
			s.Actors().Root.Stop(asker)
			eventually(t, "nothing is remembered of an actor that ended", func() bool { return s.Ordered(asker) == 0 })
		})
	}
}
