package supervisor

import (
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// owner is the pool as its slots know it, a [conn.Owner]: it turns their calls into messages and counts.
type owner struct{ *Pool }

// Missed asks the pool to reconcile.
func (o owner) Missed() { o.ref.Tell(messages.Reconcile{}) }

// Unfit tells a backend's connection to clean it up or close it. When one backend was lost, the
// others may be too: each is peeked at before its next lease.
func (o owner) Unfit(b *conn.Backend, cause messages.Cause) {
	if cause == messages.Broken || cause == messages.HungUp {
		o.slots.SuspectAll()
	}
	o.connections.at(b.Slot()).Tell(messages.Unfit{Cause: cause})
}

// HungUp asks a backend's connection to peek whether its server hung up.
func (o owner) HungUp(slot int) { o.connections.at(slot).Tell(messages.Inspect{}) }

// ReleasedLate counts a release of a lease that had ended.
func (o owner) ReleasedLate(slot int) {
	o.lateReleases.Add(1)
	o.ref.Tell(messages.ReleasedLate{Slot: slot})
}

// Waited measures how long a lease was waited for.
func (o owner) Waited(ns int64) { o.observe.waited(time.Duration(ns)) }

// Used measures how long a lease lasted.
func (o owner) Used(ns int64) { o.observe.used(time.Duration(ns)) }

// CheckedOut tells the subscribers that a lease begins.
func (o owner) CheckedOut(b *conn.Backend) {
	o.observe.emit(messages.CheckedOut{Origin: o.origin(), Backend: identity(b)})
}

// CheckedIn tells the subscribers that a lease has ended.
func (o owner) CheckedIn(b *conn.Backend) {
	o.observe.emit(messages.CheckedIn{Origin: o.origin(), Backend: identity(b)})
}

func identity(b *conn.Backend) messages.Backend {
	return messages.Backend{Slot: b.Slot(), Incarnation: b.Incarnation(), PID: b.PID()}
}

// connections holds the addresses of the connections' actors by slot. Any goroutine may read them; only
// the pool's actor writes. A list that grows is replaced.
type connections struct {
	list atomic.Pointer[[]*atomic.Pointer[actors.Ref[messages.ToConnection]]]
}

func (c *connections) at(slot int) actors.Ref[messages.ToConnection] {
	if ref := (*c.list.Load())[slot].Load(); ref != nil {
		return *ref
	}
	return actors.Ref[messages.ToConnection]{}
}

func (c *connections) put(slot int, ref actors.Ref[messages.ToConnection]) {
	(*c.list.Load())[slot].Store(&ref)
}

// makeRoom makes room for n slots.
func (c *connections) makeRoom(n int) {
	var list []*atomic.Pointer[actors.Ref[messages.ToConnection]]
	if old := c.list.Load(); old != nil {
		list = append(list, *old...)
	}
	for len(list) < n {
		list = append(list, new(atomic.Pointer[actors.Ref[messages.ToConnection]]))
	}
	c.list.Store(&list)
}
