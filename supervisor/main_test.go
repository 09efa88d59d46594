package supervisor_test

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// system starts a tree on a server, closed at the end of the test. change edits
// the one pool it has.
func system(t testing.TB, server *testkit.Server, database string, change func(*config.Node, *config.Pool)) *supervisor.System {
	t.Helper()
	n := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
		Password: config.Secret(server.Password()), Database: database, BackoffMin: 20 * time.Millisecond, BackoffMax: 200 * time.Millisecond}
	p := config.Pool{Name: "default", Node: "main", Size: 4}
	if change != nil {
		change(&n, &p)
	}
	s, err := supervisor.Start(config.Topology{
		Nodes: []config.Node{n}, Pools: []config.Pool{p}, Gateway: config.Gateway{Auth: config.Trust},
	}, supervisor.Options{Log: hclog.New(&hclog.LoggerOptions{Output: hclog.DefaultOutput, Level: hclog.Debug})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Close(ctx) // what it says is looked at by the tests about it
	})
	return s
}

func pool(t testing.TB, s *supervisor.System) *supervisor.Pool {
	t.Helper()
	p, err := s.Pool("default")
	if err != nil {
		t.Fatal(err)
	}
	return p
}
