package unoactor

import (
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
)

// Subscription is a handler that is told of events, until it is closed.
type Subscription = supervisor.Subscription

// Subscribe calls handle with each event of one type, such as [ConnectionLeaked], or with all
// events if E is [Event]. The handler has a goroutine of its own: one that is slow misses
// events, which are counted, and delays nobody; a panic in it is logged and counted. The
// subscription ends with its Close, or the system's.
func Subscribe[E Event](s *System, handle func(E), options ...SubscribeOption) *Subscription {
	return subscribe(s.tree, handle, options)
}

func subscribe[E messages.Event](tree *supervisor.System, handle func(E), options []SubscribeOption) *Subscription {
	var o subscribeOptions
	for _, option := range options {
		option(&o)
	}
	return tree.Subscribe(func(e messages.Event) { handle(e.(E)) }, supervisor.Wish{
		Wants:    func(e messages.Event) bool { _, is := e.(E); return is && o.matches(e) },
		NoLeases: !includes[E, messages.CheckedOut]() && !includes[E, messages.CheckedIn](),
		Buffer:   o.buffer,
	})
}

// includes says whether an event of type F is an E.
func includes[E, F messages.Event]() bool {
	var f F
	_, is := messages.Event(f).(E)
	return is
}

// SubscribeOption narrows a subscription, or gives it another buffer.
type SubscribeOption func(*subscribeOptions)

type subscribeOptions struct {
	pools, nodes []string
	buffer       int
}

// InPool wants events of that pool; given several times, of any of these.
func InPool(name string) SubscribeOption {
	return func(o *subscribeOptions) { o.pools = append(o.pools, name) }
}

// OnNode wants events of that node and of the pools on it; given several times, of
// any of these.
func OnNode(name string) SubscribeOption {
	return func(o *subscribeOptions) { o.nodes = append(o.nodes, name) }
}

// Buffer sets how many events may wait for a handler that is busy, instead of 1024.
func Buffer(events int) SubscribeOption { return func(o *subscribeOptions) { o.buffer = events } }

func (o subscribeOptions) matches(e messages.Event) bool {
	pool, node := e.About()
	return among(o.pools, pool) && among(o.nodes, node)
}

func among(wanted []string, name string) bool {
	for _, w := range wanted {
		if w == name {
			return true
		}
	}
	return len(wanted) == 0
}
