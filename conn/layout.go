package conn

import (
	"math/bits"
	"runtime"
	"time"

	"github.com/unoactor/unoactor/config"
)

// layout says where the slots of a pool lie. It never changes: a pool that grows gets another layout,
// with the slots and shards of the former one and more.
type layout struct {
	slots  []*slot  // by index, the reserve included
	shards []*shard // a power of two of them; the reserve is in none
	fifo   bool
	// reserve is the slot for administrators, one more than the hard limit: its backend is
	// opened when an administrator waits, and lent to nobody else.
	reserve *slot
}

// newLayout makes a layout of hard slots and the reserve, which is the last.
func newLayout(s *Slots, hard int, fifo bool) *layout {
	l := (&layout{fifo: fifo}).withRoom(s, hard)
	l.reserve = &slot{shard: &shard{}, bit: 1, index: len(l.slots), pool: s, reserved: true}
	l.reserve.shard.slots[0] = l.reserve
	l.slots = append(l.slots, l.reserve)
	return l
}

// withRoom returns a layout with the slots of l, and at least hard of them besides the reserve. No
// layout has fewer slots than the one before: those beyond the limit stay empty.
func (l *layout) withRoom(s *Slots, hard int) *layout {
	next := &layout{fifo: l.fifo, reserve: l.reserve}
	next.slots = append(next.slots, l.slots...)
	next.shards = append(next.shards, l.shards...)
	have := len(l.slots)
	if l.reserve != nil {
		have--
	}
	if hard <= have {
		return next
	}
	n := max(1, len(l.shards))
	for n*shardSlots < hard || n < runtime.GOMAXPROCS(0) && n*4 <= hard {
		n *= 2
	}
	for len(next.shards) < n {
		next.shards = append(next.shards, &shard{})
	}
	// Slot by slot into the emptiest shard, so that all of them fill alike.
	room := make([]int, n)
	for i, sh := range next.shards {
		for room[i] < shardSlots && sh.slots[room[i]] != nil {
			room[i]++
		}
	}
	for ; have < hard; have++ {
		least := 0
		for i := range room {
			if room[i] < room[least] {
				least = i
			}
		}
		sh, place := next.shards[least], room[least]
		room[least]++
		sl := &slot{shard: sh, bit: 1 << place, index: len(next.slots), pool: s}
		sh.slots[place] = sl
		next.slots = append(next.slots, sl)
	}
	return next
}

// oldest claims the slot that was idle longest, for a pool that wants all of them used alike; nil if
// none is idle.
func (l *layout) oldest() *slot {
	for {
		var found *slot
		var least uint64
		for _, sh := range l.shards {
			for idle := sh.word.Load() & idleMask; idle != 0; idle &= idle - 1 {
				sl := sh.slots[bits.TrailingZeros64(idle)]
				if turn := sl.turn.Load(); found == nil || turn < least {
					found, least = sl, turn
				}
			}
		}
		if found == nil {
			return nil
		}
		if found.shard.claimBit(found.bit, oneLease) {
			return found
		}
	}
}

// Resize takes up what p says of limits, of the order in which idle backends are lent, of the bounds
// of a wait and of a ping, and of the reset policy. It closes no backend: the supervisor retires
// those that are beyond a limit now. Safe for concurrent use.
func (s *Slots) Resize(p config.Pool) {
	s.validate.Store(int64(p.ValidateTimeout))
	s.reset.Store(&p.Reset)
	s.resets.Store(p.Reset != config.ResetRollback && p.Reset != config.ResetNone)
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.layout.Load().withRoom(s, p.Hard())
	next.fifo = p.Order == config.FIFO
	s.layout.Store(next)
	s.size.Store(int64(p.Size))
	s.hard.Store(int64(p.Hard()))
	s.patience.Store(int64(p.AcquireTimeout))
	s.overload.set(s.now(), p.QueueTarget, p.QueueInterval)
	s.extra(extraOrder, next.fifo)
	s.extra(extraStack, p.LeakAfter != config.Never)
	s.watchHead()
}

// ValidateTimeout bounds a ping between two leases.
func (s *Slots) ValidateTimeout() time.Duration { return time.Duration(s.validate.Load()) }
