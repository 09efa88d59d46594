package actors

import (
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
)

// Router looks after the route table. Everybody reads the table through the pointer
// that the router was made with; it is replaced by compare-and-swap, by the router when
// a server's role changes and by the system when it grows. Actors may ask the router
// instead: [messages.AskRoute] is answered by a [messages.Routed].
type Router struct {
	table *atomic.Pointer[routing.Table]
	emit  func(messages.Event)
	log   hclog.Logger
}

// NewRouter makes the router of a table. emit is told when the table changes.
func NewRouter(table *atomic.Pointer[routing.Table], emit func(messages.Event), log hclog.Logger) *Router {
	return &Router{table: table, emit: emit, log: log}
}

// Receive implements actor.Actor.
func (r *Router) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.RoleChanged:
		for table := r.table.Load(); !r.table.CompareAndSwap(table, table.With(m.Pool, m.ReadOnly)); {
			table = r.table.Load()
		}
		reason := "its server takes writes again"
		if m.ReadOnly {
			reason = "its server takes no writes any more"
		}
		r.log.Warn("routes for writes change", "pool", m.Pool, "node", m.Node, "because", reason)
		r.emit(messages.RouteChanged{At: time.Now(), Pool: m.Pool, Node: m.Node, Reason: reason})
	case messages.AskRoute:
		choice, err := r.table.Load().Pick(routing.Intent{
			Database: m.Database, User: m.User, Entity: m.Entity, Access: config.Access(m.Access), Labels: m.Labels,
		})
		if err != nil {
			r.log.Debug("no route", "error", err)
		}
		ctx.Respond(messages.Routed{Pool: choice.Pool, Rule: choice.Rule, Err: err})
	}
}
