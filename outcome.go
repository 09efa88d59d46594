package unoactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/sqltext"
)

// UnansweredError is a statement outside a transaction, or one that ends a transaction,
// that was sent and not answered: it may have been done, or not. It is never repeated.
type UnansweredError struct{ Err error }

func (e *UnansweredError) Error() string {
	return fmt.Sprintf("the statement may have been done, or not: it was sent and not answered: %v", e.Err)
}

// Unwrap gives what came instead of the answer.
func (e *UnansweredError) Unwrap() error { return e.Err }

// SafeToRetry is for [pgconn.SafeToRetry].
func (e *UnansweredError) SafeToRetry() bool { return false }

// Unknown says whether an error leaves open what became of the work: it may have been
// done, or not, as after an [*UnansweredError] or an [*AmbiguousCommitError]. After any
// other error of this package the work that failed was certainly not done; an error of
// the server's about a text that commits on its way, as CALL may, is about what was
// under way when it came.
func Unknown(err error) bool {
	var statement *UnansweredError
	var commit *AmbiguousCommitError
	return errors.As(err, &statement) || errors.As(err, &commit)
}

// judge tells what is known of a statement that failed: that its context ended it, that
// it was never sent, or that nobody knows whether it was done.
func judge(ctx context.Context, u conn.Use, sql string, err error) error {
	if err == nil {
		return nil
	}
	return judgeLost(ctx, u, err, func() bool { return sqltext.StaysWithin(sql) })
}

// judgeLost is judge for several texts: within says whether they leave the transaction
// that they run in as it is.
func judgeLost(ctx context.Context, u conn.Use, err error, within func() bool) error {
	switch {
	case !u.Lost() || answered(err) || Unknown(err):
	case !u.Sent():
		var lost *conn.LostError
		if ctx.Err() == nil && !errors.As(err, &lost) {
			err = &conn.LostError{Err: err}
		}
	case !u.Within() || !within():
		return &UnansweredError{explain(ctx, err)}
	}
	return explain(ctx, err)
}

// judgeBatch is judge for the statements of a batch.
func judgeBatch(ctx context.Context, u conn.Use, batch *pgx.Batch, err error) error {
	if err == nil {
		return nil
	}
	return judgeLost(ctx, u, err, func() bool {
		for _, q := range batch.QueuedQueries {
			if !sqltext.StaysWithin(q.SQL) {
				return false
			}
		}
		return true
	})
}

// Sending is a statement that is about to be sent on a connection of a pool by other
// means than this package's, as adapters do: it tells afterwards what became of it.
type Sending struct {
	use   conn.Use
	known bool // the connection is of a pool
}

// Send begins a statement on c. It returns a [*LostError] where the server has
// ended the connection already: then nothing should be sent.
func Send(ctx context.Context, c *pgx.Conn) (Sending, error) {
	b := conn.BackendOf(c)
	if b == nil {
		return Sending{}, nil
	}
	s := Sending{use: b.Use(), known: true}
	if s.use.Within() {
		return s, nil // if it is lost, so is the transaction, for certain
	}
	return s, b.HungUp(ctx)
}

// Failed is the error of the statement as this package tells it: it matches the end of
// ctx where that was the reason, and it is an [*UnansweredError] where nobody knows
// whether the statement was done.
func (s Sending) Failed(ctx context.Context, sql string, err error) error {
	if !s.known {
		return explain(ctx, err)
	}
	return judge(ctx, s.use, sql, err)
}

// errStillOpen is work that ended while something in it went on.
var errStillOpen = errors.New("rows or a batch were left open, or a statement of another goroutine still runs: the connection is closed, which rolls back; close them first")

// explain adds to what the end of a context brought about that it was: see [conn.Explain].
func explain(ctx context.Context, err error) error { return conn.Explain(ctx, err) }
