package main

import (
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/unoactor/unoactor/bench/gateway"
)

// The parts.
const (
	partCheckout = "checkout"
	partSession  = "session"
	partGateway  = "gateway"
)

// options are what the command line says.
type options struct {
	only   string // a part; "" is all
	rounds int    // of each part; 0 takes each part's own
	quick  bool
	dir    string
	daemon string
}

func parseOptions(args []string, usage io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.only, "only", "", "measure one part: checkout, session or gateway")
	flags.IntVar(&o.rounds, "rounds", 0, "rounds of each case (default 5 for checkout and session, 3 for gateway)")
	flags.BoolVar(&o.quick, "quick", false, "about a minute in all: shorter and fewer rounds, rougher figures")
	flags.StringVar(&o.dir, "o", "bench/out", "folder for report.md and report.json")
	flags.StringVar(&o.daemon, "daemon", "", "path of the unoactor to measure (default: built from this source)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected %q", flags.Arg(0))
	}
	if o.only != "" && o.only != partCheckout && o.only != partSession && o.only != partGateway {
		return o, fmt.Errorf("-only %q: want checkout, session or gateway", o.only)
	}
	if o.rounds < 0 {
		return o, fmt.Errorf("-rounds %d: want 1 or more", o.rounds)
	}
	return o, nil
}

func (o options) wants(part string) bool { return o.only == "" || o.only == part }

// length is how much is measured: rounds of each case, and the time of one turn.
type length struct {
	rounds int
	turn   time.Duration
}

// checkout is rounds and the length of a pass.
func (o options) checkout() length {
	return o.length(length{5, 300 * time.Millisecond}, length{3, 40 * time.Millisecond})
}

// gateway is rounds and the length of a run of pgbench, in whole seconds.
func (o options) gateway() length {
	return o.length(length{3, 5 * time.Second}, length{1, 2 * time.Second})
}

// clients are how many there are in the cases of the gateway part. A short run
// of pgbench is over before very many have connected to PostgreSQL itself.
func (o options) clients() []int {
	if o.quick {
		return []int{1, 8, 64}
	}
	return gateway.Clients
}

func (o options) length(full, quick length) length {
	l := full
	if o.quick {
		l = quick
	}
	if o.rounds > 0 {
		l.rounds = o.rounds
	}
	return l
}
