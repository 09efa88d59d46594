package unoactor

import (
	"context"
	"sync"
	"time"

	"github.com/unoactor/unoactor/conn"
)

// WithRecovery has the system look for transactions that were left prepared by
// [System.Atomic] when it starts, and then every so often: see [System.Recover]. Each
// look takes a backend of each pool.
func WithRecovery(every time.Duration) Option { return func(s *settings) { s.recovery = every } }

// recovery finishes in the background what was left prepared.
type recovery struct {
	stop context.CancelFunc
	wake chan struct{}
	once sync.Once
	// first is done by the first Atomic.
	first sync.Once
	wait  sync.WaitGroup
}

// How long the background waits before it tries again while something is left: twice as
// long each time.
const (
	recoveryPause   = time.Second
	longestRecovery = time.Minute
)

// finishLater has what is prepared ended in the background, until nothing is left.
func (s *System) finishLater() {
	s.startRecovery(0)
	select {
	case s.recovery.wake <- struct{}{}:
	default: // it is awake
	}
}

func (s *System) startRecovery(every time.Duration) {
	s.recovery.once.Do(func() {
		ctx, stop := context.WithCancel(context.Background()) // until Close
		s.recovery.stop = stop
		s.recovery.wait.Go(func() { s.recoverFor(ctx, every) })
	})
}

// endRecovery stops the background, also one that did not start yet.
func (s *System) endRecovery() {
	s.recovery.once.Do(func() { s.recovery.stop = func() {} })
	s.recovery.stop()
	s.recovery.wait.Wait()
}

func (s *System) recoverFor(ctx context.Context, every time.Duration) {
	wait := recoveryPause
	for left := every > 0; ctx.Err() == nil; {
		if !left {
			var regular <-chan time.Time
			if every > 0 {
				regular = time.After(every)
			}
			select {
			case <-ctx.Done():
			case <-regular:
			case <-s.recovery.wake:
				pause(ctx, recoveryPause) // what was given up may still be under way on its server
			}
			wait = recoveryPause
		}
		if left = s.recoverNow(ctx); left {
			pause(ctx, wait)
			wait = min(2*wait, longestRecovery)
		}
	}
}

// recoverNow looks once, and says whether it should be done again soon.
func (s *System) recoverNow(ctx context.Context) (again bool) {
	over := false
	defer func() {
		if !over { // a tracer or a hook of somebody's
			err := conn.Panicked(recover())
			s.log.Error("the look for what was left prepared failed", "error", err, "stack", conn.StackOf(err))
			again = true
		}
	}()
	again = s.lookAndRecover(ctx)
	over = true
	return again
}

func (s *System) lookAndRecover(ctx context.Context) (again bool) {
	found, err := s.Recover(ctx)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		s.log.Warn("not all pools could be looked at for prepared transactions", "error", err)
	}
	for _, r := range found {
		if r.Err != nil {
			s.log.Warn("a prepared transaction is left", "pool", r.Pool, "gid", r.GID, "because", r.Err)
			again = true
		} else {
			s.log.Info("ended a prepared transaction that was left", "pool", r.Pool, "gid", r.GID, "commit", r.Commit)
		}
	}
	return again || err != nil
}
