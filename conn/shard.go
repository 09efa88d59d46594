package conn

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// A shard holds the idle set of up to shardSlots slots in its low bits and
// counts checkouts in the others, so that one compare-and-swap does both and
// the count keeps the word from being mistaken for an older one with the same
// idle set. 48 bits of count last for 160 days of 20 million checkouts a second,
// and overflow harmlessly.
const (
	shardSlots = 16
	idleMask   = 1<<shardSlots - 1
	oneLease   = 1 << shardSlots
)

// cacheLine is twice the usual line: processors prefetch in pairs.
const cacheLine = 128

type shard struct {
	word  atomic.Uint64
	_     [cacheLine - 8]byte
	slots [shardSlots]*slot // a slot is here before its bit is ever set, and stays
}

// claim leases the lowest idle slot of the shard: low slots stay hot, and high
// ones grow old enough to be closed.
func (s *shard) claim() *slot {
	for {
		w := s.word.Load()
		idle := w & idleMask
		if idle == 0 {
			return nil
		}
		bit := idle & -idle
		if s.word.CompareAndSwap(w, w-bit+oneLease) {
			return s.slots[bits.TrailingZeros64(bit)]
		}
	}
}

// claimBit takes one particular slot out of the idle set, and counts n.
func (s *shard) claimBit(bit, n uint64) bool {
	for {
		w := s.word.Load()
		if w&bit == 0 {
			return false
		}
		if s.word.CompareAndSwap(w, w-bit+n) {
			return true
		}
	}
}

// publish puts a slot into the idle set. Its caller owns the slot, so the bit
// is clear and adding sets it.
func (s *shard) publish(bit uint64) { s.word.Add(bit) }

// home spreads goroutines over n shards, a power of two, without a shared
// counter: each goroutine's stack lies elsewhere, and stays where it is.
func home(n int) int {
	var here byte
	return int(uintptr(unsafe.Pointer(&here))>>10*0x9E3779B1>>16) & (n - 1)
}
