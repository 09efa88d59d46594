package unoactor_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

// The Go of docs/pool.md is taken from here, and compared by a test.

// examplePool starts a system of one pool for an example, on a server of its own.
func examplePool(ctx context.Context, p unoactor.Pool, options ...unoactor.Option) (db *unoactor.DB, end func()) {
	server := exampleServer(ctx)
	p.Name, p.Node = "default", "main"
	sys, err := unoactor.New(ctx, unoactor.Topology{
		Nodes: []unoactor.Node{{Name: "main", Port: uint16(server.Port()), User: server.User(), Database: "postgres"}},
		Pools: []unoactor.Pool{p},
	}, options...)
	if err != nil {
		log.Fatal(err)
	}
	db, err = sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}
	return db, func() {
		_ = sys.Close(ctx)
		_ = server.Close()
	}
}

// ExampleDB_Pool is what an operator tells a running pool.
func ExampleDB_Pool() {
	ctx := context.Background()
	db, end := examplePool(ctx, unoactor.Pool{Size: 4, MaxOverflow: 4})
	defer end()

	pool := db.Pool()
	// Before the load comes: four connections now, instead of when they are wanted.
	if err := pool.WarmUp(ctx, 4); err != nil {
		log.Fatal(err)
	}
	fmt.Println("open:", pool.Stats().Size)

	// More room, at once, without a restart.
	if err := pool.Resize(6, 6); err != nil {
		log.Fatal(err)
	}
	fmt.Println("limits:", pool.Stats().SoftLimit, pool.Stats().HardLimit)

	// Everybody waits while something is done to the server, for no longer than a minute.
	pausing, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := pool.Pause(pausing, unoactor.PauseWait); err != nil {
		log.Fatal(err) // leases are still out; the pool is paused all the same
	}
	closed, err := pool.ClearIdle(ctx) // no connection is left that could keep the server from stopping
	if err != nil {
		log.Fatal(err)
	}
	pool.Resume()
	fmt.Println("closed:", closed)

	// A new generation: idle connections are closed now, leased ones when they come back.
	pool.Invalidate(unoactor.InvalidateSoft)
	// Output:
	// open: 4
	// limits: 6 12
	// closed: 4
}

// ExampleDB_AcquirePriority shows that an administrator gets a connection of a full pool.
func ExampleDB_AcquirePriority() {
	ctx := context.Background()
	db, end := examplePool(ctx, unoactor.Pool{Size: 1})
	defer end()

	everything, err := db.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer everything.Release()

	admin, err := db.AcquirePriority(ctx, unoactor.PriorityAdmin)
	if err != nil {
		log.Fatal(err)
	}
	defer admin.Release()
	var n int
	err = admin.QueryRow(ctx, "select count(*) from pg_stat_activity where application_name = 'unoactor'").Scan(&n)
	fmt.Println("connections:", n, err)
	// Output: connections: 2 <nil>
}

// ExampleDB_Pool_why asks a pool for its last decisions.
func ExampleDB_Pool_why() {
	ctx := context.Background()
	db, end := examplePool(ctx, unoactor.Pool{Size: 1, AcquireTimeout: 500 * time.Millisecond})
	defer end()

	if err := db.Pool().WarmUp(ctx, 1); err != nil {
		log.Fatal(err)
	}
	only, err := db.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	_, err = db.Acquire(ctx)
	var refused *unoactor.AcquireError
	if errors.As(err, &refused) {
		fmt.Println(refused.Reason)
		fmt.Println("used:", refused.Stats.Used, "of", refused.Stats.HardLimit, "- by the same goroutine:", refused.OwnLeases)
	}
	only.Release()

	for _, decision := range db.Pool().Why(10) {
		fmt.Println(decision.What, decision.Note)
	}
	// Output:
	// no backend became free within the pool's acquire_timeout
	// used: 1 of 1 - by the same goroutine: 1
	// open an operator wants it warm
	// refuse timeout
}

// ExampleDB_Pool_rotate has a pool connect with another password.
func ExampleDB_Pool_rotate() {
	ctx := context.Background()
	db, end := examplePool(ctx, unoactor.Pool{Size: 2})
	defer end()

	if _, err := db.Exec(ctx, "create role app login password 'new'"); err != nil {
		log.Fatal(err)
	}
	err := db.Pool().Rotate(ctx, "app", "new")
	if errors.Is(err, unoactor.ErrRotation) {
		log.Fatal(err) // the old credentials stay, and the error says why
	}
	if _, err := db.Pool().ClearIdle(ctx); err != nil {
		log.Fatal(err)
	}
	var user string
	if err := db.QueryRow(ctx, "select current_user").Scan(&user); err != nil {
		log.Fatal(err)
	}
	fmt.Println(user)
	// Output: app
}

// tenant is a hook: each connection starts in a schema, and none is lent with a role
// that its last holder took.
type tenant struct{ schema string }

func (h tenant) OnConnect(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "set search_path to "+pgx.Identifier{h.schema}.Sanitize())
	return err
}

func (h tenant) OnCheckin(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "reset role")
	return err
}

// ExampleWithHooks adds a hook in Go to a pool.
func ExampleWithHooks() {
	ctx := context.Background()
	db, end := examplePool(ctx, unoactor.Pool{Size: 1}, unoactor.WithHooks("default", tenant{"shop"}))
	defer end()

	var path string
	if err := db.QueryRow(ctx, "show search_path").Scan(&path); err != nil {
		log.Fatal(err)
	}
	fmt.Println(path)
	// Output: shop
}

// ExampleNewHealthMonitor asks how a pool is.
func ExampleNewHealthMonitor() {
	ctx := context.Background()
	db, end := examplePool(ctx, unoactor.Pool{Size: 1})
	defer end()

	health := unoactor.NewHealthMonitor(db).CheckHealth(ctx)
	fmt.Println(health.Status, health.Metrics["pool_utilization"])

	l, err := db.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Release()
	health = unoactor.NewHealthMonitor(db).CheckHealth(ctx)
	fmt.Println(health.Status, health.Details)
	// Output:
	// OK 0
	// WARNING [1 of at most 1 backends are in use]
}

// ExampleDB_Tx_retried runs a transaction again that could not be serialized.
func ExampleDB_Tx_retried() {
	ctx := context.Background()
	db, end := examplePool(ctx, unoactor.Pool{Size: 4, Retry: unoactor.Retry{MaxRetries: 3}})
	defer end()

	attempts := 0
	err := db.Tx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		attempts++
		if attempts < 3 {
			_, err := tx.Exec(ctx, "do $$ begin raise 'as if' using errcode = '40001'; end $$")
			return err
		}
		return nil
	})
	fmt.Println(attempts, err)

	if unoactor.Unknown(err) {
		fmt.Println("it was sent and not answered: look before you do it again")
	}
	// Output: 3 <nil>
}
