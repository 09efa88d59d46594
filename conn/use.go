package conn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/messages"
)

// Use is a statement that is under way on a backend, with the rows or the batch that
// come of it. It knows what had been sent before.
type Use struct {
	backend *Backend
	sent    uint64
	within  bool // a transaction
	open    bool // it is over but for its rows, or the results of its batch
}

// Use takes note of a statement that begins. Until [Use.Done] the end of the lease has
// the backend closed, for who runs the statement may still be using it.
func (l Lease) Use() (Use, error) {
	b, err := l.Backend()
	if err != nil {
		return Use{}, err
	}
	b.inUse.Add(1)
	if _, err := l.Backend(); err != nil { // it ended at the same moment: one of the two sees the other
		b.inUse.Add(-1)
		return Use{}, err
	}
	return b.Use(), nil
}

// Use is a Use by whoever sees to it that the lease lasts.
func (b *Backend) Use() Use {
	return Use{backend: b, sent: b.wire.sent.Load(), within: b.pg.TxStatus() != 'I'}
}

// Open takes note that nothing of a use is left but its rows, or the results of its batch.
func (u *Use) Open() {
	u.open = true
	u.backend.open.Add(1)
	u.backend.inUse.Add(-1)
}

// Done ends a use that [Lease.Use] began.
func (u Use) Done() {
	if u.open {
		u.backend.open.Add(-1)
	} else {
		u.backend.inUse.Add(-1)
	}
}

// InUse says whether a [Lease.Use] has not ended.
func (l Lease) InUse() bool {
	b, err := l.Backend()
	return err == nil && b.used()
}

// Running says whether a [Lease.Use] has not ended, nor got as far as [Use.Open].
func (l Lease) Running() bool {
	b, err := l.Backend()
	return err == nil && b.inUse.Load() != 0
}

func (b *Backend) used() bool { return b.inUse.Load() != 0 || b.open.Load() != 0 }

// Sent says whether anything was sent since it began that the server may have done.
func (u Use) Sent() bool { return u.backend.wire.sent.Load() != u.sent }

// Within says whether it began within a transaction.
func (u Use) Within() bool { return u.within }

// Lost says whether the connection was lost meanwhile.
func (u Use) Lost() bool { return u.backend.pg.IsClosed() }

// Sending takes note of what is sent past pgx's own statements, as by
// [pgconn.PgConn.ExecBatch], before it is.
func (b *Backend) Sending() { b.wire.sending() }

// BackendOf is the backend of which c is the connection; nil if c is of no pool.
func BackendOf(c *pgx.Conn) *Backend {
	b, _ := c.PgConn().CustomData()[ownBackend].(*Backend)
	return b
}

// ErrHangsUp is a server, or what is before it, that ends each connection before
// anything is sent on it.
var ErrHangsUp = errors.New("the server hangs up on each new connection")

// LostError is a connection that its server had ended before a statement was sent on
// it: nothing has happened.
type LostError struct{ Err error }

func (e *LostError) Error() string {
	return fmt.Sprintf("the connection was lost before the statement was sent: %v", e.Err)
}

// Unwrap gives what the server said, or how the loss was noticed.
func (e *LostError) Unwrap() error { return e.Err }

// SafeToRetry is for [pgconn.SafeToRetry].
func (e *LostError) SafeToRetry() bool { return true }

// farewellPatience is how long what has begun to arrive may take to arrive in full.
const farewellPatience = 50 * time.Millisecond

// HungUp looks, before a statement is sent, whether the server has ended the connection:
// then it returns a [*LostError]. It costs a system call, which it spares within a
// millisecond of [Lease.Answered]. What else the server has sent, pgx is given.
func (b *Backend) HungUp(ctx context.Context) error {
	if b.answered != 0 && b.slot.pool.now()-b.answered < justNow || b.pg.IsClosed() || b.pg.IsBusy() {
		return nil
	}
	for range 10 { // who is notified all the time is there
		if b.Peek() == messages.None && b.pg.Frontend().ReadBufferLen() == 0 {
			return nil
		}
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewellPatience)
		_, err := b.pg.ReceiveMessage(patience)
		cancel()
		if b.pg.IsClosed() {
			return &LostError{err}
		}
		if err != nil {
			return nil
		}
	}
	return nil
}
