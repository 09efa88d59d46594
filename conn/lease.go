package conn

import (
	"errors"
	"time"

	"github.com/unoactor/unoactor/messages"
)

// Lease is the right to use a backend until it is released. It is a value: whoever copies a lease has
// the same lease, which ends for all copies at once. The zero Lease is of no backend.
type Lease struct {
	slot  *slot
	epoch uint64
}

// Backend returns the leased backend, or a [*StaleLeaseError] once the lease has ended. It is for the
// holder's goroutine.
func (l Lease) Backend() (*Backend, error) {
	if l.slot == nil {
		return nil, &StaleLeaseError{}
	}
	// In this order: if the epoch is still ours, what was loaded before is ours too.
	b := l.slot.backend.Load()
	if l.slot.epoch.Load() != l.epoch {
		return nil, &StaleLeaseError{Pool: l.slot.pool.name, Slot: l.slot.index, Revoked: l.slot.revoked.Load() == l.epoch}
	}
	return b, nil
}

// Release ends the lease and gives the backend back. A backend that is not fit for its next holder is
// cleaned up, or closed and replaced, in the background; one that a statement, rows or a batch
// still uses (see [Lease.Use]) is closed. A second release does nothing but report itself to the
// pool's owner. The first release of a lease that was revoked or destroyed does nothing. Release
// never blocks.
func (l Lease) Release() {
	sl := l.slot
	if sl == nil {
		return
	}
	if sl.epoch.Load() != l.epoch {
		l.late()
		return
	}
	b := sl.backend.Load()
	cause := b.condition()
	if !sl.end(l.epoch) {
		l.late()
		return
	}
	if b.used() { // by a statement that began meanwhile
		b.abandoned.Store(true)
		cause = messages.Broken
	}
	if cause == messages.None {
		if sl.marks.Load()&atRelease == 0 || sl.stays() {
			sl.give()
			return
		}
		cause = b.retirement()
	}
	sl.pool.owner.Unfit(b, cause)
}

// late reports a release of a lease that has ended to the owner, unless the lease is excused.
func (l Lease) late() {
	if !l.slot.pool.excused.take(l.slot.index, l.epoch) {
		l.slot.pool.owner.ReleasedLate(l.slot.index)
	}
}

// stays returns whether a slot with marks of atRelease may be lent again. If not, the cause for which
// its backend has to be closed is set.
func (sl *slot) stays() bool {
	if sl.marks.Load()&markRetire != 0 {
		return false
	}
	if sl.reserved && sl.pool.AdminWaiting() || !sl.reserved && sl.pool.Waiting() > 0 {
		return true
	}
	sl.backend.Load().retiring.CompareAndSwap(0, uint32(messages.Surplus))
	return false
}

// Destroy ends the lease. The backend is closed in the background, and replaced if the pool needs
// another. reason is told in the log and in events. Destroy never blocks, and does nothing if the
// lease has ended.
func (l Lease) Destroy(reason error) {
	b, err := l.Backend()
	if err != nil {
		return
	}
	if reason == nil {
		reason = errors.New("destroyed by its holder")
	}
	b.broken = reason
	l.slot.pool.excused.add(l.slot.index, l.epoch) // a Release that is deferred still comes
	l.Release()
}

// DestroySilent is [Lease.Destroy] of a backend whose server owes an answer and has not given it in
// time: the close does not wait for the server either, so that the slot is soon free.
func (l Lease) DestroySilent(reason error) {
	b, err := l.Backend()
	if err != nil {
		return
	}
	b.owing = true
	l.Destroy(reason)
}

// Revoke ends the lease while another goroutine may still be using the backend: what it runs is
// cancelled, and it is closed. Whatever is done with the lease afterwards gets a
// [*StaleLeaseError]. Revoke never blocks.
func (l Lease) Revoke() {
	b, err := l.Backend()
	if err != nil {
		return
	}
	b.abandoned.Store(true)
	if l.slot.endExcused(l.epoch) {
		l.slot.revoked.Store(l.epoch)
		l.slot.pool.owner.Unfit(b, messages.Broken)
	}
}

// Identity returns the index of the slot that was leased, and the epoch of the lease. The lease must
// not be zero. Safe for concurrent use.
func (l Lease) Identity() (slot int, epoch uint64) { return l.slot.index, l.epoch }

// IsZero returns whether this is the zero Lease.
func (l Lease) IsZero() bool { return l.slot == nil }

// justNow is how long an answer of the server makes a peek at the connection needless, in nanoseconds.
const justNow = int64(time.Millisecond)

// Answered tells the lease that the server has just answered, so that neither this holder nor the next
// has to peek at the connection for the next millisecond.
func (l Lease) Answered() {
	if b, err := l.Backend(); err == nil {
		b.answered = l.slot.pool.now()
	}
}

// Glance is [Lease.Check] for holders that can't afford a system call a lease: if the kernel tells of
// servers that hang up, only a new backend, and one of which it has told, is peeked at. What
// happened within the last moment may be missed.
func (l Lease) Glance() bool {
	b, err := l.Backend()
	if err != nil {
		return false
	}
	if b.seen && b.watch != 0 && l.slot.marks.Load()&markPeek == 0 {
		return true
	}
	b.seen = true
	return l.Check()
}

// Check peeks, for the price of a system call, whether the server hung up on a backend that was not
// used yet in this lease. If so it ends the lease, hands the backend to [Owner.Unfit] and returns
// false: the caller acquires another. Within a millisecond of [Lease.Answered] it returns true
// without a peek.
func (l Lease) Check() bool {
	b, err := l.Backend()
	if err != nil {
		return false
	}
	if b.answered != 0 && l.slot.pool.now()-b.answered < justNow {
		return true
	}
	cause := b.Peek()
	if cause == messages.None {
		return true
	}
	if l.slot.endExcused(l.epoch) {
		l.slot.pool.owner.Unfit(b, cause)
	}
	return false
}
