package supervisor

import (
	"sync"

	"github.com/asynkron/protoactor-go/eventstream"
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/messages"
)

// Events tells events to subscribers, over an event stream of the tree's own: an actor system may hold
// other trees, whose pools can have the same names. Safe for concurrent use.
type Events struct {
	stream *eventstream.EventStream
	log    hclog.Logger
	// report sets whether the pools tell of each checkout and checkin: nobody pays for events
	// that nobody wants.
	report func(on bool)

	mu     sync.Mutex
	open   map[*Subscription]bool // whether each wants checkouts and checkins
	closed bool
}

func newEvents(log hclog.Logger, report func(on bool)) *Events {
	return &Events{stream: eventstream.NewEventStream(), log: log, report: report, open: make(map[*Subscription]bool)}
}

// publish tells an event to the subscriptions that want it. It does not block.
func (e *Events) publish(event messages.Event) { e.stream.Publish(event) }

// Wish says which events a subscription is told. The zero value is for all events, with a buffer of
// 1024.
type Wish struct {
	// Wants returns whether an event is wanted; nil wants all. It is called on the goroutine on
	// which the event happens, and must be quick.
	Wants func(messages.Event) bool
	// NoLeases says that no checkouts and checkins are wanted, so that the pools need not tell
	// them.
	NoLeases bool
	// Buffer is how many events may wait for the handler. An event that comes when it is full
	// is dropped, and counted: see [Subscription.Missed].
	Buffer int
}

// Subscribe begins to call handle with events, one after the other, in the order in which they happened
// to a pool, on a goroutine of the subscription's own: a handler that is slow or panics delays
// nobody. [Subscription.Close] ends it, as does [System.Close].
func (e *Events) Subscribe(handle func(messages.Event), wish Wish) *Subscription {
	s := newSubscription(handle, wish, e)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		s.stop()
		return s
	}
	s.on = e.stream.Subscribe(s.offer)
	e.open[s] = !wish.NoLeases
	e.report(e.leasesWanted())
	return s
}

func (e *Events) leasesWanted() bool {
	for _, wanted := range e.open {
		if wanted {
			return true
		}
	}
	return false
}

// reportTo sets pools that were added to tell what the others tell.
func (e *Events) reportTo(pools []*Pool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range pools {
		p.slots.Report(e.leasesWanted())
	}
}

func (e *Events) unsubscribe(s *Subscription) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, there := e.open[s]; !there {
		return
	}
	delete(e.open, s)
	e.stream.Unsubscribe(s.on)
	e.report(e.leasesWanted())
}

// close ends all subscriptions, and returns when their handlers were told what was in their buffers.
func (e *Events) close() {
	e.mu.Lock()
	e.closed = true
	all := make([]*Subscription, 0, len(e.open))
	for s := range e.open {
		all = append(all, s)
	}
	e.mu.Unlock()
	for _, s := range all {
		s.Close()
	}
}
