package conn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/messages"
)

// Use is a statement that runs on a backend, with its rows or the results of its batch. It knows how
// much had been sent before it began. It belongs to one goroutine.
type Use struct {
	backend *Backend
	sent    uint64
	within  bool // it began within a transaction
	open    bool // nothing is left but its rows, or the results of its batch
}

// Use says that a statement begins. If the lease ends before [Use.Done], the backend is closed, since
// the statement may still be using it. The error is a [*StaleLeaseError].
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

// Use returns a [Use] that is not counted: the caller sees to it that the lease lasts, and does not
// call [Use.Done].
func (b *Backend) Use() Use {
	return Use{backend: b, sent: b.wire.sent.Load(), within: b.pg.TxStatus() != 'I'}
}

// Open says that nothing of a use is left but its rows, or the results of its batch.
func (u *Use) Open() {
	u.open = true
	u.backend.open.Add(1)
	u.backend.inUse.Add(-1)
}

// Done ends a use that [Lease.Use] returned.
func (u Use) Done() {
	if u.open {
		u.backend.open.Add(-1)
	} else {
		u.backend.inUse.Add(-1)
	}
}

// InUse returns whether a use of the lease has not ended. Safe for concurrent use.
func (l Lease) InUse() bool {
	b, err := l.Backend()
	return err == nil && b.used()
}

// Running returns whether a use of the lease has neither ended nor come to [Use.Open]. Safe for
// concurrent use.
func (l Lease) Running() bool {
	b, err := l.Backend()
	return err == nil && b.inUse.Load() != 0
}

func (b *Backend) used() bool { return b.inUse.Load() != 0 || b.open.Load() != 0 }

// Sent returns whether anything was sent since the use began that the server may have done.
func (u Use) Sent() bool { return u.backend.wire.sent.Load() != u.sent }

// Within returns whether the use began within a transaction.
func (u Use) Within() bool { return u.within }

// Lost returns whether the connection is lost.
func (u Use) Lost() bool { return u.backend.pg.IsClosed() }

// Sending says that something is about to be sent past pgx's own statements, for example by
// [pgconn.PgConn.ExecBatch].
func (b *Backend) Sending() { b.wire.sending() }

// BackendOf returns the backend whose connection c is, nil if c is of no pool.
func BackendOf(c *pgx.Conn) *Backend {
	b, _ := c.PgConn().CustomData()[ownBackend].(*Backend)
	return b
}

// ErrHangsUp is the error of a server, or of a proxy before it, that ends each connection before
// anything is sent on it.
var ErrHangsUp = errors.New("the server hangs up on each new connection")

// LostError is the error of a statement whose connection the server had ended before the statement was
// sent: nothing has happened.
type LostError struct{ Err error }

func (e *LostError) Error() string {
	return fmt.Sprintf("the connection was lost before the statement was sent: %v", e.Err)
}

// Unwrap returns what the server said, or how the loss was noticed.
func (e *LostError) Unwrap() error { return e.Err }

// SafeToRetry returns true, for [pgconn.SafeToRetry].
func (e *LostError) SafeToRetry() bool { return true }

// farewellPatience bounds how long a message that has begun to arrive may take to arrive in full.
const farewellPatience = 50 * time.Millisecond

// HungUp peeks, before a statement is sent, whether the server has ended the connection, and returns a
// [*LostError] if so. It costs a system call, but none within a millisecond of [Lease.Answered].
// Messages that the server has sent meanwhile, such as notices, are given to pgx.
func (b *Backend) HungUp(ctx context.Context) error {
	if b.answered != 0 && b.slot.pool.now()-b.answered < justNow || b.pg.IsClosed() || b.pg.IsBusy() {
		return nil
	}
	for range 10 { // a server that sends notifications all the time has not hung up
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
