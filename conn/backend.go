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

// Backend is one connection to a server: one incarnation of a slot. Only who
// leases it, or its connection actor while it is claimed, may use it; what may
// be called by others says so.
type Backend struct {
	slot   *slot
	px     *pgx.Conn
	pg     *pgconn.PgConn
	wire   *wire
	dialer *Dialer
	peeker peeker
	watch  int32 // its number among the watched, see hangups

	parameters  map[string]string // as reported at connect
	incarnation uint64
	opened      time.Time
	spared      float64 // the part of the last tenth of a lifetime that it is spared, see Expires

	server messages.Server
	proven atomic.Pointer[time.Time] // its last sign of life to a ping; on the monotonic clock

	retiring  atomic.Uint32 // the messages.Cause it is to be closed for
	abandoned atomic.Bool   // a hook that hangs, or a former holder, may still use it: nobody else does
	inUse     atomic.Int32  // statements of its holder that are under way, see Use
	open      atomic.Int32  // rows and batches of its holder that are open
	broken    error         // what its holder gave it up for
	seen      bool          // a holder has looked whether its server is there
	silent    bool          // it gave no sign of life: its socket is closed
	owing     bool          // it did not answer in time, though it was asked to cancel
	care      care          // what it needs before its next lease
	answered  int64         // when its server last did, as far as its holders told; on the clock of the slots
	session   any
	scratch   any
}

// Conn is the backend as pgx speaks to it.
func (b *Backend) Conn() *pgx.Conn { return b.px }

// Tracer is what is told of its statements, for whoever runs some past pgx. It may be nil.
func (b *Backend) Tracer() pgx.QueryTracer { return b.dialer.options.Tracer }

// NetConn is the socket, for whoever speaks the protocol himself. What is read
// and written is his until the lease ends, which he does only when the server
// is ready for a query outside a transaction.
func (b *Backend) NetConn(ctx context.Context) (net.Conn, error) {
	if err := b.pg.SyncConn(ctx); err != nil {
		return nil, err
	}
	return b.pg.Conn(), nil
}

// PID is the server's process id of the backend. Safe for concurrent use.
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

// Session is what a former holder stored with SetSession, nil in each
// incarnation and after each reset that discards the server's session state.
func (b *Backend) Session() any { return b.session }

// SetSession stores what the holder wants to find with the backend in a later lease.
func (b *Backend) SetSession(v any) { b.session = v }

// Scratch is a place for what holders want to keep with the backend for those
// who come after them. It is empty in each incarnation.
func (b *Backend) Scratch() *any { return &b.scratch }

// Taint says that the server's session state is not what the next holder
// expects: Release will have it discarded before the backend is lent again.
func (b *Backend) Taint() { b.care |= careDiscard }

// care is what a backend needs besides the pool's own reset before it is lent again.
type care uint8

const (
	careDiscard care = 1 << iota // the server's session state is discarded
	careForget                   // prepared statements are forgotten, by pgx and the server: they don't agree
)

// CancelRequest asks the server to cancel what the backend runs, on a connection
// of its own, and returns when the server has taken note: a statement sent
// later is not hit. Safe for concurrent use.
func (b *Backend) CancelRequest(ctx context.Context) error { return b.pg.CancelRequest(ctx) }

// Failure is what its holder gave it up for, nil if nothing.
func (b *Backend) Failure() error { return b.broken }

// Expires is the end of its lifetime where backends have that, zero if it has none: up to
// a tenth earlier, at random, so that backends which were opened together are not replaced
// together. Safe for concurrent use.
func (b *Backend) Expires(lifetime time.Duration) time.Time {
	if lifetime == config.Never {
		return time.Time{}
	}
	return b.opened.Add(lifetime - time.Duration(b.spared*float64(lifetime/10)))
}

// retirement is why the backend is to be closed. Who marks a slot may hit the next backend
// in it, which goes as well: a cause there is always.
func (b *Backend) retirement() messages.Cause {
	return cmp.Or(messages.Cause(b.retiring.Load()), messages.Invalidated)
}

// condition is what must be done about a backend that its holder gives back.
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
