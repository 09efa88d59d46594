package checkout

import "time"

// ClockCost is what a pair of clock reads, with nothing in between, appears to
// take: the part of every percentile that is the measurement itself.
func ClockCost() time.Duration {
	const n = 1 << 16
	var sum time.Duration
	for range n {
		began := time.Now()
		sum += time.Since(began)
	}
	return sum / n
}
