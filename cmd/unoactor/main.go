// Command unoactor supervises PostgreSQL connections for any client.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// What the process's exit code says.
const (
	exitOK     = 0
	exitFailed = 1 // the command was understood and failed
	exitUsage  = 2 // it was not understood
)

func main() {
	secondSignalEnds()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newRoot().ExecuteContext(ctx)
	stop()
	os.Exit(report(err))
}

// report prints what went wrong and chooses the exit code.
func report(err error) int {
	var code exitCode
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code): // of a child, which has said why
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "unoactor: %v\nTry 'unoactor --help'.\n", err)
		return exitUsage
	}
	printError(os.Stderr, err)
	return exitFailed
}
