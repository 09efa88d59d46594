package conn

import "sync"

// excused are leases that ended without their holder's Release, which may still come, once, and is
// no misuse. The oldest are dropped, since some holders never release.
type excused struct {
	mu   sync.Mutex
	all  map[ended]struct{}
	ring []ended // in the order in which they were added; those that were taken are still there
	next int
}

// ended identifies a lease that has ended.
type ended struct {
	slot  int
	epoch uint64
}

// mostExcused is how many leases are kept.
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

// take removes a lease, and returns whether it was there.
func (x *excused) take(slot int, epoch uint64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := ended{slot, epoch}
	_, is := x.all[e]
	delete(x.all, e)
	return is
}

// endExcused ends the lease of that epoch, whose Release may still come. False means that it has ended.
func (sl *slot) endExcused(epoch uint64) bool {
	sl.pool.excused.add(sl.index, epoch) // first: it may come at once
	if sl.end(epoch) {
		return true
	}
	sl.pool.excused.take(sl.index, epoch)
	return false
}
