package conn

import (
	"context"
	"sync"
)

// sleeper is a goroutine that waits.
type sleeper struct {
	waiting Waiting
	ready   chan struct{} // holds one grant
	lease   Lease
	err     error
}

var sleepers = sync.Pool{New: func() any { return &sleeper{ready: make(chan struct{}, 1)} }}

// Granted wakes the goroutine.
func (w *sleeper) Granted(l Lease, err error) {
	w.lease, w.err = l, err
	w.ready <- struct{}{}
}

// wait puts the calling goroutine in the queue, and to sleep.
func (s *Slots) wait(ctx context.Context, p Priority) (Lease, error) {
	w := sleepers.Get().(*sleeper)
	defer sleepers.Put(w)
	w.waiting.Priority = p
	if err := s.Enqueue(&w.waiting, w); err != nil {
		return Lease{}, err
	}
	done := ctx.Done()
	if done == nil { // a receive costs less than a choice
		<-w.ready
		return w.lease, w.err
	}
	select {
	case <-w.ready:
	case <-done:
		since := w.waiting.since
		if s.Cancel(&w.waiting) {
			return Lease{}, s.refusal(ctx.Err(), asDuration(s.now()-since))
		}
		<-w.ready
		if w.err == nil {
			w.lease.Release() // granted and cancelled at once: passed on
			return Lease{}, s.refusal(ctx.Err(), asDuration(s.now()-since))
		}
	}
	return w.lease, w.err
}
