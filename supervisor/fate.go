package supervisor

import (
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor/messages"
)

// fate is what follows for a slot from the end of its incarnation.
type fate uint8

const (
	rest    fate = iota // it stays empty until the pool wants more
	restart             // it was lost: it gets a new incarnation, which dials when its node lets it
	backoff             // the pool can't connect for a reason of its own: nobody tries again before a backoff
)

// fates is the supervision policy: what follows from each cause, for a backend
// that served and for one that was still connecting.
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

// fateOf looks up the fate of a slot whose incarnation ended.
func fateOf(served bool, cause messages.Cause) fate {
	if served {
		return fates[cause].served
	}
	return fates[cause].connecting
}

// connectionName marks a connection among the children of a pool.
const connectionName = "connection-"

// onPanic is what protoactor asks when an actor of ours panicked.
type onPanic struct{}

// HandleFailure stops a connection, whose pool then gives its slot a new
// incarnation, and lets everything else go on with its next message.
func (*onPanic) HandleFailure(_ *actor.ActorSystem, s actor.Supervisor, child *actor.PID, _ *actor.RestartStatistics, _, _ any) {
	if id := child.GetId(); strings.HasPrefix(id[strings.LastIndexByte(id, '/')+1:], connectionName) {
		s.StopChildren(child)
		return
	}
	s.ResumeChildren(child)
}
