package uno_test

import (
	"context"
	"fmt"
	"log"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

// customHook runs SQL at the turns of a connection's life.
type customHook struct{}

// OnConnect is run when a connection is created.
func (customHook) OnConnect(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "set application_name = 'MyApp'; set search_path = public, analytics")
	return err
}

// OnCheckout is run when a connection is checked out of the pool.
func (customHook) OnCheckout(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "set session characteristics as transaction isolation level read committed")
	return err
}

// OnCheckin is run when a connection comes back to the pool.
func (customHook) OnCheckin(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "reset statement_timeout")
	return err
}

func Example_hooks() {
	ctx := context.Background()
	db, end := database(unoactor.WithHooks("default", customHook{}))
	defer end()

	var name, level string
	err := db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, "select current_setting('application_name'), current_setting('transaction_isolation')").Scan(&name, &level)
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(name+",", level)
	// Output: MyApp, read committed
}
