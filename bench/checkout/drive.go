package checkout

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/unoactor/unoactor/bench/figures"
)

// drive has a number of goroutines call do at the same time, and returns when
// all have, with the time from the start of the first to the end of the last.
// Each has a context of its own, as each request of a server has.
func drive(ctx context.Context, goroutines int, do func(ctx context.Context, i int) error) (time.Duration, error) {
	var (
		ready, ended sync.WaitGroup
		start        = make(chan struct{})
		errs         = make([]error, goroutines)
	)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for i := range goroutines {
		ready.Add(1)
		ended.Go(func() {
			own, cancel := context.WithCancel(ctx)
			defer cancel()
			ready.Done()
			<-start
			if errs[i] = do(own, i); errs[i] != nil {
				stop() // the others would measure something else
			}
		})
	}
	ready.Wait()
	began := time.Now()
	close(start)
	ended.Wait()
	took := time.Since(began)
	return took, errors.Join(errs...)
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
	for i := range histograms[1:] {
		histograms[0].Merge(&histograms[i+1])
	}
	return &histograms[0], err
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
