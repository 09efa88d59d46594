package conn_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

func BenchmarkCheckout(b *testing.B) {
	s, _, _, _ := slots(b, 16, func(*config.Pool, *conn.DialerOptions) {})
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		l, err := s.Acquire(ctx)
		if err != nil {
			b.Fatal(err)
		}
		l.Release()
	}
}

// BenchmarkQueuedCheckout is 64 goroutines on 4 backends: the queue is never empty.
func BenchmarkQueuedCheckout(b *testing.B) {
	s, _, _, _ := slots(b, 4, func(*config.Pool, *conn.DialerOptions) {})
	const goroutines = 64
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			for range b.N / goroutines {
				l, err := s.Acquire(ctx)
				if err != nil {
					b.Error(err)
					return
				}
				runtime.Gosched()
				l.Release()
			}
		})
	}
	wg.Wait()
}
