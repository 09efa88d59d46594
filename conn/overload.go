package conn

import (
	"math"
	"time"

	"github.com/unoactor/unoactor/config"
)

// overload tells a queue that is long for a moment from one that stays long, by the shortest wait
// within an interval, and bounds the waits in a queue that stays long: CoDel, by Nichols and
// Jacobson ("Controlling Queue Delay", ACM Queue 10(5), 2012), as the Elixir library db_connection
// applies it to pools. Times are nanoseconds on one clock of the caller's. The zero overload is off.
type overload struct {
	target, interval int64 // target 0: off

	least int64 // shortest wait in this interval, of those who were served
	ends  int64 // when this interval ends
	slow  bool  // the shortest wait of the last interval was longer than the target
}

const nobody = math.MaxInt64

// set takes up other bounds; an interval that has begun is no longer than the new one.
func (o *overload) set(now int64, target, interval time.Duration) {
	if target == config.Never {
		*o = overload{}
		return
	}
	o.target, o.interval = int64(target), int64(interval)
	if o.interval < o.ends-now {
		o.ends = now + o.interval
	}
}

func (o *overload) on() bool { return o.target > 0 }

// served counts a lease that was granted after a wait.
func (o *overload) served(now, waited int64) {
	o.endInterval(now, waited)
	o.least = min(o.least, waited)
}

// emptied counts a moment in which nobody waits: an acquirer would not have waited at all.
func (o *overload) emptied() { o.least = 0 }

// endInterval judges the interval if it has ended, and begins another. longest is how long the head of
// the queue has waited, which decides if nobody was served.
func (o *overload) endInterval(now, longest int64) {
	if now < o.ends {
		return
	}
	switch {
	case now-o.ends > o.interval:
		o.slow = false // nobody waited for a whole interval
	case o.least == nobody:
		o.slow = longest > o.target
	default:
		o.slow = o.least > o.target
	}
	o.ends, o.least = now+o.interval, nobody
}

// tooLong returns whether somebody who has waited for so long is refused.
func (o *overload) tooLong(waited int64) bool { return o.slow && waited > 2*o.target }
