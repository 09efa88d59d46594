package uno_test

import (
	"context"
	"fmt"
	"log"

	"go.uber.org/fx"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unofx"
)

// users is a service that wants a database.
type users struct{ db *unoactor.DB }

func newUsers(db *unoactor.DB) *users { return &users{db: db} }

func (u *users) count(ctx context.Context) (n int, err error) {
	err = u.db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		return s.QueryRow(ctx, "select count(*) from accounts").Scan(&n)
	})
	return n, err
}

func Example_dependencyInjection() {
	ctx := context.Background()
	settings := must(unoactor.SettingsFromEnv())
	node, pool := settings.Node(), settings.Pool()
	node.Name, pool.Name, pool.Node = "main", "default", "main"

	var u *users
	app := fx.New(
		fx.NopLogger,
		unofx.FromTopology(unoactor.Topology{Nodes: []unoactor.Node{node}, Pools: []unoactor.Pool{pool}}),
		fx.Provide(newUsers),
		fx.Populate(&u),
	)
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer func() { _ = app.Stop(ctx) }() // closes the pools

	n, err := u.count(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n)
	// Output: 2
}
