package conn

import (
	"github.com/unoactor/unoactor/messages"
)

// This file is what the supervisor and the connection actors do to slots. A
// slot that is claimed belongs to its connection actor until Return or Vacate.

// Generation counts the calls of [Slots.CondemnAll]: a dial that began in an earlier one ends
// in a backend of before.
func (s *Slots) Generation() uint64 { return s.generation.Load() }

// Install puts a new backend into the empty slot index and lends it to whoever
// waits longest. One of an earlier generation stays claimed, and is not lent: false.
func (s *Slots) Install(index int, b *Backend, generation uint64) bool {
	sl := s.slot(index)
	b.slot = sl
	sl.unmark(markRetire | markPeek | markPing)
	sl.sample.Store(1)
	sl.backend.Store(b)
	s.failure.Store(nil)
	ofServers.watch(b)
	// In this order: whoever condemns after this look finds the backend, and marks it.
	if s.generation.Load() != generation {
		return false
	}
	sl.give()
	return true
}

// CondemnAll condemns all backends that there are now, and those that are being dialed: once it
// has returned, none of them is lent any more. Idle ones wait for the [Slots.Retire] that closes
// them, or are handed to [Owner.Unfit] by whoever comes across them first.
func (s *Slots) CondemnAll(cause messages.Cause) {
	s.generation.Add(1)
	for i := range s.layout.Load().slots {
		s.Condemn(i, cause)
	}
}

// Condemn marks the backend in the slot, if there is one, to be closed for the cause: once it has
// returned, the backend is not lent any more. A lease of it goes on to its end.
func (s *Slots) Condemn(index int, cause messages.Cause) {
	sl := s.slot(index)
	if b := sl.backend.Load(); b != nil {
		b.retiring.CompareAndSwap(0, uint32(cause))
		sl.mark(markRetire)
	}
}

// Claim takes an idle slot out of circulation.
func (s *Slots) Claim(index int) (*Backend, bool) {
	sl := s.slot(index)
	if !sl.shard.claimBit(sl.bit, 0) {
		return nil, false
	}
	return sl.backend.Load(), true
}

// Return puts a claimed slot back into circulation, unless its backend was retired
// meanwhile or is one too many: then it stays claimed, and the cause is returned.
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

// State says what the slot is, and the epoch of its last lease: two sweeps that
// see the same epoch have seen the same lease, or the same idleness.
func (s *Slots) State(index int) (State, uint64) {
	sl := s.slot(index)
	return sl.state(), sl.epoch.Load()
}

// Backend is what is in the slot, nil if nothing is. Only what is safe for
// concurrent use may be asked of it.
func (s *Slots) Backend(index int) *Backend { return s.slot(index).backend.Load() }

// Overflow says whether the backend in the slot is one more than the pool
// keeps: it is then closed when it is released and nobody waits.
func (s *Slots) Overflow(index int, extra bool) {
	if extra {
		s.slot(index).mark(markOverflow)
	} else {
		s.slot(index).unmark(markOverflow)
	}
}

// Suspect has the next acquirer of an idle slot look whether the server hung up.
func (s *Slots) Suspect(index int) { s.slot(index).mark(markPeek) }

// SuspectAll is Suspect for every slot.
func (s *Slots) SuspectAll() {
	for _, sl := range s.layout.Load().slots {
		sl.mark(markPeek)
	}
}

// Doubt has the next acquirer of an idle slot find it claimed: its server is asked
// for a sign of life first.
func (s *Slots) Doubt(index int) { s.slot(index).mark(markPing) }

// Arm asks for one call of [Owner.Missed] when somebody waits from now on. It
// says whether somebody waits already.
func (s *Slots) Arm() bool {
	s.armed.Store(true)
	return s.Waiting() > 0
}

// Failed remembers the last failure to connect, for the errors of those who wait.
func (s *Slots) Failed(f Failure) { s.failure.Store(&f) }

// LastFailure is the last failure to connect since a connect succeeded, nil if none.
func (s *Slots) LastFailure() *Failure { return s.failure.Load() }
