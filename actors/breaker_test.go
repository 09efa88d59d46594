package actors_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// probe drives a node with attempts that end as it is told, one after the other.
type probe struct {
	t       *testing.T
	system  *actor.ActorSystem
	log     *output
	node    *actor.PID
	view    atomic.Pointer[actors.NodeView]
	waits   atomic.Bool             // somebody does
	turns   []messages.BreakerState // as they were told
	permits chan *dialer
	spawned []*actor.PID
}

func newProbe(t *testing.T, b config.Breaker) *probe { return newProbeOf(t, b, time.Millisecond) }

// newProbeOf is newProbe of a node that waits for backoff after each failure.
func newProbeOf(t *testing.T, b config.Breaker, backoff time.Duration) *probe {
	p := &probe{t: t, system: system(t, hclog.NewNullLogger()), log: &output{}, permits: make(chan *dialer, 100)}
	log := hclog.New(&hclog.LoggerOptions{Output: p.log, Level: hclog.Trace})
	n := config.Node{Name: "n", BackoffMin: backoff, BackoffMax: backoff, Breaker: b}
	changed := func(v actors.NodeView) {
		if len(p.turns) == 0 || p.turns[len(p.turns)-1] != v.Breaker {
			p.turns = append(p.turns, v.Breaker)
		}
	}
	p.node = p.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return actors.NewNode(settings(n), log, &p.view, p.waits.Load, changed) }))
	return p
}

// ask makes a connection ask for a permit.
func (p *probe) ask() *actor.PID {
	pid := p.system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &dialer{node: p.node, permits: p.permits} }))
	p.spawned = append(p.spawned, pid)
	synctest.Wait()
	return pid
}

// attempt dials, when that is allowed, and ends as cause says.
func (p *probe) attempt(cause messages.Cause) {
	pid := p.ask()
	<-p.permits
	p.ends(pid, cause)
}

// ends ends an attempt that was permitted.
func (p *probe) ends(pid *actor.PID, cause messages.Cause) {
	p.system.Root.Send(pid, dialEnds{Cause: cause, Err: errors.New("on purpose")})
	synctest.Wait()
}

func (p *probe) is(want messages.BreakerState) {
	p.t.Helper()
	if got := p.view.Load().Breaker; got != want {
		p.t.Errorf("the breaker is %v, want %v", got, want)
	}
}

func (p *probe) end() { stop(p.t, p.system, append(p.spawned, p.node)...) }

func TestABreakerOpensAfterItsThresholdAndOneProbeDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, config.Breaker{FailureThreshold: 3, TripTimeout: time.Minute, ResetTimeout: 30 * time.Second})
		defer p.end()
		p.attempt(messages.Refused)
		p.attempt(messages.Refused)
		p.is(messages.BreakerClosed)
		p.attempt(messages.Refused)
		p.is(messages.BreakerOpen)
		opened := time.Now()
		if next := p.view.Load().Next; next.Sub(opened) > 30*time.Second || next.Sub(opened) < 29*time.Second {
			t.Errorf("the next attempt is in %v", next.Sub(opened))
		}
		waits := p.ask()
		if len(p.permits) != 0 {
			t.Fatal("somebody may dial while it is open")
		}
		<-p.permits
		if since := time.Since(opened); since < 30*time.Second || since > 31*time.Second {
			t.Errorf("the probe came after %v", since)
		}
		synctest.Wait()
		p.is(messages.BreakerHalfOpen)
		p.ask()
		if len(p.permits) != 0 {
			t.Error("two probe")
		}
		p.system.Root.Send(waits, dialEnds{Cause: messages.Refused})
		synctest.Wait()
		p.is(messages.BreakerOpen)
		<-p.permits // the one that asked meanwhile
		synctest.Wait()
		p.is(messages.BreakerHalfOpen)
		p.system.Root.Send(p.spawned[len(p.spawned)-1], dialEnds{Cause: messages.Connected})
		synctest.Wait()
		p.is(messages.BreakerClosed)
		want := []messages.BreakerState{messages.BreakerClosed, messages.BreakerOpen, messages.BreakerHalfOpen,
			messages.BreakerOpen, messages.BreakerHalfOpen, messages.BreakerClosed}
		if !slices.Equal(p.turns, want) {
			t.Errorf("told of %v, want %v", p.turns, want)
		}
	})
}

func TestABreakerHalfOpensByItselfSoThatWhoComesNextWaitsForTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, config.Breaker{FailureThreshold: 1, TripTimeout: time.Minute, ResetTimeout: 30 * time.Second})
		defer p.end()
		p.attempt(messages.Refused)
		p.is(messages.BreakerOpen)
		time.Sleep(31 * time.Second) //nolint:forbidigo // in a bubble, this is how time passes
		synctest.Wait()
		p.is(messages.BreakerHalfOpen)
	})
}

func TestWhatDoesNotOpenABreaker(t *testing.T) {
	for name, c := range map[string]struct {
		breaker config.Breaker
		cause   messages.Cause
		pause   time.Duration
	}{
		"there is none":                       {config.Breaker{}, messages.Refused, 0},
		"failures too far apart":              {config.Breaker{FailureThreshold: 3, TripTimeout: time.Minute, ResetTimeout: time.Second}, messages.Refused, 40 * time.Second},
		"a server that is full answers":       {config.Breaker{FailureThreshold: 2, TripTimeout: time.Minute, ResetTimeout: time.Second}, messages.Crowded, 0},
		"a server that denies a user answers": {config.Breaker{FailureThreshold: 2, TripTimeout: time.Minute, ResetTimeout: time.Second}, messages.Denied, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProbe(t, c.breaker)
				defer p.end()
				for range 10 {
					p.attempt(c.cause)
					p.is(messages.BreakerClosed)
					time.Sleep(c.pause) //nolint:forbidigo // in a bubble, this is how time passes
				}
			})
		})
	}
}

func TestNobodyTriesBeforeBothTheBackoffAndTheBreakerAllowIt(t *testing.T) {
	for name, c := range map[string]struct{ backoff, reset time.Duration }{
		"a backoff that is longer": {time.Hour, time.Second},
		"a breaker that is longer": {time.Second, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProbeOf(t, config.Breaker{FailureThreshold: 1, TripTimeout: time.Minute, ResetTimeout: c.reset}, c.backoff)
				defer p.end()
				p.attempt(messages.Refused)
				p.is(messages.BreakerOpen)
				next := p.view.Load().Next
				if time.Until(next) < 30*time.Minute {
					t.Errorf("the next attempt is said to be in %v", time.Until(next))
				}
				p.ask()
				<-p.permits
				if late := time.Since(next); late < 0 || late > time.Second {
					t.Errorf("it came %v after it was said to", late)
				}
			})
		})
	}
}

func TestAServerThatAnswersTheProbeClosesTheBreakerWhateverItSays(t *testing.T) {
	for _, cause := range []messages.Cause{messages.Connected, messages.Crowded, messages.Denied, messages.HookFailed} {
		t.Run(cause.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProbe(t, config.Breaker{FailureThreshold: 1, TripTimeout: time.Minute, ResetTimeout: time.Second})
				defer p.end()
				p.attempt(messages.Refused)
				p.is(messages.BreakerOpen)
				p.attempt(cause)
				p.is(messages.BreakerClosed)
			})
		})
	}
}

func TestAnAnswerToAnAttemptThatBeganEarlierClosesTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, config.Breaker{FailureThreshold: 1, TripTimeout: time.Minute, ResetTimeout: time.Second})
		defer p.end()
		slow, fast := p.ask(), p.ask()
		<-p.permits
		<-p.permits
		p.ends(fast, messages.Refused)
		p.is(messages.BreakerOpen)
		p.ends(slow, messages.Connected)
		p.is(messages.BreakerClosed)
		if !p.view.Load().Up {
			t.Error("the node counts as down")
		}
	})
}

func TestAProbeThatIsGivenUpLeavesItToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, config.Breaker{FailureThreshold: 1, TripTimeout: time.Minute, ResetTimeout: time.Second})
		defer p.end()
		p.attempt(messages.Refused)
		p.attempt(messages.None)
		p.is(messages.BreakerHalfOpen)
		p.attempt(messages.Connected)
		p.is(messages.BreakerClosed)
	})
}

func TestABreakerThatOpensIsWarnedOfWithItsCauseAndOneThatTurnsBackIsNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, config.Breaker{FailureThreshold: 1, TripTimeout: time.Minute, ResetTimeout: time.Second})
		defer p.end()
		p.attempt(messages.Refused)
		next := p.view.Load().Next.Format("2006-01-02 15:04:05")
		p.attempt(messages.Connected)
		got := p.log.String()
		for _, want := range []string{
			"[WARN]  breaker opened: node=n cause=refused error=\"on purpose\" next=\"" + next,
			"[INFO]  breaker half-opened: node=n", "[INFO]  breaker closed: node=n",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%q is not in:\n%s", want, got)
			}
		}
	})
}

func TestAttemptsThatFailTogetherAreOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbeOf(t, config.Breaker{FailureThreshold: 3, TripTimeout: time.Minute, ResetTimeout: time.Second}, time.Second)
		defer p.end()
		var all []*actor.PID
		for range 16 {
			all = append(all, p.ask())
			<-p.permits
		}
		for _, pid := range all[:8] {
			p.ends(pid, messages.Refused)
		}
		time.Sleep(2 * time.Second) //nolint:forbidigo // in a bubble, this is how time passes
		for _, pid := range all[8:15] {
			p.ends(pid, messages.Refused) // later, but of what was under way when the first failed
		}
		if v := p.view.Load(); v.Failures != 1 || v.Breaker != messages.BreakerClosed || v.Up {
			t.Errorf("%+v", v)
		}
		p.attempt(messages.Refused) // though one of the former is still under way
		if v := p.view.Load(); v.Failures != 2 {
			t.Errorf("an attempt that began afterwards is not counted: %+v", v)
		}
		p.ends(all[15], messages.Connected)
		if !p.view.Load().Up {
			t.Error("the node counts as down, though it answered")
		}
	})
}

func TestAnAttemptThatFailsAfterAnotherSucceededDoesNotTakeTheNodeDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, config.Breaker{})
		defer p.end()
		first, second, third := p.ask(), p.ask(), p.ask()
		for range 3 {
			<-p.permits
		}
		p.ends(first, messages.Refused)
		p.ends(second, messages.Connected)
		p.ends(third, messages.Refused)
		if v := p.view.Load(); !v.Up {
			t.Errorf("%+v", v)
		}
		p.attempt(messages.Refused)
		if v := p.view.Load(); v.Up || v.Failures != 1 {
			t.Errorf("a new failure: %+v", v)
		}
	})
}

func TestWhileSomebodyWaitsANodeIsTriedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbeOf(t, config.Breaker{}, time.Hour)
		defer p.end()
		p.waits.Store(true)
		p.attempt(messages.Refused)
		for range 20 {
			began := time.Now()
			p.attempt(messages.Refused)
			if took := time.Since(began); took > time.Second || took < 300*time.Millisecond {
				t.Errorf("tried again after %v", took)
			}
		}
		p.waits.Store(false)
		p.attempt(messages.Refused) // it was due when somebody still waited
		p.ask()
		time.Sleep(10 * time.Minute) //nolint:forbidigo // in a bubble, this is how time passes
		if len(p.permits) != 0 {
			t.Fatal("tried though nobody waits, before its time")
		}
		began := time.Now()
		p.waits.Store(true)
		<-p.permits
		if took := time.Since(began); took > time.Second {
			t.Errorf("somebody came to wait, and it was tried after %v", took)
		}
	})
}

func TestOurOwnLackSaysNothingOfTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, config.Breaker{FailureThreshold: 1, TripTimeout: time.Minute, ResetTimeout: time.Hour})
		defer p.end()
		p.attempt(messages.Exhausted)
		if v := p.view.Load(); !v.Up || v.Breaker != messages.BreakerClosed {
			t.Errorf("%+v", v)
		}
	})
}
