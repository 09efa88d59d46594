package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// status is one line at the bottom of a terminal that is rewritten every second.
// What is logged meanwhile is written above it.
type status struct {
	live bool
	mu   sync.Mutex
	out  io.Writer
	line string
}

func newStatus(out io.Writer, live bool) *status { return &status{out: out, live: live} }

// Write prints log lines above the status line.
func (s *status) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := fmt.Fprintf(s.out, "\r\x1b[K%s%s", p, s.line); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (s *status) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.line = line
	fmt.Fprintf(s.out, "\r\x1b[K%s", line)
}

// start rewrites the line until the returned function is called.
func (s *status) start(d *daemon) (stop func()) {
	if !s.live {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		var before uint64
		for {
			transactions := d.gateway.Stats().Transactions
			s.show(statusLine(d, transactions-before))
			before = transactions
			select {
			case <-tick.C:
			case <-done:
				s.show("")
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// statusLine says in one line how the whole tree is.
func statusLine(d *daemon, perSecond uint64) string {
	snap := d.tree.Snapshot()
	var b strings.Builder
	for _, n := range snap.Nodes {
		state := "up"
		if !n.Up {
			state = "down: " + n.Cause.String()
		}
		fmt.Fprintf(&b, "node %s %s | ", n.Name, state)
	}
	restarts := uint64(0)
	for _, p := range snap.Pools {
		fmt.Fprintf(&b, "%s %d/%d open, %d leased, %d waiting | ", p.Name, p.Stats.Size, p.Stats.HardLimit, p.Stats.Used, p.Stats.Waiting)
		restarts += p.Restarts
	}
	fmt.Fprintf(&b, "%d clients, %d tx/s, %d restarts", d.gateway.Stats().Clients, perSecond, restarts)
	return b.String()
}
