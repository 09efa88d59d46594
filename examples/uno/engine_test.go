package uno_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/unoactor/unoactor"
)

func Example_createEngine() {
	ctx := context.Background()
	db, err := unoactor.Connect(ctx, url, unoactor.Pool{
		Size:           10,               // pool_size
		MaxOverflow:    20,               // max_overflow
		AcquireTimeout: 30 * time.Second, // pool_timeout
		MaxLifetime:    time.Hour,        // pool_recycle
		Echo:           false,            // echo
	})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close(ctx)

	var answer int
	if err := db.QueryRow(ctx, "select 42").Scan(&answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer)
	// Output: 42
}

func Example_pooledEngine() {
	ctx := context.Background()
	db, err := unoactor.Connect(ctx, url, unoactor.Pool{Name: "main", Size: 10, MaxOverflow: 20, MaxLifetime: time.Hour, MinIdle: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close(ctx)
	if err := db.Pool().WarmUp(ctx, 2); err != nil {
		log.Fatal(err)
	}

	stats := db.Stats()
	fmt.Printf("Pool size: %d, Used: %d, Idle: %d\n", stats.Size, stats.Used, stats.Idle)
	// Output: Pool size: 2, Used: 0, Idle: 2
}
