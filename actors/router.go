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

// Router is the actor that others ask for routes and leases: [messages.AskRoute] is answered by a
// [messages.Routed], and [messages.Checkout], which it passes on to the desk, by a
// [messages.Granted]. Whoever is no actor reads the route table through the pointer with which the
// router was made. The table is replaced by compare-and-swap: by the router when the role of a server
// changes, and by the system when its topology does.
type Router struct {
	table *atomic.Pointer[routing.Table]
	desk  Desk
	emit  func(messages.Event)
	log   hclog.Logger
}

// Desk leases backends for actors. Its methods must not block.
type Desk interface {
	// Order waits in the queue of a pool in asker's place, and answers asker. It returns true if
	// asker is an actor, which the caller then watches.
	Order(asker *actor.PID, choice routing.Choice, m messages.Checkout) (watch bool)
	// AskerEnded takes back what an actor that has ended had ordered. It does nothing if an
	// actor runs at the address, which is another one of the same name.
	AskerEnded(asker *actor.PID)
}

// NewRouter makes the router of a table. It calls emit with the events of changed routes.
func NewRouter(table *atomic.Pointer[routing.Table], desk Desk, emit func(messages.Event), log hclog.Logger) *Router {
	return &Router{table: table, desk: desk, emit: emit, log: log}
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
		choice, err := r.pick(routing.Intent{
			Database: m.Database, User: m.User, Entity: m.Entity, Access: config.Access(m.Access), Labels: m.Labels,
		})
		ctx.Respond(messages.Routed{Pool: choice.Pool, Rule: choice.Rule, Err: err})
	case messages.Checkout:
		r.checkout(ctx, m)
	case *actor.Terminated:
		r.desk.AskerEnded(m.Who)
	}
}

func (r *Router) pick(i routing.Intent) (routing.Choice, error) {
	choice, err := r.table.Load().Pick(i)
	if err != nil {
		r.log.Debug("no route", "error", err)
	}
	return choice, err
}

func (r *Router) checkout(ctx actor.Context, m messages.Checkout) {
	asker := ctx.Sender()
	if asker == nil {
		r.log.Warn("a Checkout without a sender is not answered: ask by Request, or by a future")
		return
	}
	choice, err := r.pick(routing.Intent{
		Database: m.Database, User: m.User, Entity: m.Entity, Access: config.Access(m.Access), Labels: m.Labels,
	})
	if err != nil {
		ctx.Respond(messages.Granted{Err: err})
		return
	}
	if r.desk.Order(asker, choice, m) {
		ctx.Watch(asker)
	}
}

// RunningAt returns the actor that runs in this process at an address, nil if there is none, for example
// because it is that of a future. A future must not be watched: it takes any system message for its
// answer.
func RunningAt(system *actor.ActorSystem, pid *actor.PID) *actor.ActorProcess {
	process, _ := system.ProcessRegistry.Get(pid)
	running, _ := process.(*actor.ActorProcess)
	return running
}
