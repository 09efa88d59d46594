package actors

import (
	"runtime/debug"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"
)

// Guard makes the props of an actor whose panics are logged with their stack before its supervisor
// decides what follows. Protoactor itself throws the stack away.
func Guard(log hclog.Logger, produce func() actor.Actor, options ...actor.PropsOption) *actor.Props {
	guard := func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(ctx actor.ReceiverContext, envelope *actor.MessageEnvelope) {
			defer func() {
				if p := recover(); p != nil {
					log.Error("actor panicked", "actor", ctx.Self().GetId(), "panic", p, "stack", string(debug.Stack()))
					panic(p)
				}
			}()
			next(ctx, envelope)
		}
	}
	return actor.PropsFromProducer(produce, append(options, actor.WithReceiverMiddleware(guard))...)
}
