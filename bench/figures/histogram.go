package figures

import (
	"math/bits"
	"time"
)

// Histogram counts durations in buckets that are at most 1/32 of their value
// wide, from a nanosecond to about half an hour; longer ones count as that. It
// is the log-linear layout of HdrHistogram (Gil Tene, hdrhistogram.org). The
// zero value is empty. It is not safe for concurrent use: each goroutine has one
// of its own, and they are merged.
type Histogram struct {
	counts [buckets]uint32
	total  uint64
}

const (
	subBits = 5 // 32 buckets for each doubling
	doubles = 37
	buckets = doubles << subBits
)

// Record counts one duration.
func (h *Histogram) Record(d time.Duration) {
	h.counts[bucket(uint64(max(d, 0)))]++
	h.total++
}

// Merge adds the counts of another.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
}

// Count is how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.total }

// Quantile is the duration that a share q of all, 0 to 1, does not exceed, up to
// the width of a bucket. Of none it is 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := max(1, uint64(q*float64(h.total)+0.5))
	var seen uint64
	for i, n := range h.counts {
		if seen += uint64(n); seen >= rank {
			return time.Duration(upper(i))
		}
	}
	return time.Duration(upper(buckets - 1))
}

// bucket is v itself below 64, and then the top six bits of v beside how far
// they were shifted.
func bucket(v uint64) int {
	shift := max(0, bits.Len64(v)-subBits-1)
	return min(shift<<subBits+int(v>>shift), buckets-1)
}

// upper is the greatest value of a bucket.
func upper(i int) uint64 {
	shift := max(0, i>>subBits-1)
	return (uint64(i-shift<<subBits)+1)<<shift - 1
}
