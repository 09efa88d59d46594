// Command embed is the least that a program with unoactor in it can be: it opens
// the topology named by its argument, asks for an answer and closes. Its size is what
// weight_test.go looks at.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/unoactor/unoactor"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, topology string) error {
	sys, err := unoactor.Open(ctx, topology)
	if err != nil {
		return err
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		return err
	}
	var answer int
	if err := db.QueryRow(ctx, "select 6 * 7").Scan(&answer); err != nil {
		return err
	}
	fmt.Println(answer)
	return nil
}
