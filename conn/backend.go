package conn

import (
	"cmp"
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// Backend is one connection to a server: one incarnation of a slot. Only the holder of its
// lease, or its connection's actor while the slot is claimed, may call its methods, but for
// those whose comments say that they are safe for concurrent use.
type Backend struct {
	slot   *slot
	px     *pgx.Conn
	pg     *pgconn.PgConn
	wire   *wire
	dialer *Dialer
	peeker peeker
	watch  int32 // its number among the backends that hangups watches, 0 if it is not

	parameters  map[string]string // as reported at connect
	incarnation uint64
	opened      time.Time
	spared      float64 // the part of the last tenth of a lifetime that it is spared, see Expires

	server messages.Server
	proven atomic.Pointer[time.Time] // when it was opened or last answered a ping; on the monotonic clock

	retiring  atomic.Uint32 // the messages.Cause for which it is to be closed, None if it is not
	abandoned atomic.Bool   // a hook that hangs, or a former holder, may still use it: nobody else does
	inUse     atomic.Int32  // statements of its holder that run, see Use
	open      atomic.Int32  // rows and batches of its holder that are open
	broken    error         // why its holder destroyed it
	seen      bool          // it was peeked at once, see Lease.Glance
	silent    bool          // it did not answer a ping: its socket is closed
	owing     bool          // the server owes an answer, though it was asked to cancel
	care      care          // what its clean-up has to do
	answered  int64         // when its holders last told that the server had answered; on the clock of the slots
	session   any
	scratch   any
}

// Conn returns the backend as pgx speaks to it.
func (b *Backend) Conn() *pgx.Conn { return b.px }

// Tracer returns what is told of the backend's statements, for whoever runs statements past pgx.
// It may be nil.
func (b *Backend) Tracer() pgx.QueryTracer { return b.dialer.options.Tracer }

// NetConn returns the socket, for a holder that speaks the protocol itself. Reading and writing are
// the holder's until its lease ends; it releases the lease only when the server is ready for a
// query outside a transaction. The error is that of a connection that was lost.
func (b *Backend) NetConn(ctx context.Context) (net.Conn, error) {
	if err := b.pg.SyncConn(ctx); err != nil {
		return nil, err
	}
	return b.pg.Conn(), nil
}

// PID is the id of the backend's process on the server. Safe for concurrent use.
func (b *Backend) PID() uint32 { return b.pg.PID() }

// Incarnation counts the lives of its slot, from 1. Safe for concurrent use.
func (b *Backend) Incarnation() uint64 { return b.incarnation }

// Proven is when it last answered a ping, or was opened. Safe for concurrent use.
func (b *Backend) Proven() time.Time { return *b.proven.Load() }

// Opened is when it was ready for its first lease. Safe for concurrent use.
func (b *Backend) Opened() time.Time { return b.opened }

// Slot is the index of its slot in the pool. Safe for concurrent use.
func (b *Backend) Slot() int { return b.slot.index }

// Parameters are the values of the parameters that the server reported at connect, by the
// server's spelling of their names. The caller must not change the map. Safe for concurrent use.
func (b *Backend) Parameters() map[string]string { return b.parameters }

// Session returns what a former holder stored with SetSession; nil in a new incarnation, and
// after a clean-up that discarded the server's session state.
func (b *Backend) Session() any { return b.session }

// SetSession stores what a holder of a later lease finds with Session.
func (b *Backend) SetSession(v any) { b.session = v }

// Scratch points to a value that holders keep with the backend for later holders. It is nil in a
// new incarnation, and no clean-up changes it.
func (b *Backend) Scratch() *any { return &b.scratch }

// Taint says that the server's session state is not what the next holder expects: after the
// release it is discarded (DISCARD ALL) before the backend is lent again.
func (b *Backend) Taint() { b.care |= careDiscard }

// care is what the clean-up of a backend has to do besides the pool's own reset.
type care uint8

const (
	careDiscard care = 1 << iota // discard the server's session state
	careForget                   // deallocate prepared statements, in pgx and on the server, which don't agree about them
)

// CancelRequest asks the server to cancel what the backend runs, on a connection of the request's
// own, and returns when the server has closed that: a statement that is sent later is not hit. The
// error is that of the connection, or of ctx. Safe for concurrent use.
func (b *Backend) CancelRequest(ctx context.Context) error { return b.pg.CancelRequest(ctx) }

// Failure returns why the backend was destroyed by its holder, or did not answer a ping; nil otherwise.
func (b *Backend) Failure() error { return b.broken }

// Expires returns when the backend's lifetime ends, given how long backends live; zero if they live
// for ever. It is up to a tenth earlier, at random, so that backends that were opened together are
// not replaced together. Safe for concurrent use.
func (b *Backend) Expires(lifetime time.Duration) time.Time {
	if lifetime == config.Never {
		return time.Time{}
	}
	return b.opened.Add(lifetime - time.Duration(b.spared*float64(lifetime/10)))
}

// retirement is why the backend is to be closed. Whoever marks a slot may hit the next backend
// in it, which is closed as well, and has no cause of its own: Invalidated is returned.
func (b *Backend) retirement() messages.Cause {
	return cmp.Or(messages.Cause(b.retiring.Load()), messages.Invalidated)
}

// condition is in which state a holder gives the backend back: None if it can be lent again at
// once, Dirty if it has to be cleaned up, Broken if it has to be closed.
func (b *Backend) condition() messages.Cause {
	switch {
	case b.used():
		b.abandoned.Store(true)
		return messages.Broken
	case b.abandoned.Load() || b.broken != nil || b.wire.dead.Load() || b.pg.IsClosed() || b.pg.IsBusy():
		return messages.Broken
	case b.care != 0 || b.dialer.cleansAlways || b.slot.pool.resets.Load() || b.pg.TxStatus() != 'I':
		return messages.Dirty
	}
	return messages.None
}
