package unohealth_test

import (
	"context"
	"testing"
	"time"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// topology has pools of two on one server.
func topology(server *testkit.Server, database string, pools ...string) config.Topology {
	top := config.Topology{Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
		Password: config.Secret(server.Password()), Database: database, BackoffMin: 10 * time.Millisecond, BackoffMax: 50 * time.Millisecond}}}
	for _, name := range pools {
		top.Pools = append(top.Pools, config.Pool{Name: name, Node: "main", Size: 2})
	}
	return top
}

func open(t *testing.T, top config.Topology) *unoactor.System {
	t.Helper()
	sys, err := unoactor.New(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return sys
}

func pool(t *testing.T, sys *unoactor.System, name string) *unoactor.DB {
	t.Helper()
	db, err := sys.DB(name)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
