package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/unoactor/unoactor/bench/progress"
	"github.com/unoactor/unoactor/testkit"
)

// Options say what to measure and how long.
type Options struct {
	Server  *testkit.Server // takes at least 300 connections
	Daemon  string          // path of unoactor
	Rounds  int
	Seconds int // of each run of pgbench, which counts the time to connect
	Clients []int
}

// Sample is one run of pgbench against one target.
type Sample struct {
	Transactions int     `json:"transactions"`
	TPS          float64 `json:"tps"` // connecting not counted
	LatencyMS    float64 `json:"latency_ms"`
	// CPU is what the proxy's process used a transaction, in microseconds; nil
	// where it is not known.
	CPU *float64 `json:"cpu_us"`
}

// Result is a case with the samples of every target, a sample a round.
type Result struct {
	Case
	Samples map[string][]Sample `json:"samples"`
}

// warmUp is the length of the runs, one a target, that come before all others.
const warmUp = 2

// Planned is about how long Run takes.
func (o Options) Planned() time.Duration {
	return time.Duration(len(Targets)*(warmUp+len(o.cases())*o.Rounds*o.Seconds)) * time.Second
}

// Run starts the proxies, measures every case and ends the proxies. When ctx
// ends it returns its error.
func Run(ctx context.Context, o Options, p *progress.Progress) (results []Result, err error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	targets, stop, err := o.startTargets(ctx, programs)
	if err != nil {
		return nil, err
	}
	defer stop()
	p.Start("pgbench: tables and a warm-up")
	if err := programs.fill(ctx, targets[PostgreSQL]); err != nil {
		return nil, err
	}
	for _, name := range Targets {
		if _, err := programs.bench(ctx, targets[name], Case{Simple, backends}, warmUp); err != nil {
			return nil, fmt.Errorf("warm up %s: %w", name, err)
		}
		p.Done(warmUp * time.Second)
	}
	for _, c := range o.cases() {
		p.Start(c.String())
		r := Result{Case: c, Samples: make(map[string][]Sample)}
		for range o.Rounds {
			for _, name := range Targets {
				s, err := programs.sample(ctx, targets[name], c, o.Seconds)
				if err != nil {
					return nil, fmt.Errorf("%v, %s: %w%s", c, name, err, targets[name].lastWords())
				}
				r.Samples[name] = append(r.Samples[name], s)
				p.Done(time.Duration(o.Seconds) * time.Second)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

// startTargets starts both proxies. stop ends them and removes their files; it
// must be called unless there is an error.
func (o Options) startTargets(ctx context.Context, p programs) (map[string]target, func(), error) {
	targets := map[string]target{PostgreSQL: {name: PostgreSQL, port: o.Server.Port()}}
	var undo []func()
	stop := func() {
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
	}
	for _, proxy := range []struct {
		name    string
		program string
		start   func(ctx context.Context, program, dir string, server int) (target, error)
	}{{Unoactor, o.Daemon, startDaemon}, {PgBouncer, p.pgbouncer, startPgBouncer}} {
		dir, err := makeDirectory(proxy.name)
		if err == nil {
			undo = append(undo, func() { _ = os.RemoveAll(dir) })
			targets[proxy.name], err = proxy.start(ctx, proxy.program, dir, o.Server.Port())
		}
		if err != nil {
			stop()
			return nil, nil, err
		}
		undo = append(undo, targets[proxy.name].process.stop)
	}
	return targets, stop, nil
}

// makeDirectory makes it in /tmp as root, where another account can enter.
func makeDirectory(name string) (string, error) {
	parent := os.TempDir()
	if os.Geteuid() == 0 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "unoactor-bench-"+name+"-")
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// sample is one run, and what the target's process used meanwhile.
func (p programs) sample(ctx context.Context, at target, c Case, seconds int) (Sample, error) {
	before, beforeErr := at.cpuTime()
	out, err := p.bench(ctx, at, c, seconds)
	if err != nil {
		return Sample{}, err
	}
	after, afterErr := at.cpuTime()
	s := Sample{
		Transactions: out.transactions,
		TPS:          out.tps,
		LatencyMS:    float64(out.latency) / float64(time.Millisecond),
	}
	switch err := errors.Join(beforeErr, afterErr); {
	case errors.Is(err, errNoProc), at.process == nil:
	case err != nil:
		return s, fmt.Errorf("CPU time of %s: %w", at.name, err)
	default:
		us := float64(after-before) / float64(time.Microsecond) / float64(out.transactions)
		s.CPU = &us
	}
	return s, nil
}
