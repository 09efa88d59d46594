package unoactor

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"

	"github.com/unoactor/unoactor/conn"
)

// Future is the result of a call that runs meanwhile. It is safe for concurrent use.
type Future[T any] struct {
	done   chan struct{}
	cancel context.CancelFunc
	value  T
	err    error
}

// PanicError is the panic of code that is not ours and ran on a goroutine of ours: a
// function, a hook, a tracer.
type PanicError = conn.PanicError

// Async calls f with a session, as [DB.Session] does, on a goroutine of its own, and
// returns at once. Many may be started: no more of them run statements at a time than
// the pool has backends. A panic of f is a [*PanicError] to whoever awaits it.
func Async[T any](ctx context.Context, db *DB, f func(context.Context, *Session) (T, error), overrides ...SessionConfig) *Future[T] {
	ctx, cancel := context.WithCancel(ctx)
	future := &Future[T]{done: make(chan struct{}), cancel: cancel, err: errGoexit}
	go func() {
		defer close(future.done)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				future.err = &PanicError{Value: p, Stack: debug.Stack()}
			}
		}()
		var value T
		err := db.Session(ctx, func(ctx context.Context, s *Session) (err error) {
			value, err = f(ctx, s)
			return err
		}, overrides...)
		future.value, future.err = value, err
	}()
	return future
}

var errGoexit = errors.New("the function ended its goroutine")

// Done is closed when the result is there.
func (f *Future[T]) Done() <-chan struct{} { return f.done }

// Cancel ends the context that the function was called with.
func (f *Future[T]) Cancel() { f.cancel() }

// Await waits for the result, or for the end of ctx, which does not end the call.
func (f *Future[T]) Await(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	default:
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// AwaitAll waits for several results and gives them in that order. When one fails, or
// ctx ends, the others are cancelled; all are waited for. The error is that of the one
// that failed first.
func AwaitAll[T any](ctx context.Context, futures ...*Future[T]) ([]T, error) {
	cancelAll := func() {
		for _, f := range futures {
			f.Cancel()
		}
	}
	stop := context.AfterFunc(ctx, cancelAll)
	defer stop()
	var first error
	var once sync.Once
	var wait sync.WaitGroup
	for _, f := range futures {
		wait.Go(func() {
			<-f.done
			if f.err != nil {
				once.Do(func() { first = f.err; cancelAll() })
			}
		})
	}
	wait.Wait()
	if first != nil {
		return nil, explain(ctx, first)
	}
	values := make([]T, len(futures))
	for i, f := range futures {
		values[i] = f.value
	}
	return values, nil
}
