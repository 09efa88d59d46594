package config_test

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/unoactor/unoactor/config"
)

func ExampleLoad() {
	t, err := config.Load("../examples/single.hcl", config.WithEnviron(func(name string) (string, bool) {
		return "a password", name == "APP_PASSWORD"
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	p := t.Pools[0]
	fmt.Printf("pool %s on node %s: %d backends, %d at most, password %v\n", p.Name, p.Node, p.Size, p.Hard(), p.Password)
	// Output: pool default on node main: 10 backends, 30 at most, password ********
}

func ExampleParse() {
	_, err := config.Parse([]byte(`
node "primary" {
  host = "127.0.0.1"
}
pool "default" {
  node = node.primery
  size = "ten"
}`), "topology.hcl")
	fmt.Println(err)
	// Output:
	// topology.hcl:6: error: there is no node "primery"
	//     6 |   node = node.primery
	//       |          ^^^^^^^^^^^^
	//       = did you mean "primary"?
	// topology.hcl:7: error: size of pool "default": want a whole number
	//     7 |   size = "ten"
	//       |          ^^^^^
	// 2 errors
}

func ExampleWithVariable() {
	const source = `
variable "region" {
  default = "eu"
}
node "main" {
  host = "db.${var.region}.example.net"
}
pool "default" {
  node = node.main
}`
	t, err := config.Parse([]byte(source), "topology.hcl", config.WithVariable("region", "us"))
	fmt.Println(t.Nodes[0].Host, err)
	// Output: db.us.example.net <nil>
}

func ExampleErrors() {
	_, err := config.Parse([]byte("node \"main\" {\n  port = 0\n}"), "topology.hcl")
	var errs *config.Errors
	if errors.As(err, &errs) {
		p := errs.Problems[0]
		fmt.Printf("%s, line %d, column %d: %s\n", p.File, p.Line, p.Column, p.What)
	}
	// Output: topology.hcl, line 2, column 10: port of node "main": want a number from 1 to 65535
}

func ExampleErrors_Render() {
	_, err := config.Parse([]byte("gateway {\n  auth = \"scram\"\n}\nnode \"a\" {}\npool \"b\" {\n  node = node.a\n}"), "topology.hcl")
	var errs *config.Errors
	if errors.As(err, &errs) {
		errs.Render(os.Stdout, false)
	}
	// Output:
	// topology.hcl:2: error: auth of gateway: "scram" is not known
	//     2 |   auth = "scram"
	//       |          ^^^^^^^
	//       = did you mean "scram-sha-256"?
}

func ExampleTopology_Check() {
	t := config.Topology{
		Nodes: []config.Node{{Name: "main", Host: "db.example.net"}},
		Pools: []config.Pool{{Name: "default", Node: "man", Size: 5, MinIdle: 8}},
	}
	fmt.Println(t.Complete().Check())
	// Output:
	// error: node of pool "default": there is no node "man"
	//       = did you mean "main"?
	// error: min_idle of pool "default": 8 is not between 0 and size, which is 5
	//       = lower it, or raise size
	// 2 errors
}

func ExampleTopology_Complete() {
	t := config.Topology{
		Nodes: []config.Node{{Name: "main", Database: "app"}},
		Pools: []config.Pool{{Name: "default", Node: "main", Profile: config.Heavy, IdleTimeout: config.Never}},
	}.Complete()
	p := t.Pools[0]
	fmt.Println(p.Database, p.Mode, p.Size, p.MaxOverflow, p.MaxLifetime, p.IdleTimeout == config.Never)
	// Output: app transaction 20 30 15m0s true
}

// ExampleCompare shows the lines of a delta, and what a program asks it for.
func ExampleCompare() {
	before := config.Topology{
		Nodes: []config.Node{{Name: "main"}},
		Pools: []config.Pool{{Name: "default", Node: "main"}},
	}
	after := config.Topology{
		Nodes:   []config.Node{{Name: "main", Password: "changed"}},
		Pools:   []config.Pool{{Name: "reports", Node: "main"}, {Name: "default", Node: "main", AcquireTimeout: 5 * time.Second}},
		Gateway: config.Gateway{Listen: []string{"127.0.0.1:7432"}},
	}
	delta := config.Compare(before, after)
	fmt.Println(delta)
	for _, pool := range delta.Pools.Changed {
		if pool.Has("acquire_timeout") {
			fmt.Println(pool.After.Name, "waits for", pool.After.AcquireTimeout, "rather than", pool.Before.AcquireTimeout)
		}
	}
	fmt.Println(delta.Refused())
	// Output:
	// node "main": password changed (drained)
	// pool "reports" added (live)
	// pool "default": password changed (drained)
	// pool "default": acquire_timeout 30s -> 5s (live)
	// gateway: listen ["127.0.0.1:6432"] -> ["127.0.0.1:7432"] (refused)
	// default waits for 5s rather than 30s
	// error: listen of gateway: a running system can't change it
	//       = start a new process for it, or write it as it was: ["127.0.0.1:6432"]
}

func ExampleSecret() {
	s := config.Secret("a password")
	fmt.Println(s, len(s.Reveal()))
	// Output: ******** 10
}
