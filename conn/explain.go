package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Explain adds to the error of a statement that the end of its context ended why it was:
// the server's "canceling statement" and a connection that was given up match ctx.Err()
// with errors.Is then, the context's cause too, and [pgconn.Timeout] where that was a
// deadline. What the server refused for reasons of its own is returned as it is.
func Explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code != "57014" && !isFatal(pg) {
		return err
	}
	if !errors.As(err, &pg) && !cut(err) {
		return err
	}
	return Ended(ctx, err)
}

// Ended is the error of what the end of its context ended, for certain.
func Ended(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); !errors.Is(err, cause) && !errors.Is(ctx.Err(), cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	if !errors.Is(err, ctx.Err()) {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && !pgconn.Timeout(err) {
		err = &deadlineError{err}
	}
	return err
}

// cut says whether an error is that of a connection, or of a context, and no mistake of
// the program's.
func cut(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, context.Canceled) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) || isEOF(err) || pgconn.SafeToRetry(err)
}

// deadlineError is of a statement that the deadline of its context ended.
type deadlineError struct{ error }

// Unwrap gives the error, and what [pgconn.Timeout] looks for.
func (e *deadlineError) Unwrap() []error { return []error{e.error, timedOut()} }

// SafeToRetry is for [pgconn.SafeToRetry], which would not look into the first of two.
func (e *deadlineError) SafeToRetry() bool { return pgconn.SafeToRetry(e.error) }

// timedOut is what pgconn says of a deadline. [pgconn.Timeout] knows it by its type,
// which pgconn keeps for itself, so it is asked for one: by a wait on a connection on
// which the deadline has passed.
var timedOut = sync.OnceValue(func() error {
	expired := expiredConn{}
	pg, err := pgconn.Construct(&pgconn.HijackedConn{Conn: expired, TxStatus: 'I', Config: &pgconn.Config{
		BuildFrontend:              pgproto3.NewFrontend,
		BuildContextWatcherHandler: func(*pgconn.PgConn) ctxwatch.Handler { return nil },
	}})
	if err != nil {
		return context.DeadlineExceeded
	}
	return pg.WaitForNotification(expiredContext{context.Background()})
})

// expiredConn is a connection on which nothing comes before its deadline.
type expiredConn struct{ net.Conn }

func (expiredConn) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// expiredContext is a context that ends as pgconn looks what ended a wait.
type expiredContext struct{ context.Context } //nolint:containedctx // it is one

func (expiredContext) Err() error { return context.DeadlineExceeded }

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
