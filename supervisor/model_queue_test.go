package supervisor_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
)

// A modelQueue is what a pool's queue has to be: who waits, in which order. It
// is told by those who wait, and is safe for concurrent use. It holds no lock
// while it calls the pool.
type modelQueue struct {
	mu      sync.Mutex
	clock   int
	mark    int // the clock when takeOver was last called
	waiting []*modelWaiter
	ended   []*modelWaiter // those whose wait has ended, in the order in which they learned it
	wrong   []string
}

// A modelWaiter waits for a lease, in the queue or in Acquire.
type modelWaiter struct {
	conn.Waiting
	name   string
	queue  *modelQueue
	since  time.Time
	began  int  // before it was put into the queue, 1 or later
	stood  int  // after it was, 0 before
	left   bool // it is being taken out
	queued bool // it is a conn.Waiter; else it waits in Acquire

	cancel context.CancelFunc // of who waits in Acquire

	lease  conn.Lease // of the grant
	err    error
	at     time.Time
	answer chan struct{} // closed when it is granted or refused
}

func (q *modelQueue) newWaiter(name string, priority conn.Priority, queued bool) *modelWaiter {
	w := &modelWaiter{name: name, queue: q, since: time.Now(), queued: queued, answer: make(chan struct{})}
	w.Priority = priority
	q.mu.Lock()
	defer q.mu.Unlock()
	q.clock++
	w.began = q.clock
	q.waiting = append(q.waiting, w)
	return w
}

// enqueue puts w in the pool's queue.
func (w *modelWaiter) enqueue(p *supervisor.Pool) {
	if err := p.Slots().Enqueue(&w.Waiting, w); err != nil {
		w.finish(conn.Lease{}, err)
		return
	}
	w.stand()
}

// acquire makes w wait in Acquire, until cancel is called.
func (w *modelWaiter) acquire(ctx context.Context, p *supervisor.Pool) {
	ctx, w.cancel = context.WithCancel(ctx)
	go func() {
		defer w.cancel()
		w.finish(p.AcquirePriority(ctx, w.Priority))
	}()
}

// stand says that w is in the queue by now, if it is not past it.
func (w *modelWaiter) stand() {
	w.queue.mu.Lock()
	defer w.queue.mu.Unlock()
	w.queue.clock++
	w.stood = w.queue.clock
}

// leave cancels the wait, and says whether it has ended with that.
func (w *modelWaiter) leave(p *supervisor.Pool) bool {
	w.queue.mu.Lock()
	w.left = true
	w.queue.mu.Unlock()
	if !w.queued {
		w.cancel()
		return false
	}
	if !p.Slots().Cancel(&w.Waiting) {
		return false
	}
	w.finish(conn.Lease{}, context.Canceled)
	return true
}

// Granted is called by the pool.
func (w *modelWaiter) Granted(l conn.Lease, err error) { w.finish(l, err) }

func (w *modelWaiter) finish(l conn.Lease, err error) {
	q := w.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-w.answer:
		q.wrong = append(q.wrong, fmt.Sprintf("%s is answered twice: %v, then %v", w.name, w.err, err))
		return
	default:
	}
	w.lease, w.err, w.at = l, err, time.Now()
	q.ended = append(q.ended, w)
	for i, o := range q.waiting {
		if o == w {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			break
		}
	}
	close(w.answer)
}

// before says whether w must be served before o, both in the queue.
func (w *modelWaiter) before(o *modelWaiter) bool {
	if w.stood == 0 || w.left {
		return false // nobody knows where it is
	}
	if w.Priority != o.Priority {
		return w.Priority > o.Priority && (w.stood < o.began || w.stood <= w.queue.mark)
	}
	return w.stood < o.began
}

// takeOver returns those whose wait ended since it was last called, having looked
// whether somebody was served before his turn. Nobody may be served meanwhile.
func (q *modelQueue) takeOver() (ended []*modelWaiter, wrong []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.ended {
		if w.err != nil {
			continue
		}
		for _, o := range q.waiting {
			if o.before(w) {
				q.wrong = append(q.wrong, fmt.Sprintf("%s got a lease and %s, who comes before, still waits", w.name, o.name))
			}
		}
	}
	for _, w := range q.waiting {
		if w.stood == 0 { // it waits in Acquire, and must have come that far
			q.clock++
			w.stood = q.clock
		}
	}
	q.mark = q.clock
	ended, q.ended = q.ended, nil
	wrong, q.wrong = q.wrong, nil
	return ended, wrong
}

// standing are those who wait, the longest first.
func (q *modelQueue) standing() []*modelWaiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]*modelWaiter(nil), q.waiting...)
}
