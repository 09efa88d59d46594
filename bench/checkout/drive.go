package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/bench/figures"
)

// ErrStuck says that a peer's operations did not end, not even with their context.
var ErrStuck = errors.New("stuck")

const (
	longest  = 2 * time.Minute  // that a pass may take
	patience = 10 * time.Second // that a peer has to notice the end of its context
)

// drive has a number of goroutines call do at the same time, and returns when
// all have, with the time from the start of the first to the end of the last.
// Each has a context of its own, as each request of a server has. Goroutines
// that don't come back are left behind, with an error that wraps [ErrStuck].
func drive(ctx context.Context, goroutines int, do func(ctx context.Context, i int) error) (time.Duration, error) {
	var (
		ready, ended sync.WaitGroup
		running      atomic.Int64
		start        = make(chan struct{})
		took         = make(chan time.Duration, 1)
		once         sync.Once
		first        error // the others follow from it
	)
	ctx, stop := context.WithTimeout(ctx, longest)
	defer stop()
	running.Store(int64(goroutines))
	for i := range goroutines {
		ready.Add(1)
		ended.Go(func() {
			defer running.Add(-1)
			own, cancel := context.WithCancel(ctx)
			defer cancel()
			ready.Done()
			<-start
			if err := do(own, i); err != nil {
				once.Do(func() { first = err })
				stop() // the others would measure something else
			}
		})
	}
	ready.Wait()
	began := time.Now()
	close(start)
	go func() {
		ended.Wait()
		took <- time.Since(began)
	}()
	select {
	case d := <-took:
		return d, first
	case <-ctx.Done():
	}
	select {
	case d := <-took:
		return d, cmp.Or(first, ctx.Err())
	case <-time.After(patience):
		return 0, fmt.Errorf("%d of %d goroutines do not end: %w", running.Load(), goroutines, ErrStuck)
	}
}

// pass is n operations by each of some goroutines, and what they took.
func pass(ctx context.Context, goroutines, n int, work func(context.Context, int) error) (Cost, error) {
	before := usageNow()
	took, err := drive(ctx, goroutines, func(ctx context.Context, _ int) error { return work(ctx, n) })
	if err != nil {
		return Cost{}, err
	}
	return usageNow().since(before).per(took, goroutines*n), nil
}

// clocked is a pass with the clock read before and after every operation.
func clocked(ctx context.Context, goroutines, n int, work func(context.Context, int) error) (*figures.Histogram, error) {
	histograms := make([]figures.Histogram, goroutines)
	_, err := drive(ctx, goroutines, func(ctx context.Context, i int) error {
		h := &histograms[i]
		for range n {
			began := time.Now()
			if err := work(ctx, 1); err != nil {
				return err
			}
			h.Record(time.Since(began))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range histograms[1:] {
		histograms[0].Merge(&histograms[i+1])
	}
	return &histograms[0], nil
}

// calibrate finds the number of operations that keeps each of the goroutines
// busy for about d. It warms up what it runs on the way.
func calibrate(ctx context.Context, goroutines int, d time.Duration, work func(context.Context, int) error) (int, error) {
	for n := 1; ; {
		took, err := drive(ctx, goroutines, func(ctx context.Context, _ int) error { return work(ctx, n) })
		if err != nil {
			return 0, err
		}
		if took >= d/4 {
			return max(1, int(float64(n)*float64(d)/float64(took))), nil
		}
		n *= 1 + min(9, int(d/4/max(took, 1))) // at most tenfold, at least double
	}
}
