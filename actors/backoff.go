package actors

import (
	"math/rand/v2"
	"time"
)

// AwaitedBackoff is the longest wait between two attempts to connect while somebody waits for a backend:
// one attempt a second costs a server nothing, and those who wait are served within a second after
// the server is back.
const AwaitedBackoff = 800 * time.Millisecond

// Backoff returns how long to wait before the next attempt after so many failures in a row. The wait
// doubles with each failure, from shortest to longest, and up to half of the wait is taken away at
// random, so that those who failed together don't try together ("equal jitter").
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
