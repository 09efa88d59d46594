package conn

import "sync"

// excused are leases that ended without their holder's Release: it is still to come, once,
// and is no misuse then. The oldest are dropped, for holders who never come.
type excused struct {
	mu   sync.Mutex
	all  map[ended]struct{}
	ring []ended // in the order in which they came; what was taken is still there
	next int
}

// ended is a lease that has.
type ended struct {
	slot  int
	epoch uint64
}

// mostExcused is how many are remembered.
const mostExcused = 1024

func (x *excused) add(slot int, epoch uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.all == nil {
		x.all = make(map[ended]struct{})
	}
	e := ended{slot, epoch}
	x.all[e] = struct{}{}
	if len(x.ring) < mostExcused {
		x.ring = append(x.ring, e)
		return
	}
	delete(x.all, x.ring[x.next])
	x.ring[x.next] = e
	x.next = (x.next + 1) % mostExcused
}

// take says whether the lease is excused, and that it is no more.
func (x *excused) take(slot int, epoch uint64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := ended{slot, epoch}
	_, is := x.all[e]
	delete(x.all, e)
	return is
}

// endExcused ends a lease whose Release may still come.
func (sl *slot) endExcused(epoch uint64) bool {
	sl.pool.excused.add(sl.index, epoch) // first: it may come at once
	if sl.end(epoch) {
		return true
	}
	sl.pool.excused.take(sl.index, epoch)
	return false
}
