package conn

import (
	"context"
	"io"
	"net"
	"time"
)

// lastCall bounds the last cancel request to a server that did not answer an earlier one.
const lastCall = time.Second

// Close runs the close hooks of a claimed backend that still works, closes it, and returns when the
// server's process has ended, or ctx has: PostgreSQL closes its end of the socket last of all.
// Until then the process counts against the server's limits, so the backend has its slot until then.
// A server that did not answer before is not waited for.
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

// Sever closes a backend whose former holder may still be using it: the statement that runs is
// cancelled, then the socket is closed, within ctx. Safe for concurrent use.
func (b *Backend) Sever(ctx context.Context) {
	socket := b.pg.Conn()
	_ = b.pg.CancelRequest(ctx) // best effort: the server also notices a closed socket, later
	linger(ctx, socket, nil)
	socket.Close()
}

// Drop closes the socket and says nothing to the server. Safe for concurrent use.
func (b *Backend) Drop() { b.pg.Conn().Close() }

// linger writes goodbye and waits until the server has closed its end, or ctx ends; without a
// deadline of ctx, for five seconds.
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
