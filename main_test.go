package unoactor_test

import (
	"context"
	"testing"
	"time"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// topology is one pool of four on a database of the test's own.
func topology(server *testkit.Server, database string) config.Topology {
	return config.Topology{
		Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
			Password: config.Secret(server.Password()), Database: database}},
		Pools: []config.Pool{{Name: "default", Node: "main", Size: 4}},
	}
}

// open starts a system on a database of the test's own. When the test ends no
// lease may be out.
func open(t testing.TB, options ...unoactor.Option) *unoactor.DB {
	t.Helper()
	server, database := testkit.Shared(t)
	sys, err := unoactor.New(t.Context(), topology(server, database), options...)
	if err != nil {
		t.Fatal(err)
	}
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		testkit.CheckNoLeases(t, db.Pool())
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := sys.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return db
}
