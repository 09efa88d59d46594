package supervisor

import (
	"context"
	"sync"
)

// bell wakes those who wait for a change. The zero bell is ready. It is safe for concurrent use.
type bell struct {
	mu   sync.Mutex
	next chan struct{} // closed at the next ring; nil while nobody listens
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}

func (b *bell) listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

// until blocks until met returns true, which it asks again after each ring. Its error is that of ctx,
// or matches [conn.ErrClosed] if the pool ends first.
func (p *Pool) until(ctx context.Context, met func() bool) error {
	for {
		ring := p.changed.listen()
		if met() {
			return nil
		}
		select {
		case <-ring:
		case <-p.done:
			if met() {
				return nil
			}
			return p.ended()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
