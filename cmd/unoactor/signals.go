package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hashicorp/go-hclog"
)

// secondSignalEnds has the second signal that asks the process to end do so at
// once. The first is for whoever else takes it.
func secondSignalEnds() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		<-signals
		fmt.Fprintln(os.Stderr, "unoactor: ended at once by a second signal")
		os.Exit(exitFailed)
	}()
}

// hangUps are the requests to reload that come from now on. They don't end the
// process, as they would if nobody took them.
func hangUps() <-chan os.Signal {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	return hup
}

// declineReloads says to whoever asks for a reload that there is none, and what to do.
func declineReloads(hup <-chan os.Signal, file string, log hclog.Logger) {
	for range hup {
		log.Warn("SIGHUP: the topology can't be reloaded while the daemon runs, nothing has changed; to take a new one up, restart it",
			"check", "unoactor check "+file)
	}
}
