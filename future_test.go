package unoactor_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/unoactor/unoactor"
)

func TestFuturesFanOutOverThePoolAndComeBackInOrder(t *testing.T) {
	db := open(t)
	futures := make([]*unoactor.Future[int], 20)
	for i := range futures {
		futures[i] = unoactor.Async(t.Context(), db, func(ctx context.Context, s *unoactor.Session) (n int, err error) {
			err = s.QueryRow(ctx, "select $1::int", i).Scan(&n)
			return n, err
		})
	}
	got, err := unoactor.AwaitAll(t.Context(), futures...)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range got {
		if n != i {
			t.Errorf("%d at %d", n, i)
		}
	}
	if n, err := futures[7].Await(t.Context()); n != 7 || err != nil {
		t.Errorf("awaited again: %d, %v", n, err)
	}
}

func TestOneFutureThatFailsEndsTheOthers(t *testing.T) {
	db := open(t)
	failure := errors.New("of the function")
	sleeping := unoactor.Async(t.Context(), db, func(ctx context.Context, s *unoactor.Session) (int, error) {
		_, err := s.Exec(ctx, "select pg_sleep(100)")
		return 0, err
	})
	failing := unoactor.Async(t.Context(), db, func(context.Context, *unoactor.Session) (int, error) { return 0, failure })
	if _, err := unoactor.AwaitAll(t.Context(), sleeping, failing); !errors.Is(err, failure) {
		t.Errorf("%v", err)
	}
	if _, err := sleeping.Await(t.Context()); !errors.Is(err, context.Canceled) {
		t.Errorf("the other: %v", err)
	}
}

func TestWhatBecomesOfAFutureWhoseFunctionPanicsOrIsAbandoned(t *testing.T) {
	db := open(t)
	panicking := unoactor.Async(t.Context(), db, func(context.Context, *unoactor.Session) (int, error) { panic("of the function") })
	var p *unoactor.PanicError
	if _, err := panicking.Await(t.Context()); !errors.As(err, &p) || p.Value != "of the function" || len(p.Stack) == 0 {
		t.Errorf("%v", err)
	}
	ending := unoactor.Async(t.Context(), db, func(context.Context, *unoactor.Session) (int, error) { runtime.Goexit(); return 0, nil })
	if _, err := ending.Await(t.Context()); err == nil {
		t.Error("a function that never returned has a result")
	}
	waiting := unoactor.Async(t.Context(), db, func(ctx context.Context, _ *unoactor.Session) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := waiting.Await(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	waiting.Cancel()
	<-waiting.Done()
}
