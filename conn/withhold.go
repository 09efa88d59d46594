package conn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// WithoutValues returns err as a log or a span may tell it, without arguments and rows: a server's
// message may quote a value, as "invalid input syntax" does, and so may pgx's message about an
// argument that it can't encode. Of a server's error it returns the SQLSTATE, as a
// [*pgconn.PgError] without message; of an error of the network, a context or the state of a
// connection that innermost error itself; of any other error its type. Of nil it returns nil.
func WithoutValues(err error) error {
	if err == nil {
		return nil
	}
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return &pgconn.PgError{Severity: pg.Severity, SeverityUnlocalized: pg.SeverityUnlocalized, Code: pg.Code, Message: "message withheld"}
	}
	for _, plain := range []error{
		context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		pgx.ErrNoRows, pgx.ErrTooManyRows, pgx.ErrTxClosed, pgx.ErrTxCommitRollback, pgconn.ErrConnClosed,
	} {
		if errors.Is(err, plain) {
			return plain
		}
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op
	}
	root := err
	for next := errors.Unwrap(root); next != nil; next = errors.Unwrap(root) {
		root = next
	}
	return fmt.Errorf("an error of type %T, whose text is withheld, for it may quote a value", root)
}
