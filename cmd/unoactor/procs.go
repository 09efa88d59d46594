package main

import (
	"os"
	"runtime"
)

// limitProcs has the daemon run on half of the processors, unless GOMAXPROCS is
// set in the environment. Nearly all of its work is system calls that wake a
// client or a server: a processor more than it needs costs more in waking and
// stealing than it brings, and the others have clients and servers to run.
func limitProcs() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2))
	}
}
