package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/unoactor/unoactor/bench/checkout"
	"github.com/unoactor/unoactor/bench/gateway"
	"github.com/unoactor/unoactor/bench/progress"
	"github.com/unoactor/unoactor/testkit"
)

// The crowd: waiters that no pool would choose to have, and must serve in order.
const (
	crowdGoroutines = 10_000
	crowdAcquires   = 1_000_000
)

// measure does what the options want, prints the report and writes its files.
func measure(ctx context.Context, o options) (err error) {
	began := time.Now()
	p := progress.New(os.Stderr, time.Now)
	r := report{Date: began, Machine: thisMachine(), ClockNS: float64(checkout.ClockCost())}
	p.Say("starting PostgreSQL")
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{
		Databases: []string{"bench"}, Parameters: map[string]string{"max_connections": "400"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if r.Machine.Versions["postgresql"], err = server.QueryValue(ctx, "", "select split_part(current_setting('server_version'), ' ', 1)"); err != nil {
		return err
	}
	parts, stop, err := o.parts(ctx, server, p, &r)
	if err != nil {
		return err
	}
	defer stop()
	for _, part := range parts {
		if err := part(); err != nil {
			return err
		}
	}
	r.Took = time.Since(began).Round(time.Second).String()
	fmt.Print(r.markdown())
	if err := r.write(o.dir); err != nil {
		return err
	}
	p.Say("written: %s", filepath.Join(o.dir, "report.{md,json}"))
	return nil
}

// parts plans what is wanted, so that the time left counts all of it, and
// returns it to be done. stop removes what the parts need.
func (o options) parts(ctx context.Context, server *testkit.Server, p *progress.Progress, r *report) (parts []func() error, stop func(), err error) {
	stop = func() {}
	if o.wants(partCheckout) {
		l := o.checkout()
		c := checkout.Options{URL: server.URL(""), Rounds: l.rounds, Pass: l.turn}
		r.Checkout = &checkoutPart{Rounds: l.rounds, PassMS: float64(l.turn.Milliseconds())}
		p.Plan(c.Planned() + checkout.CrowdPlanned)
		parts = append(parts, func() (err error) {
			if r.Checkout.Results, err = checkout.Run(ctx, c, p); err != nil {
				return err
			}
			r.Checkout.Crowd, err = checkout.RunCrowd(ctx, c.URL, crowdGoroutines, crowdAcquires, p)
			return err
		})
	}
	if o.wants(partSession) {
		l := o.checkout()
		c := checkout.Options{URL: server.URL(""), Rounds: l.rounds, Pass: l.turn}
		p.Plan(c.SessionPlanned())
		parts = append(parts, func() (err error) {
			r.Session, err = checkout.RunSession(ctx, c, p)
			return err
		})
	}
	if !o.wants(partGateway) {
		return parts, stop, nil
	}
	l := o.gateway()
	r.Gateway = &gatewayPart{Rounds: l.rounds, Seconds: int(l.turn.Seconds())}
	if missing := gateway.Missing(); missing != nil {
		r.Gateway.Skipped = strings.ReplaceAll(missing.Error(), "\n", "; ")
		p.Say("the gateway part is skipped: %s", r.Gateway.Skipped)
		return parts, stop, nil
	}
	for name, version := range gateway.Versions() {
		r.Machine.Versions[name] = version
	}
	daemon, stop, err := o.findDaemon(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	g := gateway.Options{Server: server, Daemon: daemon, Rounds: l.rounds, Seconds: r.Gateway.Seconds, Clients: o.clients()}
	p.Plan(g.Planned())
	return append(parts, func() (err error) {
		r.Gateway.Results, err = gateway.Run(ctx, g, p)
		return err
	}), stop, nil
}

// findDaemon returns the path of unoactor: the one that was named, else one
// built from this source, so that no old build is measured. remove removes that.
func (o options) findDaemon(ctx context.Context, p *progress.Progress) (path string, remove func(), err error) {
	if o.daemon != "" {
		path, err = filepath.Abs(o.daemon)
		return path, func() {}, err
	}
	dir, err := os.MkdirTemp("", "unoactor-bench-build-")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "unoactor")
	p.Say("building unoactor")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/unoactor/unoactor/cmd/unoactor").CombinedOutput()
	if err != nil {
		_ = os.RemoveAll(dir) // the build's error says more
		return "", nil, fmt.Errorf("build unoactor: %w: %s", err, out)
	}
	return path, func() { _ = os.RemoveAll(dir) }, nil
}
