package uno_test

import (
	"context"
	"fmt"
	"log"

	"github.com/unoactor/unoactor"
)

// eventLogger logs what becomes of connections. It has the methods that it wants.
type eventLogger struct{ lines chan string }

func (l eventLogger) OnPoolCreated(e unoactor.PoolCreated)   { l.lines <- "pool created: " + e.Pool }
func (l eventLogger) OnPoolRecycled(e unoactor.PoolRecycled) { l.lines <- "pool recycled: " + e.Pool }
func (l eventLogger) OnPoolDisposed(e unoactor.PoolDisposed) { l.lines <- "pool disposed: " + e.Pool }
func (l eventLogger) OnCheckout(e unoactor.CheckedOut)       { l.lines <- "checked out of " + e.Pool }
func (l eventLogger) OnCheckin(e unoactor.CheckedIn)         { l.lines <- "checked in to " + e.Pool }
func (l eventLogger) OnConnectionError(e unoactor.ConnectionError) {
	l.lines <- "connection error: " + e.Err.Error()
}

func Example_events() {
	ctx := context.Background()
	lines := make(chan string, 100)
	db, err := unoactor.Connect(ctx, url, unoactor.Pool{Size: 2}, unoactor.WithEvents(eventLogger{lines}))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(ctx, "select 1"); err != nil {
		log.Fatal(err)
	}
	if err := db.Close(ctx); err != nil {
		log.Fatal(err)
	}
	close(lines)
	for line := range lines {
		fmt.Println(line)
	}
	// Output:
	// pool created: default
	// checked out of default
	// checked in to default
	// pool disposed: default
}
