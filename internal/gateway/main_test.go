package gateway_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type router struct{ tree *supervisor.System }

func (r router) Route(database, user string) (gateway.Pool, error) {
	p, _, err := r.tree.Route(routing.Intent{Database: database, User: user})
	if err != nil {
		return nil, err
	}
	return p, nil
}

type world struct {
	server   *testkit.Server
	database string
	gateway  *gateway.Server
	tree     *supervisor.System
	host     string
	port     string
}

func start(t testing.TB, server *testkit.Server, database string, change func(*config.Pool, *config.Gateway)) world {
	t.Helper()
	return startWith(t, server, database, config.Route{Name: "all", Pool: "default"}, change)
}

func startWith(t testing.TB, server *testkit.Server, database string, route config.Route, change func(*config.Pool, *config.Gateway)) world {
	t.Helper()
	return startLogged(t, server, database, os.Stderr, route, change)
}

func startLogged(t testing.TB, server *testkit.Server, database string, out io.Writer, route config.Route, change func(*config.Pool, *config.Gateway)) world {
	t.Helper()
	return startAt(t, server, uint16(server.Port()), database, out, route, change)
}

// startVia connects to the server by way of another port of this machine.
func startVia(t testing.TB, server *testkit.Server, database string, port uint16, change func(*config.Pool, *config.Gateway)) world {
	t.Helper()
	return startAt(t, server, port, database, os.Stderr, config.Route{Name: "all", Pool: "default"}, change)
}

func startAt(t testing.TB, server *testkit.Server, port uint16, database string, out io.Writer, route config.Route, change func(*config.Pool, *config.Gateway)) world {
	t.Helper()
	n := config.Node{Name: "main", Host: server.Host(), Port: port, User: server.User(), Password: config.Secret(server.Password()),
		Database: database, BackoffMin: 20 * time.Millisecond, BackoffMax: 200 * time.Millisecond}
	p := config.Pool{Name: "default", Node: "main", Size: 4}
	g := config.Gateway{Listen: []string{"127.0.0.1:0"}, Auth: config.Trust}
	if change != nil {
		change(&p, &g)
	}
	log := hclog.New(&hclog.LoggerOptions{Output: out, Level: hclog.Warn})
	tree, err := supervisor.Start(config.Topology{Nodes: []config.Node{n}, Pools: []config.Pool{p}, Gateway: g,
		Routes: []config.Route{route}}, supervisor.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	gw, err := gateway.New(gateway.Options{Config: tree.Topology().Gateway, Router: router{tree}, Log: log})
	if err == nil {
		err = gw.Listen()
	}
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- gw.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := gw.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := tree.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	gwHost, gwPort, err := net.SplitHostPort(gw.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return world{server, database, gw, tree, gwHost, gwPort}
}

// environ has libpq's programs connect to the gateway.
func (w world) environ() []string {
	return append(os.Environ(), "PGHOST="+w.host, "PGPORT="+w.port, "PGUSER=dev", "PGDATABASE=default", "PGSSLMODE=disable")
}

// run runs a program that connects to the gateway, which must succeed.
func (w world) run(t testing.TB, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = w.environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}
