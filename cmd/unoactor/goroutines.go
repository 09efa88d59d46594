//go:build hostile

package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
)

// This file is only in the binary that internal/hostile builds. On SIGUSR1 that binary gives
// the kernel back what memory it no longer uses, and prints its goroutines on standard error,
// so that a test can count both.
func init() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for range asked {
			debug.FreeOSMemory()
			fmt.Fprintln(os.Stderr, "goroutines: begin")
			_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1) // standard error is all there is to complain to
			fmt.Fprintln(os.Stderr, "goroutines: end")
		}
	}()
}
