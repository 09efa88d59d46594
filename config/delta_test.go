package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
)

func lines(changes []config.Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.String())
	}
	return out
}

func TestNothingChangesBetweenATopologyAndItself(t *testing.T) {
	if got := config.Compare(working(), working().Complete()).Changes(); len(got) != 0 {
		t.Errorf("a default written out is no change, got %q", lines(got))
	}
}

func TestEachChangeSaysWhatItTakes(t *testing.T) {
	for want, change := range map[string]func(*config.Topology){
		`node "main": host "127.0.0.1" -> "db1" (drained)`:                func(t *config.Topology) { t.Nodes[0].Host = "db1" },
		`node "main": port 5432 -> 5433 (drained)`:                        func(t *config.Topology) { t.Nodes[0].Port = 5433 },
		`node "main": tls.mode "prefer" -> "require" (drained)`:           func(t *config.Topology) { t.Nodes[0].TLS.Mode = "require" },
		`pool "default": size 10 -> 4 (live)`:                             func(t *config.Topology) { t.Pools[0].Size, t.Pools[0].MaxOverflow = 4, 20 },
		`pool "default": max_lifetime 30m -> never (live)`:                func(t *config.Topology) { t.Pools[0].MaxLifetime = config.Never },
		`pool "default": acquire_timeout 30s -> 1m30s (live)`:             func(t *config.Topology) { t.Pools[0].AcquireTimeout = 90 * time.Second },
		`pool "default": echo false -> true (drained)`:                    func(t *config.Topology) { t.Pools[0].Echo = true },
		`pool "default": hooks.on_connect [] -> ["select 1"] (drained)`:   func(t *config.Topology) { t.Pools[0].Hooks.OnConnect = []string{"select 1"} },
		`pool "default": keepalive 2m -> never (live)`:                    func(t *config.Topology) { t.Pools[0].KeepAlive = config.Never },
		`pool "default": validate_after_idle 30s -> 1s (live)`:            func(t *config.Topology) { t.Pools[0].ValidateAfterIdle = time.Second },
		`pool "default": validate_timeout 1s -> 2s (live)`:                func(t *config.Topology) { t.Pools[0].ValidateTimeout = 2 * time.Second },
		`pool "default": order "lifo" -> "fifo" (live)`:                   func(t *config.Topology) { t.Pools[0].Order = config.FIFO },
		`pool "default": queue_target never -> 10ms (live)`:               func(t *config.Topology) { t.Pools[0].QueueTarget = 10 * time.Millisecond },
		`pool "default": queue_interval 1s -> 2s (live)`:                  func(t *config.Topology) { t.Pools[0].QueueInterval = 2 * time.Second },
		`pool "default": leak_after never -> 1m (live)`:                   func(t *config.Topology) { t.Pools[0].LeakAfter = time.Minute },
		`pool "default": reclaim_after never -> 5m (live)`:                func(t *config.Topology) { t.Pools[0].ReclaimAfter = 5 * time.Minute },
		`pool "default": sizing.step 0 -> 2 (live)`:                       func(t *config.Topology) { t.Pools[0].Sizing.Step = 2 },
		`pool "default": retry.max_retries 0 -> 3 (live)`:                 func(t *config.Topology) { t.Pools[0].Retry.MaxRetries = 3 },
		`node "main": breaker.failure_threshold 0 -> 5 (live)`:            func(t *config.Topology) { t.Nodes[0].Breaker.FailureThreshold = 5 },
		`pool "default": runtime map[] -> map["a":"b"] (drained)`:         func(t *config.Topology) { t.Pools[0].Runtime = map[string]string{"a": "b"} },
		`route "reads": access "read" -> "any" (live)`:                    func(t *config.Topology) { t.Routes[0].Access = config.Any },
		`routes: order reads, rest -> rest, reads (live)`:                 func(t *config.Topology) { slices.Reverse(t.Routes) },
		`route "new" added (live)`:                                        func(t *config.Topology) { t.Routes = append(t.Routes, config.Route{Name: "new"}) },
		`route "rest" removed (live)`:                                     func(t *config.Topology) { t.Routes = t.Routes[:1] },
		`node "copy" removed (drained)`:                                   func(t *config.Topology) { t.Nodes = t.Nodes[:1] },
		`pool "third" added (live)`:                                       func(t *config.Topology) { t.Pools = append(t.Pools, config.Pool{Name: "third"}) },
		`gateway: listen ["127.0.0.1:6432"] -> ["127.0.0.1:1"] (refused)`: func(t *config.Topology) { t.Gateway.Listen = []string{"127.0.0.1:1"} },
		`gateway: socket "" -> "/run" (refused)`:                          func(t *config.Topology) { t.Gateway.Socket = "/run" },
		`gateway: max_message 1GiB -> 64MiB (live)`:                       func(t *config.Topology) { t.Gateway.MaxMessage = 64 << 20 },
		`user "app": password changed (live)`:                             func(t *config.Topology) { t.Gateway.Users[0].Password = "hunter2" },
		`user "bob" added (live)`:                                         func(t *config.Topology) { t.Gateway.Users = append(t.Gateway.Users, config.User{Name: "bob"}) },
		`log: level "info" -> "debug" (live)`:                             func(t *config.Topology) { t.Log.Level = "debug" },
		`log: format "text" -> "json" (refused)`:                          func(t *config.Topology) { t.Log.Format = "json" },
	} {
		after := working()
		change(&after)
		if got := lines(config.Compare(working(), after).Changes()); !slices.Equal(got, []string{want}) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestABlockThatIsTurnedOnSaysWhatOfItIsNoDefault(t *testing.T) {
	after := working()
	after.Nodes[0].Breaker = config.Breaker{FailureThreshold: 5, TripTimeout: time.Minute, ResetTimeout: time.Second}
	after.Pools[0].Sizing = config.Sizing{Step: 2, GrowAt: 0.75, GrowWaiting: 3, ShrinkAt: 0.5, CoolDown: time.Minute}
	after.Pools[0].Retry = config.Retry{MaxRetries: 3, RetryDelay: time.Second, BackoffFactor: 1.5, RetryableErrors: []string{"40P01"}}
	want := []string{
		`node "main": breaker.failure_threshold 0 -> 5 (live)`, `node "main": breaker.reset_timeout 30s -> 1s (live)`,
		`pool "default": sizing.step 0 -> 2 (live)`, `pool "default": sizing.grow_at 0.8 -> 0.75 (live)`,
		`pool "default": sizing.grow_waiting 1 -> 3 (live)`, `pool "default": sizing.cool_down 30s -> 1m (live)`,
		`pool "default": retry.max_retries 0 -> 3 (live)`, `pool "default": retry.retry_delay 100ms -> 1s (live)`,
		`pool "default": retry.backoff_factor 2 -> 1.5 (live)`,
		`pool "default": retry.retryable_errors ["connection" "serialization" "deadlock"] -> ["40P01"] (live)`,
	}
	if got := lines(config.Compare(working(), after).Changes()); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestANodesNewPasswordIsItsPoolsToo(t *testing.T) {
	after := working()
	after.Nodes[0].Password = "hunter2"
	got := lines(config.Compare(working(), after).Changes())
	if want := []string{`node "main": password changed (drained)`, `pool "default": password changed (drained)`}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestAChangeNeverShowsWhatCameFromASecret(t *testing.T) {
	const source = `
variable "host" {
  sensitive = true
}
node "n" {
  host     = var.host
  user     = env("DB_USER")
  password = env("DB_PASSWORD")
}
node "s" {
  socket = "/${var.host}"
}
pool "p" {
  node    = node.n
  size    = length(split("", var.host))
  runtime = { search_path = env("DB_USER") }
  hooks {
    on_connect = [env("DB_USER")]
  }
}`
	read := func(value string) config.Topology {
		top, err := config.Parse([]byte(source), "t.hcl", config.WithVariable("host", value),
			config.WithEnviron(func(name string) (string, bool) { return value, strings.HasPrefix(name, "DB_") }))
		if err != nil {
			t.Fatal(err)
		}
		return top
	}
	got := lines(config.Compare(read("hunter2"), read("hunter2-too")).Changes())
	want := []string{
		`node "n": host changed (drained)`, `node "n": user changed (drained)`, `node "n": password changed (drained)`, `node "s": host changed (drained)`,
		`pool "p": user changed (drained)`, `pool "p": password changed (drained)`, `pool "p": size changed (live)`,
		`pool "p": runtime changed (drained)`, `pool "p": hooks.on_connect changed (drained)`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestADeltaHasWhatWasAddedRemovedAndChangedByKindAndName(t *testing.T) {
	after := working()
	slices.Reverse(after.Pools) // a position is no change
	slices.Reverse(after.Nodes)
	after.Pools[1].Size, after.Pools[1].MaxOverflow, after.Pools[1].Retry.MaxRetries = 3, 20, 2
	after.Pools = append([]config.Pool{{Name: "new", Node: "main"}}, after.Pools...)
	after.Nodes[1].TLS.Mode = "require"
	after.Routes = []config.Route{{Name: "new", Database: "new", Pool: "new"}, after.Routes[1]}
	after.Gateway.Users = []config.User{{Name: "bob", Password: "secret"}}
	after.Gateway.MaxClients = 10001
	d := config.Compare(working(), after)
	if p := d.Pools; len(p.Added) != 1 || p.Added[0].Name != "new" || len(p.Removed) != 0 || len(p.Changed) != 1 {
		t.Fatalf("pools: %+v", p)
	}
	p := d.Pools.Changed[0]
	if p.Before.Name != "default" || p.After.Name != "default" || p.Before.Size != 10 || p.After.Size != 3 {
		t.Errorf("%+v", p)
	}
	if !p.Has("size") || !p.Has("retry.max_retries") || p.Has("max_overflow") || len(p.Settings) != 2 {
		t.Errorf("%+v", p.Settings)
	}
	if n := d.Nodes; len(n.Added)+len(n.Removed) != 0 || len(n.Changed) != 1 || n.Changed[0].After.Name != "main" || !n.Changed[0].Has("tls.mode") {
		t.Errorf("nodes: %+v", n)
	}
	if r := d.Routes; len(r.Added) != 1 || len(r.Changed) != 0 || len(r.Removed) != 1 || r.Removed[0].Name != "reads" || d.Order != nil {
		t.Errorf("routes: %+v, %v", r, d.Order)
	}
	if u := d.Users; len(u.Added) != 1 || u.Added[0].Name != "bob" || len(u.Removed) != 1 || u.Removed[0].Name != "app" {
		t.Errorf("users: %+v", u)
	}
	if d.Gateway == nil || !d.Gateway.Has("max_clients") || d.Gateway.After.MaxClients != 10001 || d.Log != nil || d.Empty() {
		t.Errorf("gateway: %+v, log: %+v", d.Gateway, d.Log)
	}
	if err := d.Refused(); err != nil {
		t.Errorf("nothing of it is refused: %v", err)
	}
}

func TestWhatARunningSystemRefusesIsNamedWithItsPlace(t *testing.T) {
	read := func(source string) config.Topology {
		top, err := config.Parse([]byte("node \"n\" {}\npool \"p\" { node = node.n }\n"+source), "t.hcl", config.WithEnviron(func(name string) (string, bool) { return "/tmp/hunter2", true }))
		if err != nil {
			t.Fatal(err)
		}
		return top
	}
	before := read("gateway {\n  listen = \"127.0.0.1:1\"\n  auth = \"trust\"\n}\nlog {\n}\n")
	after := read("gateway {\n  auth = \"trust\"\n  socket = env(\"DIR\")\n  max_clients = 3\n}\nlog {\n  format = \"json\"\n}\n")
	err := config.Compare(before, after).Refused()
	const want = `t.hcl:3: error: listen of gateway: a running system can't change it
      = start a new process for it, or write it as it was: ["127.0.0.1:1"]
t.hcl:5: error: socket of gateway: a running system can't change it
      = start a new process for it, or write it as it was
t.hcl:9: error: format of log: a running system can't change it
      = start a new process for it, or write it as it was: "text"
3 errors`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestTheModeOfASocketThatIsNotThereIsNoChange(t *testing.T) {
	after := working()
	after.Gateway.Auth = config.Trust // the default of socket_mode follows from it
	if got := lines(config.Compare(working(), after).Changes()); !slices.Equal(got, []string{`gateway: auth "scram-sha-256" -> "trust" (live)`}) {
		t.Errorf("got %q", got)
	}
}

func TestEverySettingSaysWhatBecomesOfAChange(t *testing.T) {
	all := config.Reloads()
	for _, name := range []string{"node.host", "node.tls.ca", "node.breaker.trip_timeout", "pool.size", "pool.hooks.timeout", "route.pool", "gateway.listen", "user.password", "log.level"} {
		if all[name] == "" {
			t.Errorf("nothing is said of %s", name)
		}
	}
	for name, reload := range all {
		if reload != config.Live && reload != config.Drained && reload != config.Refused {
			t.Errorf("%s: %q", name, reload)
		}
	}
}
