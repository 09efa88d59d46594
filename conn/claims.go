package conn

import (
	"github.com/unoactor/unoactor/messages"
)

// This file holds what the supervisor and the connections' actors do to slots. A slot that is
// claimed belongs to its connection's actor until Return or Vacate.

// Generation counts the calls of [Slots.CondemnAll]: a dial that began in an earlier one ends
// in a backend of before.
func (s *Slots) Generation() uint64 { return s.generation.Load() }

// Install puts a new backend into an empty slot and makes it available: to whoever waits longest, or
// idle. generation is [Slots.Generation] from before the backend was dialed: if it is another one
// now, Install returns false, and the slot stays claimed, for the caller to close the backend.
func (s *Slots) Install(index int, b *Backend, generation uint64) bool {
	sl := s.slot(index)
	b.slot = sl
	sl.unmark(markRetire | markPeek | markPing)
	sl.sample.Store(1)
	sl.backend.Store(b)
	s.failure.Store(nil)
	ofServers.watch(b)
	// In this order: whoever condemns after this load finds the backend in its slot, and marks it.
	if s.generation.Load() != generation {
		return false
	}
	sl.give()
	return true
}

// CondemnAll condemns all backends that there are now, and those that are being dialed: once it
// has returned, no such backend is lent any more. Idle ones wait for the [Slots.Retire] that closes
// them, or are handed to [Owner.Unfit] by whoever comes across them first.
func (s *Slots) CondemnAll(cause messages.Cause) {
	s.generation.Add(1)
	for i := range s.layout.Load().slots {
		s.Condemn(i, cause)
	}
}

// Condemn marks the backend in the slot, if there is one, to be closed for the cause: once it has
// returned, the backend is not lent any more. A lease goes on to its end.
func (s *Slots) Condemn(index int, cause messages.Cause) {
	sl := s.slot(index)
	if b := sl.backend.Load(); b != nil {
		b.retiring.CompareAndSwap(0, uint32(cause))
		sl.mark(markRetire)
	}
}

// Claim takes an idle slot out of circulation and returns its backend. False means that the slot was
// not idle.
func (s *Slots) Claim(index int) (*Backend, bool) {
	sl := s.slot(index)
	if !sl.shard.claimBit(sl.bit, 0) {
		return nil, false
	}
	return sl.backend.Load(), true
}

// Return puts a claimed slot back into circulation and returns None. If its backend was condemned
// meanwhile, or is beyond the number that the pool keeps, the slot stays claimed, for the caller to
// close the backend for the cause that is returned.
func (s *Slots) Return(index int) messages.Cause {
	sl := s.slot(index)
	if sl.marks.Load()&atRelease != 0 && !sl.stays() {
		return sl.backend.Load().retirement()
	}
	sl.give()
	return messages.None
}

// Retire condemns the backend in the slot. If the backend was idle, Retire claims it and returns
// it, to be closed by the caller. Otherwise it comes to [Owner.Unfit] when its lease ends.
func (s *Slots) Retire(index int, cause messages.Cause) (*Backend, bool) {
	s.Condemn(index, cause)
	return s.Claim(index)
}

// Revoke ends the lease of a slot against its holder's will: whatever the holder does with the
// lease from now on gets a [*StaleLeaseError]. The slot is then claimed, and the backend, which
// the holder may still be using, is returned. False means that the slot is not leased.
func (s *Slots) Revoke(index int) (*Backend, bool) {
	sl := s.slot(index)
	epoch := sl.epoch.Load()
	if epoch&1 == 0 || !sl.revoke(epoch) {
		return nil, false
	}
	return sl.backend.Load(), true
}

// RevokeLease is [Slots.Revoke] of the lease of that epoch only. False means that it has ended.
func (s *Slots) RevokeLease(index int, epoch uint64) bool {
	return epoch&1 == 1 && s.slot(index).revoke(epoch)
}

func (sl *slot) revoke(epoch uint64) bool {
	if !sl.endExcused(epoch) {
		return false
	}
	sl.revoked.Store(epoch)
	return true
}

// Vacate empties a claimed slot whose backend is closed.
func (s *Slots) Vacate(index int) {
	if b := s.slot(index).backend.Swap(nil); b != nil {
		ofServers.unwatch(b)
	}
}

// State returns the state of the slot and its epoch. Two calls that return the same epoch have seen
// the same lease, or the same time between two leases.
func (s *Slots) State(index int) (State, uint64) {
	sl := s.slot(index)
	return sl.state(), sl.epoch.Load()
}

// Backend returns the backend in the slot, nil if the slot is empty. The caller may use only those of
// its methods that are safe for concurrent use.
func (s *Slots) Backend(index int) *Backend { return s.slot(index).backend.Load() }

// Overflow marks the backend in the slot as beyond the number that the pool keeps, or as within it
// again. One that is beyond is closed when it is released while nobody waits.
func (s *Slots) Overflow(index int, extra bool) {
	if extra {
		s.slot(index).mark(markOverflow)
	} else {
		s.slot(index).unmark(markOverflow)
	}
}

// Suspect marks the slot: before its next lease it is peeked at, whether the server hung up.
func (s *Slots) Suspect(index int) { s.slot(index).mark(markPeek) }

// SuspectAll is Suspect for every slot.
func (s *Slots) SuspectAll() {
	for _, sl := range s.layout.Load().slots {
		sl.mark(markPeek)
	}
}

// Doubt marks the slot: before its next lease its server is pinged, by way of [Owner.Unfit], and the
// acquirer gets another slot.
func (s *Slots) Doubt(index int) { s.slot(index).mark(markPing) }

// Arm asks for one call of [Owner.Missed] when the next waiter comes. It returns whether somebody
// waits already.
func (s *Slots) Arm() bool {
	s.armed.Store(true)
	return s.Waiting() > 0
}

// Failed stores the last failure to connect, which the errors of waiters then carry.
func (s *Slots) Failed(f Failure) { s.failure.Store(&f) }

// LastFailure returns the last failure to connect, nil if a backend was installed since.
func (s *Slots) LastFailure() *Failure { return s.failure.Load() }
