package actors_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/actors"
)

func TestBackoffDoublesIsCappedAndJitters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shortest := time.Duration(rapid.Int64Range(1, int64(time.Minute)).Draw(t, "shortest"))
		longest := shortest + time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "more"))
		failures := rapid.IntRange(1, 1000).Draw(t, "failures")
		wait := longest
		if failures <= 20 {
			wait = min(longest, shortest<<(failures-1))
		} else if shortest<<20 < longest {
			return // between the two the exact doubling is not of interest
		}
		if got := actors.Backoff(shortest, longest, failures); got < wait/2 || got > wait {
			t.Fatalf("%v after %d failures, want %v to %v", got, failures, wait/2, wait)
		}
	})
	seen := make(map[time.Duration]bool)
	for range 100 {
		seen[actors.Backoff(time.Second, time.Minute, 3)] = true
	}
	if len(seen) < 50 {
		t.Errorf("only %d different waits of 100", len(seen))
	}
}
