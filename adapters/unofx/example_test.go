package unofx_test

import (
	"context"
	"fmt"
	"log"

	"go.uber.org/fx"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unofx"
	"github.com/unoactor/unoactor/testkit"
)

// store is a part of an application that needs a database.
type store struct{ db *unoactor.DB }

func newStore(db *unoactor.DB) *store { return &store{db} }

func (s *store) count(ctx context.Context) (n int, err error) {
	err = s.db.QueryRow(ctx, "select count(*) from generate_series(1, 42)").Scan(&n)
	return n, err
}

func Example() {
	ctx := context.Background()
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	topology := unoactor.Topology{
		Nodes: []unoactor.Node{{Name: "main", Port: uint16(server.Port()), User: server.User(), Database: "postgres"}},
		Pools: []unoactor.Pool{{Name: "default", Node: "main"}},
	}

	var s *store
	app := fx.New(unofx.FromTopology(topology), fx.Provide(newStore), fx.Populate(&s), fx.NopLogger)
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.count(ctx))
	fmt.Println("stopped:", app.Stop(ctx))
	// Output:
	// 42 <nil>
	// stopped: <nil>
}
