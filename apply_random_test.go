package unoactor_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/testkit"
)

// However a system came to its topology, it is as one that was started with it.
func TestASystemIsAsItsLastTopologySays(t *testing.T) {
	fewer(t)
	server, database := testkit.Shared(t)
	other := database + "_other"
	if err := server.CreateDatabase(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	ports := []uint16{uint16(server.Port())}
	for range 2 {
		ports = append(ports, uint16(testkit.NewProxy(t, server.Addr()).Port()))
	}
	rapid.Check(t, func(rt *rapid.T) {
		g := &topologies{T: rt, ports: ports, databases: []string{database, other}, user: server.User()}
		sys := startIn(rt, t, g.draw())
		defer endIn(rt, sys)
		for range rapid.IntRange(1, 4).Draw(rt, "changes") {
			top := g.draw()
			before := sys.Topology()
			applied, err := sys.Apply(t.Context(), top)
			if wrong := top.Complete().Check(); wrong != nil {
				if err == nil || !config.Compare(before, sys.Topology()).Empty() {
					rt.Fatalf("%v, and Apply says %v", wrong, err)
				}
				continue
			}
			if err != nil {
				rt.Fatal(err)
			}
			if d := config.Compare(top, sys.Topology()); !d.Empty() {
				rt.Fatalf("what runs is not what was applied:\n%v", d)
			}
			if rapid.Bool().Draw(rt, "waited for") {
				wait(rt, t, applied)
			}
			if rapid.Bool().Draw(rt, "used") {
				look(rt, t, sys)
			}
			if !rapid.Bool().Draw(rt, "looked at") {
				continue
			}
			wait(rt, t, applied)
			fresh := startIn(rt, t, top)
			got, want := look(rt, t, sys), look(rt, t, fresh)
			endIn(rt, fresh)
			if got != want {
				rt.Fatalf("it came to\n%s\nand one that is started with that is\n%s", got, want)
			}
		}
	})
}

// topologies are drawn of few names, so that they meet again.
type topologies struct {
	*rapid.T
	ports     []uint16
	databases []string
	user      string
}

func (g *topologies) draw() config.Topology {
	some := func(what string, names ...string) []string {
		return rapid.Permutation(names).Draw(g.T, what)[:rapid.IntRange(1, len(names)).Draw(g.T, "how many "+what)]
	}
	var t config.Topology
	for _, name := range some("nodes", "a", "b", "c") {
		n := config.Node{Name: name, Host: "127.0.0.1", Port: rapid.SampledFrom(g.ports).Draw(g.T, "port"), User: g.user,
			Database: rapid.SampledFrom(g.databases).Draw(g.T, "database"), Role: rapid.SampledFrom([]config.Role{config.Primary, config.Replica}).Draw(g.T, "role")}
		if rapid.Bool().Draw(g.T, "breaker") {
			n.Breaker.FailureThreshold = rapid.IntRange(1, 5).Draw(g.T, "threshold")
		}
		t.Nodes = append(t.Nodes, n)
	}
	for _, name := range some("pools", "p", "q", "r", "s") {
		p := config.Pool{Name: name, Node: rapid.SampledFrom(t.Nodes).Draw(g.T, "on").Name, Size: rapid.IntRange(1, 4).Draw(g.T, "size"),
			MaxOverflow: rapid.IntRange(0, 2).Draw(g.T, "overflow"), Order: rapid.SampledFrom([]config.Order{config.LIFO, config.FIFO}).Draw(g.T, "order"),
			Reset: rapid.SampledFrom([]config.Reset{"rollback", "none", "discard all"}).Draw(g.T, "reset")}
		if rapid.Bool().Draw(g.T, "own database") {
			p.Database = rapid.SampledFrom(g.databases).Draw(g.T, "database")
		}
		if rapid.Bool().Draw(g.T, "named") {
			p.Runtime = map[string]string{"application_name": rapid.SampledFrom([]string{"x", "y"}).Draw(g.T, "name")}
		}
		if rapid.Bool().Draw(g.T, "hook") {
			p.Hooks.OnCheckout = []string{"set search_path = hooked"}
		}
		p.MinIdle = rapid.IntRange(0, p.Size).Draw(g.T, "min_idle")
		t.Pools = append(t.Pools, p)
	}
	for _, name := range some("routes", "u", "v", "w")[1:] {
		r := config.Route{Name: name, Database: name, Pool: rapid.SampledFrom(t.Pools).Draw(g.T, "to").Name}
		if rapid.Bool().Draw(g.T, "read") {
			r.Access = config.Read
		}
		if rapid.IntRange(0, 9).Draw(g.T, "wrong") == 0 {
			r.Pool = "missing"
		}
		t.Routes = append(t.Routes, r)
	}
	return t
}

// look is all of a system that can be seen and does not hang on its past.
func look(rt *rapid.T, t *testing.T, sys *unoactor.System) string {
	var b strings.Builder
	top := sys.Topology()
	for _, n := range sys.Snapshot().Nodes {
		fmt.Fprintf(&b, "node %s up %v breaker %v\n", n.Name, n.Up, n.Breaker)
	}
	for i, p := range sys.Snapshot().Pools {
		db, err := sys.DB(p.Name)
		if err != nil {
			rt.Fatal(err)
		}
		var in, application, path string
		l, err := db.Acquire(t.Context())
		if err != nil {
			rt.Fatalf("pool %s: %v", p.Name, err)
		}
		c, err := l.Conn()
		if err == nil {
			err = c.QueryRow(t.Context(), "select current_database(), current_setting('application_name'), current_setting('search_path')").Scan(&in, &application, &path)
		}
		if err != nil {
			rt.Fatalf("pool %s: %v", p.Name, err)
		}
		port := c.PgConn().Conn().RemoteAddr().(*net.TCPAddr).Port
		l.Release()
		fmt.Fprintf(&b, "pool %s on %s by port %d in %s as %q with %q: %d of at most %d\n", p.Name, p.Node, port, in, application, path, p.Stats.SoftLimit, p.Stats.HardLimit)
		if d := config.Compare(config.Topology{Pools: []config.Pool{top.Pools[i]}}, config.Topology{Pools: []config.Pool{db.Pool().Config()}}); !d.Empty() {
			rt.Fatalf("the pool is not as its topology says:\n%v", d)
		}
	}
	for _, database := range []string{"", "p", "q", "u", "v", "w"} {
		for _, access := range []config.Access{config.Read, config.Write} {
			db, err := sys.For(routing.Intent{Database: database, Access: access})
			if err != nil {
				fmt.Fprintf(&b, "%s %s: %v\n", access, database, err)
			} else {
				fmt.Fprintf(&b, "%s %s: %s\n", access, database, db.Pool().Name())
			}
		}
	}
	fmt.Fprintln(&b, config.Compare(config.Topology{}, top))
	return b.String()
}

func startIn(rt *rapid.T, t *testing.T, top config.Topology) *unoactor.System {
	for {
		sys, err := unoactor.New(t.Context(), top)
		if err == nil {
			return sys
		}
		routes := slices.DeleteFunc(top.Routes, func(r config.Route) bool { return r.Pool == "missing" })
		if len(routes) == len(top.Routes) {
			top.Routes = nil // some are for writes and lead to a replica
		} else {
			top.Routes = routes
		}
		if len(top.Routes) == 0 && top.Complete().Check() != nil {
			rt.Fatal(err)
		}
	}
}

func endIn(rt *rapid.T, sys *unoactor.System) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := sys.Close(ctx); err != nil {
		rt.Error(err)
	}
}

func wait(rt *rapid.T, t *testing.T, applied *unoactor.Applied) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := applied.Wait(ctx); err != nil {
		rt.Fatal(err)
	}
}

// fewer has rapid try less often than it would, unless it is told how often.
func fewer(t *testing.T) {
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "rapid.checks" })
	if told {
		return
	}
	before := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", "30"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", before) })
}
