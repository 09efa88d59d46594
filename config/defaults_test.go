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
