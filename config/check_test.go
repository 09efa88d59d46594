package config_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
)

// working is a topology in which nothing is wrong.
func working() config.Topology {
	return config.Topology{
		Nodes: []config.Node{{Name: "main"}, {Name: "copy", Role: config.Replica}},
		Pools: []config.Pool{{Name: "default", Node: "main"}, {Name: "reads", Node: "copy"}},
		Routes: []config.Route{
			{Name: "reads", Access: config.Read, Pool: "reads"},
			{Name: "rest", Pool: "default"},
		},
		Gateway: config.Gateway{Users: []config.User{{Name: "app", Password: "secret"}}},
	}
}

func TestATopologyOfDefaultsWorks(t *testing.T) {
	if err := working().Complete().Check(); err != nil {
		t.Error(err)
	}
	// An embedded system has no gateway, so it wants no users.
	err := config.Topology{Nodes: []config.Node{{Name: "n"}}, Pools: []config.Pool{{Name: "p", Node: "n"}}}.Complete().Check()
	if err != nil {
		t.Error(err)
	}
}

func TestWhatCanNotWorkIsFoundInATopologyWrittenInGo(t *testing.T) {
	const hash = "md5cafe0000cafe0000cafe0000cafe0000"
	for name, c := range map[string]struct {
		spoil func(*config.Topology)
		want  string
	}{
		"no node":                {func(t *config.Topology) { t.Nodes = nil }, "the topology has no node"},
		"no pool":                {func(t *config.Topology) { t.Pools, t.Routes = nil, nil }, "the topology has no pool"},
		"a node without name":    {func(t *config.Topology) { t.Nodes[1].Name = "" }, "node: it has none"},
		"two nodes":              {func(t *config.Topology) { t.Nodes[1].Name = "main" }, `node "main": there are two of that name`},
		"control characters":     {func(t *config.Topology) { t.Pools[1].Name = "a\nb" }, `pool "a\nb": nobody could type this name`},
		"role":                   {func(t *config.Topology) { t.Nodes[1].Role = "slave" }, `role of node "copy": "slave" is not known`},
		"connect_timeout":        {func(t *config.Topology) { t.Nodes[0].ConnectTimeout = config.Never }, `connect_timeout of node "main": it must have an end`},
		"a negative time":        {func(t *config.Topology) { t.Nodes[0].BackoffMin = -1 }, `backoff_min of node "main": want more than 0`},
		"backoff":                {func(t *config.Topology) { t.Nodes[0].BackoffMin = time.Minute }, "1m is longer than backoff_max, 15s"},
		"tls mode":               {func(t *config.Topology) { t.Nodes[0].TLS.Mode = "verify-ful" }, `did you mean "verify-full"?`},
		"key without cert":       {func(t *config.Topology) { t.Nodes[0].TLS.Key = "k" }, "a key wants its client certificate"},
		"unused ca":              {func(t *config.Topology) { t.Nodes[0].TLS = config.TLS{Mode: "disable", CA: "c"} }, "nothing uses it"},
		"unknown node":           {func(t *config.Topology) { t.Pools[0].Node = "mian" }, `there is no node "mian"`},
		"node not given":         {func(t *config.Topology) { t.Pools[0].Node = "" }, `node of pool "default": it is not given`},
		"mode":                   {func(t *config.Topology) { t.Pools[0].Mode = "statement" }, `mode of pool "default": "statement" is not known`},
		"profile":                {func(t *config.Topology) { t.Pools[0].Profile = "heavi" }, `did you mean "heavy"?`},
		"size":                   {func(t *config.Topology) { t.Pools[0].Size = -1 }, "want at least 1, not -1"},
		"overflow":               {func(t *config.Topology) { t.Pools[0].MaxOverflow = -1 }, "want at least 0, not -1"},
		"hard limit":             {func(t *config.Topology) { t.Pools[0].Size = 10001 }, "size + max_overflow is 10001"},
		"min_idle":               {func(t *config.Topology) { t.Pools[0].MinIdle = 11 }, "11 is not between 0 and size, which is 10"},
		"hook time":              {func(t *config.Topology) { t.Pools[0].Hooks.Timeout = config.Never }, `hooks.timeout of pool "default": it must have an end`},
		"session without end":    {func(t *config.Topology) { t.Pools[0].Mode, t.Pools[0].Reset = config.Session, config.ResetNone }, "in session mode"},
		"own parameter":          {func(t *config.Topology) { t.Pools[0].Runtime = map[string]string{"user": "x"} }, `"user" is not a run-time parameter`},
		"unknown pool":           {func(t *config.Topology) { t.Routes[0].Pool = "raeds" }, `did you mean "reads"?`},
		"access":                 {func(t *config.Topology) { t.Routes[0].Access = "ro" }, `access of route "reads": "ro" is not known`},
		"star":                   {func(t *config.Topology) { t.Routes[0].Entity = "*.T" }, "has a * elsewhere than at its end"},
		"writes to a replica":    {func(t *config.Topology) { t.Routes[0].Access = config.Write }, `pool "reads" is on node "copy", a replica`},
		"hidden":                 {func(t *config.Topology) { t.Routes[0].Access = config.Any }, `it is never reached, since route "reads" takes all`},
		"auth":                   {func(t *config.Topology) { t.Gateway.Auth = "scram" }, `auth of gateway: "scram" is not known`},
		"address":                {func(t *config.Topology) { t.Gateway.Listen = []string{"6432"} }, `"6432" is no address with a port`},
		"port":                   {func(t *config.Topology) { t.Gateway.Listen = []string{"127.0.0.1:65536"} }, "is no address with a port"},
		"same address":           {func(t *config.Topology) { t.Gateway.Listen = []string{":1", ":1"} }, "is there twice"},
		"trust for everybody":    {func(t *config.Topology) { t.Gateway.Auth, t.Gateway.Listen = config.Trust, []string{":6432"} }, "with trust nobody proves who he is"},
		"user without password":  {func(t *config.Topology) { t.Gateway.Users[0].Password = "" }, `password of user "app": it has none`},
		"SCRAM with an md5 hash": {func(t *config.Topology) { t.Gateway.Users[0].Password = hash }, "stored for md5"},
		"md5 with a SCRAM secret": {func(t *config.Topology) {
			t.Gateway.Auth, t.Gateway.Users[0].Password = config.MD5, "SCRAM-SHA-256$4096:a$b:c"
		}, "stored for SCRAM"},
		"login_timeout": {func(t *config.Topology) { t.Gateway.LoginTimeout = config.Never }, "login_timeout of gateway: it must have an end"},
		"max_clients":   {func(t *config.Topology) { t.Gateway.MaxClients = -1 }, "max_clients of gateway: want at least 1"},
		"max_message":   {func(t *config.Topology) { t.Gateway.MaxMessage = 100 }, "want 1KiB to 1GiB, not 100B"},
		"log level":     {func(t *config.Topology) { t.Log.Level = "warning" }, `did you mean "warn"?`},
		"log format":    {func(t *config.Topology) { t.Log.Format = "xml" }, `format of log: "xml" is not known`},
	} {
		t.Run(name, func(t *testing.T) {
			top := working()
			c.spoil(&top)
			err := top.Complete().Check()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got:\n%v\nwant: %s", err, c.want)
			}
			if strings.Contains(err.Error(), hash) || strings.Contains(err.Error(), "4096") {
				t.Errorf("a secret is shown: %v", err)
			}
		})
	}
}

// on gives a pool and its node every block, turned on.
func on(p *config.Pool, n *config.Node) {
	n.Breaker.FailureThreshold, p.Sizing.Step, p.Retry.MaxRetries = 5, 2, 3
}

func TestWhatAPoolCanNotKeepIsFoundInATopologyWrittenInGo(t *testing.T) {
	const ms, pool = time.Millisecond, ` of pool "default": `
	for want, spoil := range map[string]func(*config.Pool, *config.Node){
		"keepalive" + pool + "want more than 0":                              func(p *config.Pool, _ *config.Node) { p.KeepAlive = -1 },
		"validate_after_idle" + pool + "want more than 0":                    func(p *config.Pool, _ *config.Node) { p.ValidateAfterIdle = -1 },
		"validate_timeout" + pool + "it must have an end":                    func(p *config.Pool, _ *config.Node) { p.ValidateTimeout = config.Never },
		"validate_timeout" + pool + "30s is not shorter than acquire":        func(p *config.Pool, _ *config.Node) { p.ValidateTimeout = 30 * time.Second },
		"order" + pool + `"LIFO" is not known`:                               func(p *config.Pool, _ *config.Node) { p.Order = "LIFO" },
		"queue_target" + pool + "want more than 0":                           func(p *config.Pool, _ *config.Node) { p.QueueTarget = -1 },
		"queue_target" + pool + "30s is not shorter than acquire":            func(p *config.Pool, _ *config.Node) { p.QueueTarget, p.QueueInterval = 30*time.Second, time.Minute },
		"queue_target" + pool + "2s is longer than queue_interval, 1s":       func(p *config.Pool, _ *config.Node) { p.QueueTarget = 2 * time.Second },
		"queue_interval" + pool + "it must have an end":                      func(p *config.Pool, _ *config.Node) { p.QueueInterval = config.Never },
		"leak_after" + pool + "1m is longer than reclaim_after, 59s":         func(p *config.Pool, _ *config.Node) { p.LeakAfter, p.ReclaimAfter = time.Minute, 59*time.Second },
		"reclaim_after" + pool + "want more than 0":                          func(p *config.Pool, _ *config.Node) { p.ReclaimAfter = -1 },
		"sizing.step" + pool + "want a number from 0 to 10000, not -1":       func(p *config.Pool, _ *config.Node) { p.Sizing.Step = -1 },
		"sizing.step" + pool + "want a number from 0 to 10000, not 10001":    func(p *config.Pool, _ *config.Node) { p.Sizing.Step = 10001 },
		"sizing.step" + pool + "the pool can't grow":                         func(p *config.Pool, _ *config.Node) { p.Size = 5 },
		"sizing.grow_at" + pool + "want a number above 0, up to 1, not 1.01": func(p *config.Pool, _ *config.Node) { p.Sizing.GrowAt = 1.01 },
		"sizing.grow_at" + pool + "want a number above 0, up to 1, not NaN":  func(p *config.Pool, _ *config.Node) { p.Sizing.GrowAt = math.NaN() },
		"sizing.grow_at" + pool + "0.5 is not above shrink_at, 0.5":          func(p *config.Pool, _ *config.Node) { p.Sizing.GrowAt = 0.5 },
		"sizing.grow_waiting" + pool + "want at least 1, not -1":             func(p *config.Pool, _ *config.Node) { p.Sizing.GrowWaiting = -1 },
		"sizing.shrink_at" + pool + "want a number above 0":                  func(p *config.Pool, _ *config.Node) { p.Sizing.ShrinkAt = -0.1 },
		"sizing.cool_down" + pool + "want more than 0":                       func(p *config.Pool, _ *config.Node) { p.Sizing.CoolDown = -1 },
		"sizing.grow_waiting" + pool + "sizing is off":                       func(p *config.Pool, _ *config.Node) { p.Sizing = config.Sizing{GrowWaiting: 1} },
		"retry.max_retries" + pool + "want a number from 0 to 100, not 101":  func(p *config.Pool, _ *config.Node) { p.Retry.MaxRetries = 101 },
		"retry.max_retries" + pool + "want a number from 0 to 100, not -1":   func(p *config.Pool, _ *config.Node) { p.Retry.MaxRetries = -1 },
		"retry.retry_delay" + pool + "it must have an end":                   func(p *config.Pool, _ *config.Node) { p.Retry.RetryDelay = config.Never },
		"retry.backoff_factor" + pool + "want at least 1, not 0.9":           func(p *config.Pool, _ *config.Node) { p.Retry.BackoffFactor = 0.9 },
		"retry.backoff_factor" + pool + "want at least 1, not +Inf":          func(p *config.Pool, _ *config.Node) { p.Retry.BackoffFactor = math.Inf(1) },
		"retry.retryable_errors" + pool + `"" is neither`:                    func(p *config.Pool, _ *config.Node) { p.Retry.RetryableErrors = []string{"40001", ""} },
		"retry.retryable_errors" + pool + "retry is off":                     func(p *config.Pool, _ *config.Node) { p.Retry = config.Retry{RetryableErrors: []string{"40001"}} },
		`breaker.failure_threshold of node "main": want at least 0, not -1`:  func(_ *config.Pool, n *config.Node) { n.Breaker.FailureThreshold = -1 },
		`breaker.trip_timeout of node "main": it must have an end`:           func(_ *config.Pool, n *config.Node) { n.Breaker.TripTimeout = config.Never },
		`breaker.reset_timeout of node "main": want more than 0`:             func(_ *config.Pool, n *config.Node) { n.Breaker.ResetTimeout = -1 },
		`breaker.reset_timeout of node "main": breaker is off`:               func(_ *config.Pool, n *config.Node) { n.Breaker = config.Breaker{ResetTimeout: ms} },
	} {
		top := working()
		on(&top.Pools[0], &top.Nodes[0])
		spoil(&top.Pools[0], &top.Nodes[0])
		var errs *config.Errors
		if err := top.Complete().Check(); !errors.As(err, &errs) || len(errs.Problems) != 1 || !strings.HasPrefix(errs.Problems[0].What, want) {
			t.Errorf("got:\n%v\nwant: %s", err, want)
		}
	}
}

func TestLimitsOfAPoolAreWithin(t *testing.T) {
	for name, set := range map[string]func(*config.Pool){
		"a target as long as the interval": func(p *config.Pool) { p.QueueTarget, p.QueueInterval = time.Second, time.Second },
		"revoked as it is reported":        func(p *config.Pool) { p.LeakAfter, p.ReclaimAfter = time.Minute, time.Minute },
		"revoked, never reported":          func(p *config.Pool) { p.ReclaimAfter = time.Minute },
		"no pings":                         func(p *config.Pool) { p.KeepAlive, p.ValidateAfterIdle = config.Never, config.Never },
		"no end of waits": func(p *config.Pool) {
			p.AcquireTimeout, p.QueueTarget, p.QueueInterval = config.Never, time.Hour, time.Hour
		},
		"full use":                 func(p *config.Pool) { p.Sizing.GrowAt, p.Sizing.ShrinkAt = 1, 0.999 },
		"the same delay each time": func(p *config.Pool) { p.Retry.MaxRetries, p.Retry.BackoffFactor = 100, 1 },
		"every class and a code": func(p *config.Pool) {
			p.Retry.RetryableErrors = []string{"connection", "operational", "serialization", "deadlock", "55P03", "HV00A"}
		},
	} {
		top := working()
		on(&top.Pools[0], &top.Nodes[0])
		set(&top.Pools[0])
		if err := top.Complete().Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheProblemsOfATopologyInGoComeInTheSameOrderEachTime(t *testing.T) {
	top := config.Topology{
		Nodes: []config.Node{{Name: "n", ConnectTimeout: -1, BackoffMin: -1, BackoffMax: -1, Role: "x"}},
		Pools: []config.Pool{{Name: "p", Node: "n", AcquireTimeout: -1, IdleTimeout: -1, Runtime: map[string]string{"user": "", "database": "", "replication": ""}}},
	}.Complete()
	first := top.Check().Error()
	for range 20 {
		if again := top.Check().Error(); again != first {
			t.Fatalf("first\n%s\nthen\n%s", first, again)
		}
	}
}

func TestARouteIsHiddenOnlyByOneThatTakesAllOfIt(t *testing.T) {
	labels := func(pairs ...string) map[string]string { return map[string]string{pairs[0]: pairs[1]} }
	for name, c := range map[string]struct {
		earlier, later config.Route
		hidden         bool
	}{
		"same":                        {config.Route{Database: "a"}, config.Route{Database: "a"}, true},
		"another database":            {config.Route{Database: "a"}, config.Route{Database: "b"}, false},
		"narrower first":              {config.Route{Database: "a", User: "u"}, config.Route{Database: "a"}, false},
		"wider first":                 {config.Route{Database: "a"}, config.Route{Database: "a", User: "u"}, true},
		"reads, then all":             {config.Route{Access: config.Read}, config.Route{}, false},
		"reads, then writes":          {config.Route{Access: config.Read}, config.Route{Access: config.Write}, false},
		"all, then reads":             {config.Route{}, config.Route{Access: config.Read}, true},
		"a package, then its type":    {config.Route{Entity: "a/b.*"}, config.Route{Entity: "a/b.T"}, true},
		"a package, then a wider one": {config.Route{Entity: "a/b.*"}, config.Route{Entity: "a/*"}, false},
		"a type, then its package":    {config.Route{Entity: "a/b.T"}, config.Route{Entity: "a/b.*"}, false},
		"any entity, then none":       {config.Route{Entity: "*"}, config.Route{}, false},
		"labels first":                {config.Route{Labels: labels("a", "1")}, config.Route{}, false},
		"other labels":                {config.Route{Labels: labels("a", "1")}, config.Route{Labels: labels("a", "2")}, false},
		"no labels first":             {config.Route{}, config.Route{Labels: labels("a", "1")}, true},
	} {
		top := working()
		c.earlier.Name, c.later.Name, c.earlier.Pool, c.later.Pool = "earlier", "later", "default", "default"
		top.Routes = []config.Route{c.earlier, c.later}
		if err := top.Complete().Check(); (err != nil) != c.hidden {
			t.Errorf("%s: hidden is %v, got %v", name, c.hidden, err)
		}
	}
}
