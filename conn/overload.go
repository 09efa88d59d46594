package conn

import (
	"math"
	"time"

	"github.com/unoactor/unoactor/config"
)

// overload tells a queue that is long for a moment from one that stays long, by
// the shortest wait within an interval, and then bounds waits: CoDel, by Nichols
// and Jacobson ("Controlling Queue Delay", ACM Queue 10(5), 2012), as the Elixir
// library db_connection applies it to pools. Times are nanoseconds on one clock
// of the caller's. The zero overload is off.
type overload struct {
	target, interval int64 // target 0: off

	least int64 // shortest wait in this interval, of those who were served
	ends  int64 // of this interval
	slow  bool  // the last interval's shortest wait was beyond the target
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

// served notes that somebody gets a lease after a wait.
func (o *overload) served(now, waited int64) {
	o.endInterval(now, waited)
	o.least = min(o.least, waited)
}

// emptied notes that nobody waits any more: who comes next need not wait at all.
func (o *overload) emptied() { o.least = 0 }

// endInterval ends the interval if it is over. longest is how long the head of the
// queue has waited, which is what counts if nobody was served.
func (o *overload) endInterval(now, longest int64) {
	if now < o.ends {
		return
	}
	switch {
	case now-o.ends > o.interval:
		o.slow = false // there was no queue to look at for a whole interval
	case o.least == nobody:
		o.slow = longest > o.target
	default:
		o.slow = o.least > o.target
	}
	o.ends, o.least = now+o.interval, nobody
}

// tooLong says whether somebody who has waited for so long is refused.
func (o *overload) tooLong(waited int64) bool { return o.slow && waited > 2*o.target }
