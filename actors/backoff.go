package actors

import (
	"math/rand/v2"
	"time"
)

// AwaitedBackoff is the longest wait between attempts while somebody waits for a backend:
// one attempt a second costs a server nothing, and whoever waits is served within a
// second of its return.
const AwaitedBackoff = 800 * time.Millisecond

// Backoff is the wait before the next attempt after so many failures in a row:
// it doubles from shortest to longest, and a random half of it is taken away, so
// that those who failed together don't try together ("equal jitter").
func Backoff(shortest, longest time.Duration, failures int) time.Duration {
	wait := min(shortest, longest)
	for range failures - 1 {
		if wait > longest/2 { // also where doubling would overflow
			wait = longest
			break
		}
		wait *= 2
	}
	return wait/2 + time.Duration(rand.Int64N(int64(wait)/2+1))
}
