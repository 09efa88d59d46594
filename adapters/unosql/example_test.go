package unosql_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/testkit"
)

func Example() {
	ctx := context.Background()
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{})
	if err != nil {
		log.Fatal(err)
	}
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
		log.Fatal(err)
	}
	defer sys.Close(ctx)
	pool, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}
	db := unosql.Open(pool)
	defer db.Close()

	if _, err := db.ExecContext(ctx, "create table account (owner text, balance int)"); err != nil {
		log.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, "insert into account values ($1, 100), ($2, 20)", "Ann", "Bob"); err != nil {
		log.Fatal(err)
	}
	var sum int
	if err := db.QueryRowContext(ctx, "select sum(balance) from account").Scan(&sum); err != nil {
		log.Fatal(err)
	}
	fmt.Println(sum, "in all,", pool.Stats().Used, "leases out")
	// Output: 120 in all, 0 leases out
}
