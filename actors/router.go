package actors

import (
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
)

// Router owns the route table. Everybody reads the table through the pointer
// that the router was made with; only the router replaces it. Actors may ask it
// instead: [messages.AskRoute] is answered by a [messages.Routed].
type Router struct {
	table *atomic.Pointer[routing.Table]
	log   hclog.Logger
}

// NewRouter makes the router of a table.
func NewRouter(table *atomic.Pointer[routing.Table], log hclog.Logger) *Router {
	return &Router{table: table, log: log}
}

// Receive implements actor.Actor.
func (r *Router) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(messages.AskRoute); ok {
		choice, err := r.table.Load().Pick(routing.Intent{
			Database: m.Database, User: m.User, Entity: m.Entity, Access: config.Access(m.Access), Labels: m.Labels,
		})
		if err != nil {
			r.log.Debug("no route", "error", err)
		}
		ctx.Respond(messages.Routed{Pool: choice.Pool, Rule: choice.Rule, Err: err})
	}
}
