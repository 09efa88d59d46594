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

// Explain returns the error of a statement with the reason added, if the end of ctx ended the
// statement: the server's "canceling statement", or a connection that was given up, then matches
// ctx.Err() and the context's cause with errors.Is, and [pgconn.Timeout] after a deadline. An error
// for which the server had reasons of its own is returned as it is.
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

// Ended returns err with the reason added, as [Explain] does, of an operation that the end of ctx ended
// for certain. ctx has ended.
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

// cut returns whether an error is that of a connection or of a context, rather than a mistake of the
// program's.
func cut(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, context.Canceled) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) || isEOF(err) || pgconn.SafeToRetry(err)
}

// deadlineError is the error of a statement that the deadline of its context ended.
type deadlineError struct{ error }

// Unwrap returns the error, and one that [pgconn.Timeout] knows.
func (e *deadlineError) Unwrap() []error { return []error{e.error, timedOut()} }

// SafeToRetry returns what [pgconn.SafeToRetry] says of the statement's error; pgconn's error of a
// deadline has no say.
func (e *deadlineError) SafeToRetry() bool { return pgconn.SafeToRetry(e.error) }

// timedOut returns pgconn's error of a deadline. [pgconn.Timeout] knows it by its type, which pgconn
// does not export, so one is made by a wait on a connection whose deadline has passed.
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

// expiredContext is a context that has ended when pgconn asks what ended a wait.
type expiredContext struct{ context.Context } //nolint:containedctx // it is one

func (expiredContext) Err() error { return context.DeadlineExceeded }

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
