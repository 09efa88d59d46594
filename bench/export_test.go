package main

import (
	"io"
	"time"

	"github.com/unoactor/unoactor/bench/checkout"
	"github.com/unoactor/unoactor/bench/gateway"
)

// ParsedOptions is what a command line comes to.
type ParsedOptions struct {
	Checkout, Gateway          bool
	CheckoutRounds             int
	Pass                       time.Duration
	GatewayRounds, MostClients int
	Run                        time.Duration
	Dir, Daemon                string
}

// ParseOptions is parseOptions.
func ParseOptions(usage io.Writer, args ...string) (ParsedOptions, error) {
	o, err := parseOptions(args, usage)
	clients := o.clients()
	return ParsedOptions{
		o.wants(partCheckout), o.wants(partGateway), o.checkout().rounds, o.checkout().turn,
		o.gateway().rounds, clients[len(clients)-1], o.gateway().turn, o.dir, o.daemon,
	}, err
}

// Report makes a report of some results; skipped is why there are none of the gateway.
func Report(c []checkout.Result, g []gateway.Result, skipped string) interface{ Write(dir string) error } {
	return written{report{
		Date: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), Took: "1m0s", ClockNS: 40,
		Machine:  machine{OS: "plan9", Arch: "mips", CPU: "Abacus", Cores: 1, Go: "go1", Versions: map[string]string{"pgx": "v5"}},
		Checkout: &checkoutPart{Rounds: 1, PassMS: 40, Results: c},
		Gateway:  &gatewayPart{Rounds: 1, Seconds: 5, Results: g, Skipped: skipped},
	}}
}

type written struct{ report }

// Write is write.
func (w written) Write(dir string) error { return w.write(dir) }
