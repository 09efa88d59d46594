package conn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// CleanUp makes a claimed backend fit for its next holder: it ends an open transaction, resets the
// session as the pool says, and runs the checkin hooks, within ctx. After an error the backend must
// be closed, for the cause that is returned. It is for the goroutine that claimed the backend.
func (b *Backend) CleanUp(ctx context.Context) (messages.Cause, error) {
	if err := b.broken; err != nil {
		return messages.Broken, err
	}
	if b.abandoned.Load() {
		return messages.Broken, errors.New("somebody still uses it")
	}
	if b.pg.IsClosed() {
		return messages.Broken, errors.New("the connection was closed")
	}
	if b.pg.IsBusy() {
		return messages.Broken, errors.New("released with a result or a COPY still open")
	}
	resetting, cancel := context.WithTimeout(ctx, resetTime)
	defer cancel()
	if err := b.reset(resetting); err != nil {
		b.owing = resetting.Err() != nil
		return messages.ResetFailed, fmt.Errorf("reset: %w", err)
	}
	for _, h := range checkinHooks(b.dialer.hooks) {
		if err := b.dialer.run(ctx, h, h.OnCheckin, b); err != nil {
			return messages.HookFailed, fmt.Errorf("on_checkin: %w", err)
		}
	}
	return messages.None, nil
}

// resetTime bounds a reset. Together with lastCall it lets the slot of a frozen server's backend be
// free within five seconds.
const resetTime = 4 * time.Second

func (b *Backend) reset(ctx context.Context) error {
	policy := b.resetPolicy()
	if b.pg.TxStatus() != 'I' {
		if policy == config.ResetNone {
			return errors.New("a transaction was left open, and the pool's reset policy is none")
		}
		if _, err := b.Conn().Exec(ctx, "rollback"); err != nil {
			return err
		}
	}
	switch {
	case policy == config.ResetDiscard || b.care&careDiscard != 0:
		if err := runOwn(ctx, b.px, "discard all"); err != nil {
			return err
		}
		b.care, b.session = 0, nil
	case policy != config.ResetRollback && policy != config.ResetNone:
		if err := runOwn(ctx, b.px, string(policy)); err != nil {
			return err
		}
		if d, ok := b.session.(Disturbed); ok {
			d.Disturbed()
		}
	}
	if b.care&careForget != 0 {
		if err := b.px.DeallocateAll(ctx); err != nil {
			return err
		}
		b.care = 0
	}
	if b.pg.TxStatus() != 'I' {
		return errors.New("the reset left a transaction open")
	}
	return nil
}

// resetPolicy returns the reset policy that the backend's pool has now; of a backend that is in no
// slot, that of the pool for which it was dialed.
func (b *Backend) resetPolicy() config.Reset {
	if b.slot == nil {
		return b.dialer.pool.Reset
	}
	return *b.slot.pool.reset.Load()
}

// Disturbed is implemented by a value given to [Backend.SetSession] that describes the server's
// session state. Its method is called after the pool's own SQL has run on the backend, which may
// have changed that state.
type Disturbed interface{ Disturbed() }
