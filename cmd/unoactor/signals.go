package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// secondSignalEnds has a signal that comes after ctx was ended by the first one
// end the process at once.
func secondSignalEnds(ctx context.Context) {
	context.AfterFunc(ctx, func() {
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		<-again
		fmt.Fprintln(os.Stderr, "unoactor: ended at once by a second signal")
		os.Exit(exitFailed)
	})
}
