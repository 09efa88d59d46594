package uno_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/unoactor/unoactor"
)

func Example_poolManagement() {
	ctx := context.Background()
	db, err := unoactor.Connect(ctx, url, unoactor.Pool{Size: 10, MaxOverflow: 20, MaxLifetime: time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close(ctx)

	// Warm up the pool
	if err := db.Pool().WarmUp(ctx, 5); err != nil {
		log.Fatal(err)
	}

	// Get pool statistics
	stats := db.Stats()
	fmt.Println("Size:", stats.Size)
	fmt.Println("Used:", stats.Used)
	fmt.Println("Idle:", stats.Idle)
	fmt.Println("Soft limit:", stats.SoftLimit)
	fmt.Println("Hard limit:", stats.HardLimit)

	// Clear idle connections
	if _, err := db.Pool().ClearIdle(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("Left:", db.Stats().Idle)
	// Output:
	// Size: 5
	// Used: 0
	// Idle: 5
	// Soft limit: 10
	// Hard limit: 30
	// Left: 0
}

func Example_poolMonitoring() {
	ctx := context.Background()
	db, end := database()
	defer end()

	monitor := unoactor.NewHealthMonitor(db)
	health := monitor.CheckHealth(ctx)
	fmt.Println("Status:", health.Status) // OK, WARNING or CRITICAL
	fmt.Println("Pool utilization:", health.Metrics["pool_utilization"])
	if health.Status == unoactor.HealthCritical {
		fmt.Println("Details:", health.Details)
	}
	// Output:
	// Status: OK
	// Pool utilization: 0
}
