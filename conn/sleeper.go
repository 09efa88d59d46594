package conn

import (
	"context"
	"errors"
)

// sleeper is the waiter that stands for a goroutine.
type sleeper struct {
	waiting Waiting
	ready   chan struct{} // holds one grant
	lease   Lease
	err     error
}

// Granted stores the grant and wakes the goroutine.
func (w *sleeper) Granted(l Lease, err error) {
	w.lease, w.err = l, err
	w.ready <- struct{}{}
}

// errEnough is what a sleeper is granted when its context has ended.
var errEnough = errors.New("the context has ended")

// wait puts the calling goroutine into the queue and blocks until it is granted a lease or an error.
func (s *Slots) wait(ctx context.Context, p Priority) (Lease, error) {
	w, ok := s.sleepers.Get().(*sleeper)
	if !ok {
		w = &sleeper{ready: make(chan struct{}, 1)}
	}
	defer s.sleepers.Put(w)
	w.waiting.Priority, w.waiting.done = p, ctx.Done()
	if err := s.Enqueue(&w.waiting, w); err != nil {
		return Lease{}, err
	}
	<-w.ready
	if errors.Is(w.err, errEnough) {
		err := s.refusal(ctx.Err(), asDuration(s.now()-w.waiting.since))
		err.OwnLeases = s.heldBy(w.waiting.holder)
		return Lease{}, err
	}
	return w.lease, w.err
}
