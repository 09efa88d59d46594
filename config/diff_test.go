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
