package uno_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

func Example_retry() {
	ctx := context.Background()
	db, err := unoactor.Connect(ctx, url, unoactor.Pool{Size: 2, Retry: unoactor.Retry{
		MaxRetries:      3,
		RetryDelay:      10 * time.Millisecond,
		BackoffFactor:   2,
		RetryableErrors: []string{"operational", "connection", "serialization", "40P01"},
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close(ctx)

	attempts := 0
	err = db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		attempts++
		_, err := tx.Exec(ctx, "do $$ begin raise exception using errcode = 'serialization_failure'; end $$")
		return err
	})
	var failed *unoactor.RetryError
	if errors.As(err, &failed) {
		fmt.Printf("failed after %d attempts, and ran %d times\n", failed.Attempts, attempts)
	}
	// Output: failed after 4 attempts, and ran 4 times
}

func Example_circuitBreaker() {
	ctx := context.Background()
	sys, err := unoactor.New(ctx, unoactor.Topology{
		Nodes: []unoactor.Node{{Name: "main", Port: 1, User: "nobody", Database: "nothing", BackoffMin: time.Millisecond, BackoffMax: time.Millisecond,
			Breaker: unoactor.Breaker{
				FailureThreshold: 5,
				ResetTimeout:     30 * time.Second,
				TripTimeout:      60 * time.Second,
			}}},
		Pools: []unoactor.Pool{{Name: "default", Node: "main", Size: 2}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)

	_, err = must(sys.DB("default")).Exec(ctx, "select 1") // nobody listens on that port
	var open *unoactor.BreakerError
	if errors.As(err, &open) {
		fmt.Println("the breaker of node", open.Node, "is open")
	}
	// Output: the breaker of node main is open
}
