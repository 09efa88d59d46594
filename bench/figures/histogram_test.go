package figures_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/bench/figures"
)

func TestAQuantileIsWithinABucketOfTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, int64(20*time.Minute)), 1, 200).Draw(t, "values")
		q := rapid.Float64Range(0.01, 1).Draw(t, "q")
		var h figures.Histogram
		for _, v := range values {
			h.Record(time.Duration(v))
		}
		slices.Sort(values)
		rank := max(1, int(q*float64(len(values))+0.5))
		truth := time.Duration(values[rank-1])
		if got := h.Quantile(q); got < truth || got > truth+truth/32 {
			t.Fatalf("quantile %v of %d values: %v, want %v", q, len(values), got, truth)
		}
	})
}

func TestSmallDurationsAreExact(t *testing.T) {
	for v := range time.Duration(64) {
		var h figures.Histogram
		h.Record(v)
		if got := h.Quantile(0.5); got != v {
			t.Errorf("%d: %d", v, got)
		}
	}
}

func TestMergedHistogramsAreAsOneThatSawItAll(t *testing.T) {
	var all, a, b figures.Histogram
	for i := range 1000 {
		d := time.Duration(i*i) * time.Nanosecond
		all.Record(d)
		if i%3 == 0 {
			a.Record(d)
		} else {
			b.Record(d)
		}
	}
	a.Merge(&b)
	if a != all {
		t.Fatal("they differ")
	}
	if a.Count() != 1000 {
		t.Fatalf("%d values", a.Count())
	}
}

func TestWhatIsOutOfRangeCountsAsTheNearest(t *testing.T) {
	var h figures.Histogram
	if h.Quantile(0.5) != 0 {
		t.Fatal("an empty histogram has a median")
	}
	h.Record(-time.Second)
	if got := h.Quantile(1); got != 0 {
		t.Errorf("negative: %v", got)
	}
	h.Record(100 * time.Hour)
	if got := h.Quantile(1); got < 20*time.Minute || got > 100*time.Hour {
		t.Errorf("too long: %v", got)
	}
}
