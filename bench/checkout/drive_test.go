package checkout_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/unoactor/unoactor/bench/checkout"
)

func TestTheTimeOfAPassIsThatOfItsSlowestGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		took, err := checkout.Drive(t.Context(), 10, func(_ context.Context, i int) error {
			ran.Add(1)
			time.Sleep(time.Duration(i) * time.Second) //nolint:forbidigo // in a bubble, this is how time passes
			return nil
		})
		if err != nil || took != 9*time.Second || ran.Load() != 10 {
			t.Errorf("%v, %v, %d ran", took, err, ran.Load())
		}
	})
}

func TestOneFailureEndsTheWholePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		_, err := checkout.Drive(t.Context(), 10, func(ctx context.Context, i int) error {
			if i == 3 {
				return broken
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, broken) || errors.Is(err, checkout.ErrStuck) {
			t.Errorf("%v", err)
		}
	})
}

func TestAPeerThatHangsAndIgnoresItsContextIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		_, err := checkout.Drive(t.Context(), 10, func(_ context.Context, i int) error {
			if i < 2 {
				<-release
			}
			return nil
		})
		if !errors.Is(err, checkout.ErrStuck) || err.Error() != "2 of 10 goroutines do not end: stuck" {
			t.Errorf("%v", err)
		}
	})
}
