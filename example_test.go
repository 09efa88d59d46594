package unoactor_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/testkit"
)

// exampleServer is a PostgreSQL for the examples.
func exampleServer(ctx context.Context) *testkit.Server {
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{})
	if err != nil {
		log.Fatal(err)
	}
	return server
}

func Example() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()

	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "topology.hcl")
	hcl := fmt.Sprintf(`
node "main" {
  host = "127.0.0.1"
  port = %d
  user = "postgres"
}
pool "default" {
  node     = node.main
  database = "postgres"
  profile  = "light"
}`, server.Port())
	if err := os.WriteFile(file, []byte(hcl), 0o600); err != nil {
		log.Fatal(err)
	}

	sys, err := unoactor.Open(ctx, file)
	if err != nil {
		log.Fatal(err) // file:line, the line itself, and what to write instead
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}
	var answer int
	if err := db.QueryRow(ctx, "select 6 * 7").Scan(&answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
	// Output: 42
}

func ExampleNew() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()

	sys, err := unoactor.New(ctx, unoactor.Topology{
		Nodes: []unoactor.Node{{Name: "main", Port: uint16(server.Port()), User: server.User(), Database: "postgres"}},
		Pools: []unoactor.Pool{{Name: "default", Node: "main", Profile: unoactor.ProfileLight, MinIdle: 1}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}
	stats := db.Stats()
	fmt.Println("kept:", stats.SoftLimit, "at most:", stats.HardLimit)
	// Output: kept: 5 at most: 15
}

func ExampleDB_Tx() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()
	sys, err := unoactor.New(ctx, topology(server, "postgres"))
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}

	if _, err := db.Exec(ctx, "create table account (id int primary key, balance int); insert into account values (1, 100), (2, 0)"); err != nil {
		log.Fatal(err)
	}
	err = db.Tx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "update account set balance = balance - 30 where id = $1", 1); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "update account set balance = balance + 30 where id = $1", 2)
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	rows, err := db.Query(ctx, "select balance from account order by id")
	if err != nil {
		log.Fatal(err)
	}
	balances, err := pgx.CollectRows(rows, pgx.RowTo[int])
	fmt.Println(balances, err)
	// Output: [70 30] <nil>
}

func ExampleDB_Acquire() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()
	sys, err := unoactor.New(ctx, topology(server, "postgres"))
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}

	// A lease keeps one backend, for session state such as an advisory lock.
	lease, err := db.Acquire(ctx)
	if err != nil {
		log.Fatal(err)
	}
	var locked bool
	err = lease.QueryRow(ctx, "select pg_try_advisory_lock(1)").Scan(&locked)
	if err == nil {
		_, err = lease.Exec(ctx, "select pg_advisory_unlock(1)")
	}
	lease.Release()
	fmt.Println(locked, err)

	_, err = lease.Exec(ctx, "select 1")
	fmt.Println(err)
	// Output:
	// true <nil>
	// use of a lease of pool "default", slot 0, after its release
}
