package actors

import (
	"github.com/asynkron/protoactor-go/actor"
)

// Ref is the address of an actor that understands messages of type M. The zero
// Ref drops what it is told. It is safe for concurrent use.
type Ref[M any] struct {
	root *actor.RootContext
	pid  *actor.PID
}

// RefTo makes a reference from what a spawn returned.
func RefTo[M any](system *actor.ActorSystem, pid *actor.PID) Ref[M] {
	return Ref[M]{root: system.Root, pid: pid}
}

// Tell posts a message and returns at once.
func (r Ref[M]) Tell(m M) {
	if r.pid != nil {
		r.root.Send(r.pid, m)
	}
}

// Ask posts a message that is answered to the actor of ctx.
func (r Ref[M]) Ask(ctx actor.Context, m M) { ctx.Request(r.pid, m) }

// PID is the actor's address in protoactor's terms.
func (r Ref[M]) PID() *actor.PID { return r.pid }
