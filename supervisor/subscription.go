package supervisor

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/eventstream"
	"github.com/petermattis/goid"

	"github.com/unoactor/unoactor/messages"
)

// Subscription tells events to a handler, from [Events.Subscribe] until Close. Its methods are safe for
// concurrent use.
type Subscription struct {
	events *Events
	on     *eventstream.Subscription
	wants  func(messages.Event) bool
	handle func(messages.Event)
	queue  chan messages.Event

	once   sync.Once
	quit   chan struct{} // closed when it is to end, after what is in the buffer
	done   chan struct{} // closed when it has ended
	runner atomic.Int64  // the id of the goroutine that calls the handler
	missed atomic.Uint64
	panics atomic.Uint64
}

func newSubscription(handle func(messages.Event), wish Wish, e *Events) *Subscription {
	if wish.Buffer <= 0 {
		wish.Buffer = 1024
	}
	s := &Subscription{
		events: e, wants: wish.Wants, handle: handle, queue: make(chan messages.Event, wish.Buffer),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	go s.serve()
	return s
}

// offer puts an event into the buffer, if the event is wanted and there is room. It is called on the
// goroutine on which the event happens.
func (s *Subscription) offer(event any) {
	m, ours := event.(messages.Event)
	if !ours || !s.wanted(m) {
		return
	}
	select {
	case s.queue <- m:
	default:
		s.missed.Add(1)
	}
}

func (s *Subscription) wanted(m messages.Event) bool {
	if s.wants == nil {
		return true
	}
	defer s.survive("filter")
	return s.wants(m)
}

// serve calls the handler with one event after the other. If the handler ends the goroutine, another
// one goes on.
func (s *Subscription) serve() {
	ended := false
	defer func() {
		if !ended {
			s.panics.Add(1)
			go s.serve()
		}
	}()
	s.runner.Store(goid.Get())
	for {
		select {
		case m := <-s.queue:
			s.tell(m)
			continue
		default:
		}
		select {
		case m := <-s.queue:
			s.tell(m)
		case <-s.quit:
			if len(s.queue) == 0 {
				ended = true
				close(s.done)
				return
			}
		}
	}
}

func (s *Subscription) tell(m messages.Event) {
	defer s.survive("handler")
	s.handle(m)
}

func (s *Subscription) survive(what string) {
	if p := recover(); p != nil {
		s.panics.Add(1)
		s.events.log.Error("subscriber panicked", "in", what, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
}

// Missed returns how many events were dropped because the buffer was full.
func (s *Subscription) Missed() uint64 { return s.missed.Load() }

// Panics returns how often the handler or Wants panicked, or ended its goroutine.
func (s *Subscription) Panics() uint64 { return s.panics.Load() }

// Close ends the subscription. It returns when the handler was told what was in the buffer; if the
// handler itself calls it, at once.
func (s *Subscription) Close() {
	s.events.unsubscribe(s)
	s.stop()
	if s.runner.Load() != goid.Get() {
		<-s.done
	}
}

func (s *Subscription) stop() { s.once.Do(func() { close(s.quit) }) }
