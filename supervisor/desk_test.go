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

	"github.com/unoactor/unoactor/config"
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
	p := pool(t, s)
	if err := p.Pause(t.Context(), supervisor.FailFast); err != nil {
		t.Fatal(err)
	}
	if g, err := ask(s, messages.Checkout{}, time.Minute); err != nil || !errors.Is(g.Err, conn.ErrPaused) || g.Pool != "default" || g.Rule == "" {
		t.Errorf("%+v, %v", g, err)
	}
	p.Resume()
	defer full(t, p)()
	if g, err := ask(s, messages.Checkout{Wait: time.Millisecond}, time.Minute); err != nil || !errors.Is(g.Err, context.DeadlineExceeded) {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestACheckoutThatNobodyCanBeAnsweredIsToldInTheLogAndLeasesNothing(t *testing.T) {
	server, database := testkit.Shared(t)
	log := &bLog{}
	s, p := bStart(t, server, database, supervisor.Options{Log: log.logger()}, func(*config.Node, *config.Pool) {})
	s.Actors().Root.Send(s.Router(), messages.Checkout{})
	if _, err := s.Actors().Root.RequestFuture(s.Router(), messages.AskRoute{}, time.Minute).Result(); err != nil { // it has been looked at
		t.Fatal(err)
	}
	if !log.has("without a sender") {
		t.Error("it is not in the log")
	}
	if p.Leased() != 0 || p.Stats().Waiting != 0 {
		t.Errorf("%+v", p.Stats())
	}
}

func TestEveryAskerIsAnsweredWhenTheSystemClosesMeanwhile(t *testing.T) {
	server, database := testkit.Shared(t)
	var granted, refused, late atomic.Int64
	for range 10 {
		s := system(t, server, database, nil)
		var asking sync.WaitGroup
		begun := make(chan struct{}, 16)
		for range 16 {
			asking.Go(func() {
				for first := true; ; first = false {
					g, err := ask(s, messages.Checkout{}, time.Minute)
					switch {
					case errors.Is(err, actor.ErrDeadLetter): // the router has ended
						late.Add(1)
						return
					case err != nil:
						t.Errorf("not answered: %v", err)
						return
					case errors.Is(g.Err, conn.ErrClosed):
						refused.Add(1)
						return
					case g.Err != nil:
						t.Error(g.Err)
						return
					}
					if first {
						begun <- struct{}{}
					}
					if l, err := s.Claim(g.Ticket); err == nil { // else it was taken back for the close
						granted.Add(1)
						l.Release()
					}
				}
			})
		}
		<-begun
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		asking.Wait()
		if p := pool(t, s); p.Leased() != 0 {
			t.Errorf("%d leases after Close", p.Leased())
		}
	}
	if granted.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d granted, %d refused, %d too late: nothing was raced", granted.Load(), refused.Load(), late.Load())
	}
}

func TestAGrantToAFutureWhoseTimeIsOverGoesBack(t *testing.T) {
	server, database := testkit.Shared(t)
	s := system(t, server, database, nil)
	p := pool(t, s)
	release := full(t, p)
	if _, err := ask(s, messages.Checkout{}, time.Millisecond); !errors.Is(err, actor.ErrTimeout) {
		t.Fatalf("%v", err)
	}
	eventually(t, "its place is in the queue, still", func() bool { return p.Stats().Waiting == 1 })
	release()
	usable(t, p)
}

func TestATicketThatNobodyClaimsExpires(t *testing.T) {
	bBubble(t, &bServer{}, func(*config.Node, *config.Pool) {}, func(t *testing.T, s *supervisor.System, p *supervisor.Pool) {
		g, err := ask(s, messages.Checkout{}, time.Minute)
		if err != nil || g.Err != nil {
			t.Fatalf("%+v, %v", g, err)
		}
		time.Sleep(supervisor.ClaimTime - time.Millisecond) //nolint:forbidigo // in a bubble, this is how time passes
		if p.Leased() != 1 {
			t.Errorf("%d leases while it could be claimed", p.Leased())
		}
		time.Sleep(2 * time.Millisecond) //nolint:forbidigo // in a bubble, this is how time passes
		if p.Leased() != 0 {
			t.Errorf("%d leases after the ticket's time", p.Leased())
		}
		if _, err := s.Claim(g.Ticket); !errors.Is(err, supervisor.ErrNoTicket) {
			t.Errorf("%v", err)
		}
	})
}

func TestALeaseThatWasClaimedDoesNotExpire(t *testing.T) {
	bBubble(t, &bServer{}, func(*config.Node, *config.Pool) {}, func(t *testing.T, s *supervisor.System, _ *supervisor.Pool) {
		g, err := ask(s, messages.Checkout{}, time.Minute)
		if err != nil || g.Err != nil {
			t.Fatalf("%+v, %v", g, err)
		}
		l, err := s.Claim(g.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) //nolint:forbidigo // in a bubble, this is how time passes
		if _, err := l.Backend(); err != nil {
			t.Error(err)
		}
		l.Release()
	})
}

func TestAPlaceInTheQueueIsGivenUpAfterWaitOrTheAcquireTimeout(t *testing.T) {
	const patience = 20 * time.Second
	for wait, want := range map[time.Duration]time.Duration{
		time.Second: time.Second, 0: patience, -1: patience, time.Hour: patience,
	} {
		t.Run(wait.String(), func(t *testing.T) {
			bBubble(t, &bServer{}, func(_ *config.Node, p *config.Pool) { p.AcquireTimeout = patience }, func(t *testing.T, s *supervisor.System, p *supervisor.Pool) {
				defer full(t, p)()
				start := time.Now()
				g, err := ask(s, messages.Checkout{Wait: wait}, 2*time.Hour)
				if err != nil || g.Err == nil || g.Pool != "default" {
					t.Fatalf("%+v, %v", g, err)
				}
				if took := time.Since(start); took < want || took > want+want/10 {
					t.Errorf("refused after %s, want %s: %v", took, want, g.Err)
				}
				if st := p.Stats(); st.Waiting != 0 {
					t.Errorf("%+v", st)
				}
			})
		})
	}
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
				mood, restarted := rand.IntN(7), false
				pid := spawn(s, func(ctx actor.Context) {
					switch m := ctx.Message().(type) {
					case *actor.Started:
						ctx.Request(s.Router(), messages.Checkout{Priority: int8(rand.IntN(3) - 1)})
						if mood == 0 {
							ctx.Stop(ctx.Self())
						}
					case messages.Granted:
						switch {
						case mood == 1:
							ctx.Stop(ctx.Self()) // never claims
							return
						case mood == 5 && !restarted:
							restarted = true
							panic("before it claims")
						}
						l, err := s.Claim(m.Ticket)
						if err != nil {
							t.Error(err)
							return
						}
						if mood == 6 && !restarted {
							restarted = true
							panic("while it has the lease")
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
