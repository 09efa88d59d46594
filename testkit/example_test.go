package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/testkit"
)

// In a test, Postgres(t) does the same in one line.
func ExampleStartServer() {
	ctx := context.Background()
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{
		Parameters: map[string]string{"max_connections": "20"},
		Databases:  []string{"shop"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	conn, err := pgx.Connect(ctx, server.URL("shop"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close(ctx)
	fmt.Println("before:", conn.Ping(ctx))

	if err := server.Kill(); err != nil {
		fmt.Println(err)
	}
	fmt.Println("killed:", conn.Ping(ctx) != nil)

	if err := server.Start(ctx); err != nil {
		fmt.Println(err)
	}
	limit, err := server.QueryValue(ctx, "shop", "SHOW max_connections")
	fmt.Println("recovered:", limit, err)
	// Output:
	// before: <nil>
	// killed: true
	// recovered: 20 <nil>
}

// A network that swallows everything is seen only by who sets deadlines.
func ExampleProxy_BlackHole() {
	ctx := context.Background()
	fake := testkit.NewFake(testkit.Script{testkit.Login(), testkit.Answer(nil)})
	defer fake.Close()
	address, err := fake.Listen()
	if err != nil {
		fmt.Println(err)
		return
	}
	proxy, err := testkit.StartProxy(address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer proxy.Close()

	conn, err := pgx.Connect(ctx, "postgres://me@"+proxy.Addr()+"/db?sslmode=disable")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close(ctx)
	fmt.Println("before:", conn.Ping(ctx))

	proxy.BlackHole()
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	fmt.Println("timed out:", errors.Is(conn.Ping(soon), context.DeadlineExceeded))
	// Output:
	// before: <nil>
	// timed out: true
}

// The first login meets a server that is starting up, the second one works.
func ExampleFake() {
	ctx := context.Background()
	fake := testkit.NewFake(
		testkit.Script{testkit.RefuseLogin("57P03", "the database system is starting up")},
		testkit.Script{testkit.Login(), testkit.Answer(testkit.Answers{
			"SELECT name FROM users": {Columns: []string{"name"}, Rows: [][]string{{"ada"}, {"grace"}}},
			"SELECT 1/0":             {Error: testkit.Error("ERROR", "22012", "division by zero")},
		})},
	)
	defer fake.Close()
	config, err := fake.Config()
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = pgconn.ConnectConfig(ctx, config)
	fmt.Println("starting:", testkit.IsSQLState(err, "57P03"))

	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, "SELECT name FROM users").ReadAll()
	fmt.Printf("users: %s %v\n", results[0].Rows, err)
	fmt.Println("zero:", conn.Exec(ctx, "SELECT 1/0").Close())
	// Output:
	// starting: true
	// users: [[ada] [grace]] <nil>
	// zero: ERROR: division by zero (SQLSTATE 22012)
}
