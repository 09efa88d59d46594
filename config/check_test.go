package config_test

import (
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
