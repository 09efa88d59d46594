package actors

import (
	"math/rand/v2"
	"time"
)

// Backoff is the wait before the next attempt after so many failures in a row:
// it doubles from shortest to longest, and a random half of it is taken away, so
// that those who failed together don't try together ("equal jitter").
func Backoff(shortest, longest time.Duration, failures int) time.Duration {
	wait := longest
	if doublings := failures - 1; doublings < 32 {
		wait = min(longest, shortest<<max(0, doublings))
	}
	return wait/2 + time.Duration(rand.Int64N(int64(wait)/2+1))
}
