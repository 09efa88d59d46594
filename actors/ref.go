package actors

import (
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// Ref is the address of an actor that understands messages of type M. The zero Ref drops messages. It
// is safe for concurrent use.
type Ref[M any] struct {
	root *actor.RootContext
	pid  *actor.PID
}

// RefTo makes the Ref of an actor from the PID that its spawn returned.
func RefTo[M any](system *actor.ActorSystem, pid *actor.PID) Ref[M] {
	return Ref[M]{root: system.Root, pid: pid}
}

// Address holds a [Ref] that is set once, while others may use it already. The zero Address drops
// messages. It is safe for concurrent use.
type Address[M any] struct{ ref atomic.Pointer[Ref[M]] }

// Set makes the address known.
func (a *Address[M]) Set(r Ref[M]) { a.ref.Store(&r) }

// Ref returns the reference, the zero Ref while it is not set.
func (a *Address[M]) Ref() Ref[M] {
	if r := a.ref.Load(); r != nil {
		return *r
	}
	return Ref[M]{}
}

// Tell posts a message and returns at once.
func (a *Address[M]) Tell(m M) { a.Ref().Tell(m) }

// PID returns the actor's address in protoactor's terms, nil while it is not set.
func (a *Address[M]) PID() *actor.PID { return a.Ref().PID() }

// Tell posts a message and returns at once. If the actor has ended, the message is lost.
func (r Ref[M]) Tell(m M) {
	if r.pid != nil {
		r.root.Send(r.pid, m)
	}
}

// Ask posts a message with the actor of ctx as its sender, for the answer, and returns at once.
func (r Ref[M]) Ask(ctx actor.Context, m M) { ctx.Request(r.pid, m) }

// PID returns the actor's address in protoactor's terms, nil for the zero Ref.
func (r Ref[M]) PID() *actor.PID { return r.pid }
