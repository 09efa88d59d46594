package twophase

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// How long the background waits before it tries again while something is left: twice as
// long each time.
const (
	firstWait   = time.Second
	longestWait = time.Minute
)

// Background recovers in a goroutine of its own, from the first [Background.Start] or
// [Background.Wake] to [Background.Stop]: until nothing is left, and then when it is woken,
// and every so often if that is wanted. It is safe for concurrent use.
type Background struct {
	look   func(context.Context) (again bool)
	failed func(reason any)

	once sync.Once
	stop context.CancelFunc
	wake chan struct{}
	wait sync.WaitGroup

	mu   sync.Mutex
	left []Leftover // whose servers have not said yet that they are over
}

// NewBackground makes one that calls look to recover, which says whether something is left.
// A panic in look, or of a [Database], is given to failed, in the deferred call that has
// recovered it; it counts as something that is left.
func NewBackground(look func(context.Context) (again bool), failed func(reason any)) *Background {
	return &Background{look: look, failed: failed, wake: make(chan struct{}, 1)}
}

// Start begins. It looks at once if every is not 0, and then every so often.
func (b *Background) Start(every time.Duration) {
	b.once.Do(func() {
		ctx, stop := context.WithCancel(context.Background()) // until Stop
		b.stop = stop
		b.wait.Go(func() { b.run(ctx, every) })
	})
}

// Wake looks soon, and again until nothing is left and the server of each leftover has said
// that its transaction is over. A look may not see it: it is not prepared yet, or its pool is
// on another server for a while.
func (b *Background) Wake(left ...Leftover) {
	b.mu.Lock()
	b.left = append(b.left, left...)
	b.mu.Unlock()
	b.Start(0)
	select {
	case b.wake <- struct{}{}:
	default: // it is awake
	}
}

// Stop returns when the goroutine has ended. One that did not start does not start any more.
func (b *Background) Stop() {
	b.once.Do(func() { b.stop = func() {} })
	b.stop()
	b.wait.Wait()
}

func (b *Background) run(ctx context.Context, every time.Duration) {
	wait := firstWait
	for again := every > 0; ; {
		if !again {
			b.sleep(ctx, every)
			wait = firstWait
		}
		if ctx.Err() != nil {
			return
		}
		if again = b.round(ctx); again {
			pause(ctx, wait)
			wait = min(2*wait, longestWait)
		}
	}
}

// sleep waits until it is time, or until somebody wakes it.
func (b *Background) sleep(ctx context.Context, every time.Duration) {
	var regular <-chan time.Time
	if every > 0 {
		timer := time.NewTimer(every)
		defer timer.Stop()
		regular = timer.C
	}
	select {
	case <-ctx.Done():
	case <-regular:
	case <-b.wake:
		pause(ctx, firstWait) // what was given up may still be under way on its server
	}
}

// round recovers once, and says whether it should be done again soon.
func (b *Background) round(ctx context.Context) (again bool) {
	over := false
	defer func() {
		if !over { // a tracer or a hook of somebody's
			b.failed(recover())
			again = true
		}
	}()
	again = b.look(ctx)
	again = b.awaited(ctx) || again
	over = true
	return again
}

// awaited forgets the leftovers whose servers say that they are over, or can't be asked any
// more, and says whether others remain.
func (b *Background) awaited(ctx context.Context) bool {
	b.mu.Lock()
	left := slices.Clone(b.left)
	b.mu.Unlock()
	over := make(map[string]bool)
	for _, l := range left {
		status, err := statusOf(ctx, l.Database, l.XID)
		if err == nil && status != InProgress || errors.Is(err, ErrGone) {
			over[l.Pool+"/"+l.GID] = true
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = slices.DeleteFunc(b.left, func(l Leftover) bool { return over[l.Pool+"/"+l.GID] })
	return len(b.left) > 0
}
