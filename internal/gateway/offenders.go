package gateway

import (
	"sync"
	"time"
)

// offenders remembers from which addresses logins were refused lately, so that each
// further refusal takes longer to be told: passwords can't be tried at the speed of the network.
type offenders struct {
	mu sync.Mutex
	by map[string]offender
}

type offender struct {
	refused int
	last    time.Time
}

const (
	firstDelay = 100 * time.Millisecond // of a refusal; it doubles with each
	lastDelay  = 3 * time.Second        // its bound, below what clients wait for at least
	forgotten  = time.Minute            // without a refusal begins anew
	// manyOffenders are remembered at most. Then all are forgotten: who has that
	// many addresses is not slowed by what is known of each.
	manyOffenders = 10000
)

// refused notes a refusal and returns how long to keep it from the client.
func (o *offenders) refused(address string, now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	known := o.by[address]
	if now.Sub(known.last) > forgotten {
		known.refused = 0
	}
	known.refused, known.last = known.refused+1, now
	if _, there := o.by[address]; o.by == nil || !there && len(o.by) >= manyOffenders {
		o.by = make(map[string]offender)
	}
	o.by[address] = known
	return delay(known.refused)
}

func delay(refused int) time.Duration {
	return min(firstDelay<<min(refused-1, 10), lastDelay)
}
