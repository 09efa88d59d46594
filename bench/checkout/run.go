package checkout

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/unoactor/unoactor/bench/progress"
)

// Options say how long to measure.
type Options struct {
	URL    string // of a server that takes three times 64 connections
	Rounds int
	Pass   time.Duration // length of a pass without a clock; the other is half as long
}

// Sample is one turn of a peer.
type Sample struct {
	Cost
	P50  float64 `json:"p50_ns"`
	P99  float64 `json:"p99_ns"`
	P999 float64 `json:"p999_ns"`
}

// Result is a case with the samples of every peer, a sample a round.
type Result struct {
	Case
	Samples map[string][]Sample `json:"samples"`
}

// turn is how long a peer's turn takes in all.
func (o Options) turn() time.Duration { return o.Pass + o.Pass/2 }

// Planned is about how long Run takes.
func (o Options) Planned() time.Duration {
	return time.Duration(len(cases())*len(Peers)*(o.Rounds+1)) * o.turn()
}

// Run measures every case. When ctx ends it returns its error. After an error
// that wraps [ErrStuck] the pools that it happened with are left open.
func Run(ctx context.Context, o Options, p *progress.Progress) ([]Result, error) {
	var results []Result
	for _, size := range sizes(cases()) {
		of, err := o.runSize(ctx, size, p)
		if err != nil {
			return nil, err
		}
		results = append(results, of...)
	}
	return results, nil
}

// runSize measures the cases of one pool size, on the same pools.
func (o Options) runSize(ctx context.Context, size int, p *progress.Progress) (results []Result, err error) {
	peers, closeAll, err := openPeers(ctx, o.URL, size)
	if err != nil {
		return nil, err
	}
	defer func() {
		if !errors.Is(err, ErrStuck) { // a pool waits for what is stuck in it
			closeAll()
		}
	}()
	for _, c := range cases() {
		if c.Size != size {
			continue
		}
		p.Start(c.String())
		r, err := o.measure(ctx, c, peers, p)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", c, err)
		}
		results = append(results, r)
	}
	return results, nil
}

func (o Options) measure(ctx context.Context, c Case, peers map[string]peer, p *progress.Progress) (Result, error) {
	r := Result{Case: c, Samples: make(map[string][]Sample)}
	operations := make(map[string]int)
	for _, name := range Peers {
		n, err := calibrate(ctx, c.Goroutines, o.Pass, c.work(peers[name]))
		if err != nil {
			return r, fmt.Errorf("%s: %w", name, err)
		}
		operations[name] = n
		p.Done(o.turn())
	}
	for range o.Rounds {
		for _, name := range Peers {
			s, err := o.sample(ctx, c, peers[name], operations[name])
			if err != nil {
				return r, fmt.Errorf("%s: %w", name, err)
			}
			r.Samples[name] = append(r.Samples[name], s)
			p.Done(o.turn())
		}
	}
	return r, nil
}

// sample is one turn: n operations a goroutine without a clock, half as many with.
func (o Options) sample(ctx context.Context, c Case, p peer, n int) (Sample, error) {
	work := c.work(p)
	runtime.GC() // nobody pays for what the one before left behind
	cost, err := pass(ctx, c.Goroutines, n, work)
	if err != nil {
		return Sample{}, err
	}
	h, err := clocked(ctx, c.Goroutines, max(1, n/2), work)
	if err != nil {
		return Sample{}, err
	}
	return Sample{
		Cost: cost,
		P50:  float64(h.Quantile(0.5)),
		P99:  float64(h.Quantile(0.99)),
		P999: float64(h.Quantile(0.999)),
	}, nil
}
