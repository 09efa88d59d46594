package actors

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// Node is the prober of one server: it gives connections the permits by which they dial.
//
//	up ------ an attempt is refused -----> down (one attempt at a time, after a backoff)
//	 ^                                       |
//	 +------- an attempt succeeds -----------+
//
// While the node's breaker is open, nobody dials until it half-opens.
//
// While the node is up, up to parallelDials connections dial at once. While it is down, one does,
// however many pools want to: the server is not stormed when it comes back, and what that one
// learns is told in the log and the snapshot. Attempts that were under way when one failed, and fail
// too, are the same failure: a blip that hits sixteen counts once, for the backoff and the breaker.
//
// A node that is given another address, or other ways to be trusted there, is another server
// as far as anybody knows: what was learned of the former is forgotten.
type Node struct {
	settings *atomic.Pointer[config.Node] // as they were given last
	config   config.Node                  // as they were taken up last
	log      hclog.Logger
	view     *atomic.Pointer[NodeView]
	// changed is called when the node went up or down, or the state of the breaker changed.
	changed func(NodeView)
	// awaited returns whether somebody waits for a backend of this node now. It is called often.
	awaited func() bool
	breaker breaker

	queue    []*actor.PID // the connections that wait for a permit, in order
	dialing  []attempt    // those that have a permit
	failures int          // in a row; the node is up if there is none
	counted  uint64       // all failures so far
	cause    messages.Cause
	err      error
	since    time.Time // when the node went up or down
	next     time.Time // when the next attempt may be made
	hurried  time.Time // when it may be made while somebody waits, if that is earlier
	timer    *time.Timer
}

// attempt is a connection that dials, or was given the permit to.
type attempt struct {
	who     *actor.PID
	counted uint64 // the node's failures when the attempt began
}

// NodeView is what others see of a node.
type NodeView struct {
	Name     string
	Up       bool
	Breaker  messages.BreakerState
	Since    time.Time
	Failures int // failed attempts in a row
	Cause    messages.Cause
	Err      error     // the error of the last attempt, nil while the node is up
	Next     time.Time // when the next attempt may be made, zero while the node is up
	Dialing  int
	Queued   int
}

// parallelDials is how many connections may dial one server at once: each costs it a fork and, with
// SCRAM, some milliseconds of CPU.
const parallelDials = 16

// NewNode makes the prober of a node. The prober reads settings again when it is told a
// [messages.Reconfigure]. It stores what others may see in view, and then calls changed, if the node
// went up or down or the state of its breaker changed. awaited returns whether somebody waits for a
// backend of the node. Neither function may block.
func NewNode(settings *atomic.Pointer[config.Node], log hclog.Logger, view *atomic.Pointer[NodeView], awaited func() bool, changed func(NodeView)) *Node {
	n := *settings.Load()
	node := &Node{settings: settings, config: n, log: log.With("node", n.Name), view: view, awaited: awaited, changed: changed, breaker: newBreaker(n.Breaker), since: time.Now()}
	view.Store(&NodeView{Name: n.Name, Up: true, Since: node.since})
	return node
}

// Receive implements actor.Actor.
func (n *Node) Receive(ctx actor.Context) {
	now := time.Now()
	switch m := ctx.Message().(type) {
	case *actor.Started:
		self := RefTo[messages.ToNode](ctx.ActorSystem(), ctx.Self())
		n.timer = time.AfterFunc(time.Hour, func() { self.Tell(messages.Probe{}) })
		n.timer.Stop()
	case *actor.Stopping:
		n.timer.Stop()
	case messages.AskDial:
		n.queue = append(n.queue, ctx.Sender())
	case messages.DialEnded:
		n.dialEnded(ctx.Sender(), m, now)
	case messages.Reconfigure:
		n.reconfigure(now)
	}
	state := n.breaker.update()
	if state == messages.BreakerOpen {
		n.wake(n.breaker.remaining()) // to half-open, whether or not somebody waits
	} else {
		n.permit(ctx, now)
	}
	n.publish(state, now)
}

// wake sets the timer: the prober is told a Probe after that time.
func (n *Node) wake(after time.Duration) { n.timer.Reset(max(after, time.Millisecond)) }

// dialEnded takes the connection out of the queue or of those that dial, and counts how that ended.
func (n *Node) dialEnded(who *actor.PID, m messages.DialEnded, now time.Time) {
	n.queue = slices.DeleteFunc(n.queue, func(pid *actor.PID) bool { return pid.Equal(who) })
	began, known := n.counted, false
	n.dialing = slices.DeleteFunc(n.dialing, func(a attempt) bool {
		if !a.who.Equal(who) {
			return false
		}
		began, known = a.counted, true
		return true
	})
	switch follows := conn.Follows(m.Cause); {
	case !known: // it had no leave, or it connected to the server that the node was before
	case m.Cause == messages.None || follows.Whose == conn.OfProcess: // nothing is known of the node
	case follows.Whose == conn.OfNode && began < n.counted: // it belongs to a failure that was counted
	case follows.Whose == conn.OfNode:
		n.failed(m, follows.Trips, now)
	default: // the server answered, if only to say no to this user
		if n.failures > 0 {
			n.log.Info("node can be connected to again", "after", now.Sub(n.since).Round(time.Millisecond), "attempts", n.failures)
			n.since = now
		}
		n.failures, n.cause, n.err, n.next, n.hurried = 0, messages.None, nil, time.Time{}, time.Time{}
		n.breaker.reached()
	}
}

// failed counts a failed attempt. trips says that it counts for the breaker too.
func (n *Node) failed(m messages.DialEnded, trips bool, now time.Time) {
	if n.failures == 0 {
		n.since = now
		n.log.Warn("node can't be connected to", "cause", m.Cause, "error", m.Err)
	}
	n.failures++
	n.counted++
	if trips {
		n.breaker.failed()
	} else { // a server that is full answers
		n.breaker.reached()
	}
	n.cause, n.err = m.Cause, m.Err
	n.next = now.Add(Backoff(n.config.BackoffMin, n.config.BackoffMax, n.failures))
	n.hurried = now.Add(Backoff(n.config.BackoffMin, min(n.config.BackoffMax, AwaitedBackoff), n.failures))
}

// askEvery is how often a node that is down and not awaited asks whether it is awaited now.
const askEvery = 200 * time.Millisecond

// due returns how long it is until the next attempt may be made, and until awaited has to be asked again.
func (n *Node) due(now time.Time) (wait, ask time.Duration) {
	if n.hurried.Before(n.next) && n.awaited() {
		n.next = n.hurried
	}
	wait = n.next.Sub(now)
	if n.hurried.Before(n.next) {
		return wait, min(wait, askEvery)
	}
	return wait, wait
}

// permit gives permits to as many of the queue as the state of the node allows.
func (n *Node) permit(ctx actor.Context, now time.Time) {
	if wait, ask := n.due(now); wait > 0 {
		if len(n.queue) > 0 {
			n.wake(ask)
		}
		return
	}
	for len(n.queue) > 0 && n.mayDial() {
		who := n.queue[0]
		n.queue = n.queue[1:]
		n.dialing = append(n.dialing, attempt{who, n.counted})
		ctx.Request(who, messages.DialPermit{})
	}
}

// mayDial returns whether one more connection may dial. While the node is down, one may; attempts that
// began before it went down, and have not ended yet, don't count.
func (n *Node) mayDial() bool {
	if n.failures == 0 {
		return len(n.dialing) < parallelDials
	}
	return !slices.ContainsFunc(n.dialing, func(a attempt) bool { return a.counted == n.counted })
}

// publish stores the view of the node, and reports what has changed.
func (n *Node) publish(state messages.BreakerState, now time.Time) {
	before := n.view.Load()
	view := NodeView{
		Name: n.config.Name, Up: n.failures == 0, Breaker: state, Since: n.since, Failures: n.failures, Cause: n.cause, Err: n.err,
		Next: n.next, Dialing: len(n.dialing), Queued: len(n.queue),
	}
	if state == messages.BreakerOpen {
		if probe := now.Add(n.breaker.remaining()); probe.After(n.next) {
			view.Next = probe
		}
	}
	n.view.Store(&view)
	if before.Breaker != state {
		n.logBreaker(view)
	}
	if before.Up != view.Up || before.Breaker != state {
		n.changed(view)
	}
}

func (n *Node) logBreaker(v NodeView) {
	switch v.Breaker {
	case messages.BreakerOpen:
		n.log.Warn("breaker opened", "cause", v.Cause, "error", v.Err, "next", v.Next)
	case messages.BreakerHalfOpen:
		n.log.Info("breaker half-opened")
	case messages.BreakerClosed:
		n.log.Info("breaker closed")
	}
}
