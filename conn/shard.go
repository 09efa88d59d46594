package conn

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// The word of a shard holds the idle set of up to shardSlots slots in its low bits and counts
// checkouts in the others, so that one compare-and-swap does both, and a word is not mistaken for
// an older one with the same idle set. 48 bits of count last for 160 days of 20 million checkouts a
// second; then the count begins again, which does no harm.
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
	slots [shardSlots]*slot // by the number of their bits; set before the bit, and never changed
}

// claim takes the lowest idle slot out of the idle set, and counts a checkout; nil if none is idle. Low
// slots stay hot, and high ones are idle for long enough to be closed.
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

// claimBit takes one particular slot out of the idle set, and adds n to the word: oneLease or 0. False
// means that the slot is not idle.
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

// publish puts a slot into the idle set. The caller has claimed the slot, so its bit is 0, and the
// addition sets it.
func (s *shard) publish(bit uint64) { s.word.Add(bit) }

// home returns the shard, of n, at which the calling goroutine looks first. n is a power of two. It
// spreads goroutines without a shared counter, by the addresses of their stacks, which differ and
// seldom change.
func home(n int) int {
	var here byte
	return int(uintptr(unsafe.Pointer(&here))>>10*0x9E3779B1>>16) & (n - 1)
}
