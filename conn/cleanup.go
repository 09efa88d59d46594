package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// CleanUp makes a claimed backend ready for its next holder, as the pool's reset
// policy and checkin hooks say. An error means that it must be closed, for the
// cause returned with it.
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

// resetTime is how long a server may take to reset a backend: with lastCall, the slot of
// a frozen one is free within five seconds.
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

// resetPolicy is that of its pool now; of a backend that is in no pool, that of the pool
// which it was dialed for.
func (b *Backend) resetPolicy() config.Reset {
	if b.slot == nil {
		return b.dialer.pool.Reset
	}
	return *b.slot.pool.reset.Load()
}

// Disturbed is what a holder's session (see [Backend.SetSession]) implements if
// it describes what is set on the server: it is told when SQL of the pool's own,
// of which nobody knows what it does, has run there.
type Disturbed interface{ Disturbed() }

// lastCall bounds the last cancel request to a server that did not answer others.
const lastCall = time.Second

// Close ends a claimed backend and returns when the server's process is gone,
// or ctx ends: PostgreSQL closes its end last of all. Until then it counts
// against the server's limits, so until then it keeps its slot.
func (b *Backend) Close(ctx context.Context) {
	socket := b.pg.Conn()
	if b.abandoned.Load() {
		b.Sever(ctx)
		return
	}
	if b.silent {
		b.px.Close(ctx)
		return
	}
	if b.owing {
		ctx, cancel := context.WithTimeout(ctx, lastCall)
		defer cancel()
		_ = b.pg.CancelRequest(ctx) // in vain where the server is frozen
		socket.Close()
		b.px.Close(ctx)
		return
	}
	if b.pg.IsClosed() {
		// pgconn gave up on it, and cancels and closes it in the background.
		select {
		case <-b.pg.CleanupDone():
		case <-ctx.Done():
		}
		socket.Close()
		return
	}
	if b.broken == nil && b.pg.TxStatus() == 'I' && !b.pg.IsBusy() {
		for _, h := range closeHooks(b.dialer.hooks) {
			if b.dialer.run(ctx, h, h.BeforeClose, b) != nil {
				break
			}
		}
		linger(ctx, socket, []byte{'X', 0, 0, 0, 4}) // Terminate
	} else {
		b.Sever(ctx)
	}
	b.px.Close(ctx)
}

// Sever ends a backend whose holder may still be using it: what it runs is
// cancelled, then the socket is closed. It is safe for concurrent use.
func (b *Backend) Sever(ctx context.Context) {
	socket := b.pg.Conn()
	_ = b.pg.CancelRequest(ctx) // best effort: the server also notices a closed socket, later
	linger(ctx, socket, nil)
	socket.Close()
}

// Drop closes the socket and asks for nothing more. It is safe for concurrent use.
func (b *Backend) Drop() { b.pg.Conn().Close() }

// linger says goodbye and waits until the server has closed its end.
func linger(ctx context.Context, socket net.Conn, goodbye []byte) {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(5 * time.Second)
	}
	if socket.SetDeadline(deadline) != nil {
		return
	}
	if _, err := socket.Write(goodbye); err != nil {
		return
	}
	if half, ok := socket.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the read below tells whether it mattered
	}
	_, _ = io.Copy(io.Discard, socket)
}
