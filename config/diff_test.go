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
	if got := config.Diff(working(), working().Complete()); len(got) != 0 {
		t.Errorf("a default written out is no change, got %q", lines(got))
	}
}

func TestEachChangeSaysWhatItTakes(t *testing.T) {
	for want, change := range map[string]func(*config.Topology){
		`node "main": host "127.0.0.1" -> "db1" (live)`:                   func(t *config.Topology) { t.Nodes[0].Host = "db1" },
		`node "main": port 5432 -> 5433 (live)`:                           func(t *config.Topology) { t.Nodes[0].Port = 5433 },
		`node "main": tls.mode "prefer" -> "require" (live)`:              func(t *config.Topology) { t.Nodes[0].TLS.Mode = "require" },
		`pool "default": size 10 -> 4 (live)`:                             func(t *config.Topology) { t.Pools[0].Size, t.Pools[0].MaxOverflow = 4, 20 },
		`pool "default": max_lifetime 30m -> never (live)`:                func(t *config.Topology) { t.Pools[0].MaxLifetime = config.Never },
		`pool "default": acquire_timeout 30s -> 1m30s (live)`:             func(t *config.Topology) { t.Pools[0].AcquireTimeout = 90 * time.Second },
		`pool "default": echo false -> true (live)`:                       func(t *config.Topology) { t.Pools[0].Echo = true },
		`pool "default": hooks.on_connect [] -> ["select 1"] (live)`:      func(t *config.Topology) { t.Pools[0].Hooks.OnConnect = []string{"select 1"} },
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
		`pool "default": runtime map[] -> map["a":"b"] (live)`:            func(t *config.Topology) { t.Pools[0].Runtime = map[string]string{"a": "b"} },
		`route "reads": access "read" -> "any" (live)`:                    func(t *config.Topology) { t.Routes[0].Access = config.Any },
		`routes: order reads, rest -> rest, reads (live)`:                 func(t *config.Topology) { slices.Reverse(t.Routes) },
		`route "new" added (live)`:                                        func(t *config.Topology) { t.Routes = append(t.Routes, config.Route{Name: "new"}) },
		`route "rest" removed (live)`:                                     func(t *config.Topology) { t.Routes = t.Routes[:1] },
		`node "copy" removed (live)`:                                      func(t *config.Topology) { t.Nodes = t.Nodes[:1] },
		`pool "third" added (live)`:                                       func(t *config.Topology) { t.Pools = append(t.Pools, config.Pool{Name: "third"}) },
		`gateway: listen ["127.0.0.1:6432"] -> ["127.0.0.1:1"] (restart)`: func(t *config.Topology) { t.Gateway.Listen = []string{"127.0.0.1:1"} },
		`gateway: socket "" -> "/run" (restart)`:                          func(t *config.Topology) { t.Gateway.Socket = "/run" },
		`gateway: max_message 1GiB -> 64MiB (live)`:                       func(t *config.Topology) { t.Gateway.MaxMessage = 64 << 20 },
		`user "app": password changed (live)`:                             func(t *config.Topology) { t.Gateway.Users[0].Password = "hunter2" },
		`user "bob" added (live)`:                                         func(t *config.Topology) { t.Gateway.Users = append(t.Gateway.Users, config.User{Name: "bob"}) },
		`log: level "info" -> "debug" (live)`:                             func(t *config.Topology) { t.Log.Level = "debug" },
		`log: format "text" -> "json" (restart)`:                          func(t *config.Topology) { t.Log.Format = "json" },
	} {
		after := working()
		change(&after)
		if got := lines(config.Diff(working(), after)); !slices.Equal(got, []string{want}) {
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
	if got := lines(config.Diff(working(), after)); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestANodesNewPasswordIsItsPoolsToo(t *testing.T) {
	after := working()
	after.Nodes[0].Password = "hunter2"
	got := lines(config.Diff(working(), after))
	if want := []string{`node "main": password changed (live)`, `pool "default": password changed (live)`}; !slices.Equal(got, want) {
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
	got := lines(config.Diff(read("hunter2"), read("hunter2-too")))
	want := []string{
		`node "n": host changed (live)`, `node "n": user changed (live)`, `node "n": password changed (live)`, `node "s": host changed (live)`,
		`pool "p": user changed (live)`, `pool "p": password changed (live)`, `pool "p": size changed (live)`,
		`pool "p": runtime changed (live)`, `pool "p": hooks.on_connect changed (live)`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
