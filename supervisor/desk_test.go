package supervisor_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// behave is an actor made of a function.
type behave func(actor.Context)

func (b behave) Receive(ctx actor.Context) { b(ctx) }

func spawn(s *supervisor.System, b behave) *actor.PID {
	return s.Actors().Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return b }))
}

// ask is a Checkout by way of a future.
func ask(s *supervisor.System, m messages.Checkout, patience time.Duration) (messages.Granted, error) {
	answer, err := s.Actors().Root.RequestFuture(s.Router(), m, patience).Result()
	if err != nil {
		return messages.Granted{}, err
	}
	return answer.(messages.Granted), nil
}

// full leases all that a pool has.
func full(t *testing.T, p *supervisor.Pool) (release func()) {
	t.Helper()
	var leases []conn.Lease
	for range p.Config().Size {
		l, err := p.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leases = append(leases, l)
	}
	return func() {
		for _, l := range leases {
			l.Release()
		}
	}
}

func usable(t *testing.T, p *supervisor.Pool) {
	t.Helper()
	testkit.CheckNoLeases(t, p)
	full(t, p)()
}

func TestAnActorAsksForALeaseAndClaimsIt(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	leases := make(chan conn.Lease)
	tickets := make(chan messages.Ticket, 1)
	asker := spawn(s, func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *actor.Started:
			ctx.Request(s.Router(), messages.Checkout{Database: "default"})
		case messages.Granted:
			if m.Err != nil || m.Pool != "default" || m.Rule == "" {
				t.Errorf("%+v", m)
			}
			l, err := s.Claim(m.Ticket)
			if err != nil {
				t.Error(err)
			}
			tickets <- m.Ticket
			leases <- l
		}
	})
	l := <-leases
	b, err := l.Backend()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Conn().Exec(t.Context(), "select 1"); err != nil {
		t.Error(err)
	}
	if _, err := s.Claim(<-tickets); !errors.Is(err, supervisor.ErrNoTicket) {
		t.Errorf("claimed twice: %v", err)
	}
	l.Release()
	s.Actors().Root.Stop(asker)
	usable(t, p)
}

func TestWhatCanNotBeGrantedIsAnsweredWithItsReason(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	var none *routing.NoRouteError
	if g, err := ask(s, messages.Checkout{Database: "nowhere"}, 5*time.Second); err != nil || !errors.As(g.Err, &none) {
		t.Errorf("%+v, %v", g, err)
	}
	defer full(t, pool(t, s))()
	if g, err := ask(s, messages.Checkout{Wait: time.Millisecond}, 5*time.Second); err != nil || !errors.Is(g.Err, context.DeadlineExceeded) {
		t.Errorf("%+v, %v", g, err)
	}
	s.Actors().Root.Send(s.Router(), messages.Checkout{}) // without a sender: told in the log
}

func TestAGrantToAFutureWhoseTimeIsOverGoesBack(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	release := full(t, p)
	if _, err := ask(s, messages.Checkout{}, time.Millisecond); !errors.Is(err, actor.ErrTimeout) {
		t.Fatalf("%v", err)
	}
	for p.Stats().Waiting == 0 { // its place is still in the queue
	}
	release()
	usable(t, p)
}

func TestATicketThatNobodyClaimsExpires(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	g, err := ask(s, messages.Checkout{}, 5*time.Second)
	if err != nil || g.Err != nil {
		t.Fatalf("%+v, %v", g, err)
	}
	if p.Leased() != 1 {
		t.Errorf("%d leases", p.Leased())
	}
	for p.Leased() > 0 { // for ClaimTime
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // there is no event to wait for: the lease is nobody's
	}
	if _, err := s.Claim(g.Ticket); !errors.Is(err, supervisor.ErrNoTicket) {
		t.Errorf("%v", err)
	}
	usable(t, p)
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
			for p.Stats().Waiting == 0 {
			}
			end(waiting)
			<-ended
			for p.Stats().Waiting > 0 {
			}
			release()
			usable(t, p)
			granted := start()
			for p.Leased() == 0 {
			}
			end(granted)
			<-ended
			usable(t, p)
		})
	}
}

func TestALeaseWhoseHolderIsAnActorThatEndsIsWithdrawn(t *testing.T) {
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
	var stale *conn.StaleLeaseError
	for { // the fence comes after the cancel
		if _, err := l.Backend(); errors.As(err, &stale) {
			break
		}
	}
	l.Release()
	usable(t, p)
}

func TestManyActorsThatDieAtAnyMomentLoseNothing(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	var wait sync.WaitGroup
	var served atomic.Int64
	for range 64 {
		wait.Go(func() {
			for range 10 {
				ended := make(chan struct{})
				mood := rand.IntN(5)
				pid := spawn(s, func(ctx actor.Context) {
					switch m := ctx.Message().(type) {
					case *actor.Started:
						ctx.Request(s.Router(), messages.Checkout{Priority: int8(rand.IntN(3) - 1)})
						if mood == 0 {
							ctx.Stop(ctx.Self())
						}
					case messages.Granted:
						if mood == 1 {
							ctx.Stop(ctx.Self()) // never claims
							return
						}
						l, err := s.Claim(m.Ticket)
						if err != nil {
							t.Error(err)
							return
						}
						if mood != 2 { // else it dies with it
							l.Release()
							served.Add(1)
						}
						ctx.Stop(ctx.Self())
					case *actor.Stopped:
						close(ended)
					}
				})
				if mood == 3 {
					s.Actors().Root.Stop(pid)
				}
				<-ended
			}
		})
	}
	for range 16 {
		wait.Go(func() {
			for range 20 {
				g, err := ask(s, messages.Checkout{}, time.Duration(rand.IntN(3000))*time.Microsecond)
				if err != nil || g.Err != nil {
					continue
				}
				if l, err := s.Claim(g.Ticket); err == nil {
					l.Release()
					served.Add(1)
				}
			}
		})
	}
	wait.Wait()
	if served.Load() == 0 {
		t.Error("nobody was served")
	}
	usable(t, p)
}
