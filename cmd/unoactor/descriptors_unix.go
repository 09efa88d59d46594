//go:build unix

package main

import (
	"math"
	"syscall"
)

// openFiles is how many files the process may have open. Go's runtime has raised the
// soft limit to the hard one where it could, before main.
func openFiles() (limit int, known bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return int(min(uint64(r.Cur), math.MaxInt32)), true
}
