package conn

import (
	"errors"
	"time"

	"github.com/unoactor/unoactor/messages"
)

// Lease is the right to use a backend until it is released. It is a value:
// copying it does not copy the right. The zero Lease is of nothing.
type Lease struct {
	slot  *slot
	epoch uint64
}

// Backend returns what was leased, or a [*StaleLeaseError] once the lease has
// ended. It is for the goroutine that holds the lease.
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

// Release gives the backend back. One that is not ready for its next holder is
// reset, or closed and replaced, in the background; so is one that a statement, rows or
// a batch still uses (see [Lease.Use]), whoever has them. Releasing a lease a second time
// does nothing but report it to the pool's owner; releasing one that was revoked or
// destroyed does nothing, and is as it should be. Release never blocks.
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

// late reports a release of a lease that has ended, unless it is its first.
func (l Lease) late() {
	if !l.slot.pool.excused.take(l.slot.index, l.epoch) {
		l.slot.pool.owner.ReleasedLate(l.slot.index)
	}
}

// stays says whether a marked slot may be lent again all the same. If not, its
// backend knows why it has to go.
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

// Destroy gives the backend back as broken, for the reason given: it is closed,
// and replaced where the pool needs it. Destroy never blocks.
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

// DestroySilent is Destroy for a backend whose server owes an answer and has not given
// it in time: closing it is not allowed to take long either, so that its slot is free.
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

// Identity is the slot that was leased, and which of its leases this is. Safe for
// concurrent use; of a lease that is not zero.
func (l Lease) Identity() (slot int, epoch uint64) { return l.slot.index, l.epoch }

// IsZero says whether the lease is of nothing at all.
func (l Lease) IsZero() bool { return l.slot == nil }

// justNow is how long ago a server's answer is as good as a look at the connection.
const justNow = int64(time.Millisecond)

// Answered takes note that the server has just answered in this lease, so that who
// leases the backend right afterwards need not look whether the connection is there.
func (l Lease) Answered() {
	if b, err := l.Backend(); err == nil {
		b.answered = l.slot.pool.now()
	}
}

// Glance is [Lease.Check] for who can't afford a system call a lease: where the kernel
// tells of servers that hang up, only a new backend, and one that it has told of, is looked
// at. What happened within the last moment may be missed.
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

// Check looks, for the price of a system call, whether the server hung up on a
// backend that was not used yet in this lease. If so the lease ends, the backend
// goes to be looked after, and another should be acquired. It does not look within a
// millisecond of [Lease.Answered].
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
