package supervisor

import (
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor/messages"
)

// fate is what follows for a slot from the end of its incarnation.
type fate uint8

const (
	rest    fate = iota // the slot stays empty until the pool wants another backend
	restart             // the backend was lost: the slot gets a new incarnation, which dials when its node permits
	backoff             // the pool can't connect for a reason of its own: nobody tries again before a backoff
)

// fates is the supervision policy: what follows from each cause, for an incarnation that served and for
// one that was still connecting.
var fates = map[messages.Cause]struct{ served, connecting fate }{
	messages.None:         {rest, rest},
	messages.LifetimeOver: {rest, rest},
	messages.IdleTooLong:  {rest, rest},
	messages.Surplus:      {rest, rest},
	messages.Drained:      {rest, rest},
	messages.Invalidated:  {rest, rest},
	messages.Cleared:      {rest, rest},
	messages.Rotated:      {rest, rest},
	messages.ReadOnly:     {rest, rest},
	messages.Reconfigured: {rest, rest},
	messages.HungUp:       {restart, restart},
	messages.Broken:       {restart, backoff},
	messages.ResetFailed:  {restart, restart},
	messages.Silent:       {restart, restart},
	messages.Fenced:       {restart, restart},
	messages.Reclaimed:    {restart, restart},
	messages.Crashed:      {restart, backoff},
	messages.HookFailed:   {restart, backoff},
	messages.Refused:      {restart, restart},
	messages.Crowded:      {restart, restart},
	messages.Denied:       {restart, backoff},
	messages.Untrusted:    {restart, backoff},
	messages.Unavailable:  {restart, backoff},
	messages.Exhausted:    {restart, backoff},
}

// fateOf returns the fate of a slot whose incarnation has ended for that cause.
func fateOf(served bool, cause messages.Cause) fate {
	if served {
		return fates[cause].served
	}
	return fates[cause].connecting
}

// connectionName is the prefix of the names of connections among the children of a pool.
const connectionName = "connection-"

// onPanic decides for protoactor what follows when an actor of the tree panics.
type onPanic struct{}

// HandleFailure stops a connection, whose slot then gets a new incarnation, and lets any other actor go
// on with its next message.
func (*onPanic) HandleFailure(_ *actor.ActorSystem, s actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, _, _ any) {
	if id := child.GetId(); strings.HasPrefix(id[strings.LastIndexByte(id, '/')+1:], connectionName) {
		s.StopChildren(child)
		return
	}
	s.ResumeChildren(child)
}
