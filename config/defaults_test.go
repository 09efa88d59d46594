package config_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
)

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	top := config.Topology{
		Nodes: []config.Node{{Name: "n", Database: "db", User: "u", Password: "pw"}},
		Pools: []config.Pool{{Name: "p", Node: "n"}, {Name: "own", Node: "n", Database: "other", User: "me", Mode: config.Session}, {Name: "lost", Node: "nowhere"}},
	}.Complete()
	if n := top.Nodes[0]; n.Host != "127.0.0.1" || n.Port != 5432 || n.Role != config.Primary || n.TLS.Mode != "prefer" || n.ConnectTimeout != 5*time.Second {
		t.Errorf("node: %+v", n)
	}
	if p := top.Pools[0]; p.Database != "db" || p.User != "u" || p.Password != "pw" || p.Mode != config.Transaction ||
		p.Size != 10 || p.MaxOverflow != 20 || p.MaxLifetime != 30*time.Minute || p.Reset != config.ResetRollback {
		t.Errorf("a pool has its node's database, user and password: %+v", p)
	}
	if p := top.Pools[1]; p.Database != "other" || p.User != "me" || p.Password != "pw" || p.Reset != config.ResetDiscard {
		t.Errorf("what a pool says goes before what its node says, and a session ends with discard all: %+v", p)
	}
	if p := top.Pools[2]; p.Database != "" || p.Size != 10 {
		t.Errorf("a pool of an unknown node: %+v", p)
	}
	if g := top.Gateway; g.Auth != config.SCRAM || g.IdleTimeout != config.Never || g.MaxMessage != 1<<30 || len(g.Listen) != 1 {
		t.Errorf("gateway: %+v", g)
	}
}

func TestAPoolIsPingedAndIsNoOthersBusinessByDefault(t *testing.T) {
	p := working().Complete().Pools[0]
	if p.KeepAlive != 2*time.Minute || p.ValidateAfterIdle != 30*time.Second || p.ValidateTimeout != time.Second || p.Order != config.LIFO {
		t.Errorf("pings and order: %+v", p)
	}
	if p.QueueTarget != config.Never || p.QueueInterval != time.Second || p.LeakAfter != config.Never || p.ReclaimAfter != config.Never {
		t.Errorf("queue and leaks: %+v", p)
	}
}

func TestAPingLeavesTimeForAnotherBackend(t *testing.T) {
	for acquire, want := range map[time.Duration]time.Duration{
		config.Never: time.Second, 2 * time.Second: time.Second, time.Second: 500 * time.Millisecond, time.Millisecond: 500 * time.Microsecond,
	} {
		top := working()
		top.Pools[0].AcquireTimeout = acquire
		top = top.Complete()
		if got := top.Pools[0].ValidateTimeout; got != want {
			t.Errorf("of %v: validate_timeout is %v, want %v", acquire, got, want)
		}
		if err := top.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestABlockHasItsDefaultsWhenItIsOn(t *testing.T) {
	top := working()
	off := top.Complete()
	if n, p := off.Nodes[0], off.Pools[0]; n.Breaker != (config.Breaker{}) || p.Sizing != (config.Sizing{}) || !reflect.DeepEqual(p.Retry, config.Retry{}) {
		t.Errorf("off: %+v %+v %+v", n.Breaker, p.Sizing, p.Retry)
	}
	top.Nodes[0].Breaker.FailureThreshold, top.Pools[0].Sizing.Step, top.Pools[0].Retry.MaxRetries = 5, 2, 3
	on := top.Complete()
	if got, want := on.Nodes[0].Breaker, (config.Breaker{FailureThreshold: 5, TripTimeout: time.Minute, ResetTimeout: 30 * time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := on.Pools[0].Sizing, (config.Sizing{Step: 2, GrowAt: 0.8, GrowWaiting: 1, ShrinkAt: 0.5, CoolDown: 30 * time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want := config.Retry{MaxRetries: 3, RetryDelay: 100 * time.Millisecond, BackoffFactor: 2, RetryableErrors: []string{"connection", "serialization", "deadlock"}}
	if got := on.Pools[0].Retry; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := on.Check(); err != nil {
		t.Error(err)
	}
	if twice := on.Complete(); !reflect.DeepEqual(on, twice) {
		t.Errorf("once\n%+v\ntwice\n%+v", on, twice)
	}
}

func TestToCompleteTwiceIsToCompleteOnce(t *testing.T) {
	top := working()
	top.Pools[0].Size = 4
	once := top.Complete()
	if twice := once.Complete(); !reflect.DeepEqual(once, twice) {
		t.Errorf("once\n%+v\ntwice\n%+v", once, twice)
	}
	if once.Pools[0].MaxOverflow != 0 {
		t.Errorf("a bare size has an overflow of %d", once.Pools[0].MaxOverflow)
	}
	if top.Pools[1].Size != 0 {
		t.Error("Complete changed what it was called on")
	}
}

func TestAProfileGivesWhatAPoolDoesNotWrite(t *testing.T) {
	for settings, want := range map[string][2]int{
		``:                                       {10, 20},
		`profile = "heavy"`:                      {20, 30},
		`size = 4`:                               {4, 0},
		"size = 4\n max_overflow = 2":            {4, 2},
		"profile = \"heavy\"\n size = 4":         {4, 30},
		"profile = \"heavy\"\n max_overflow = 0": {20, 0},
		`max_overflow = 0`:                       {10, 0},
		"profile = \"light\"\n size = 4\n max_overflow = 0": {4, 0},
		"profile = null\n size = 4":                         {4, 0},
	} {
		p, err := parse(t, "", settings)
		if got := [2]int{p.Size, p.MaxOverflow}; err != nil || got != want {
			t.Errorf("%q: got %v, want %v: %v", settings, got, want, err)
		}
	}
}
