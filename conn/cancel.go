package conn

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// CancelTime is how long the caller of a statement whose context has ended is kept
// for the server's word that it is cancelled: a server that is there says so within
// milliseconds, and its connection is kept. Else the caller goes without, the connection
// is closed in the background, and keeps its slot until that is done.
const CancelTime = 200 * time.Millisecond

// canceller makes the end of a context cancel the statement on the server, and
// keeps the connection where the server answers in time.
type canceller struct {
	pg   *pgconn.PgConn
	wire *wire
	stop context.CancelFunc
	done chan struct{} // nil: nothing was to be cancelled
	late bool          // nobody knows whether the cancel request has arrived
}

func newCanceller(pg *pgconn.PgConn, w *wire) ctxwatch.Handler {
	return &canceller{pg: pg, wire: w}
}

// HandleCancel is called when the context of a running statement, or of a wait for a
// notification, ends. Such a wait is over at once: its server owes nothing, so
// there is nothing to cancel.
func (c *canceller) HandleCancel(context.Context) {
	c.done = nil
	if !c.wire.owed.Load() {
		_ = c.pg.Conn().SetDeadline(time.Unix(1, 0)) // fails only on a closed socket
		return
	}
	_ = c.pg.Conn().SetDeadline(time.Now().Add(CancelTime)) // as above
	ctx, stop := context.WithTimeout(context.Background(), CancelTime)
	c.stop, c.done = stop, make(chan struct{})
	go func() {
		defer close(c.done)
		_ = c.pg.CancelRequest(ctx) // the deadline above is what happens otherwise
		c.late = ctx.Err() != nil
	}()
}

// HandleUnwatchAfterCancel is called when that statement is over. The request
// is waited for, not abandoned: the server closes its connection after the
// signal was sent, and a backend that is signalled while it waits for a
// statement ignores it, so no later statement is hit. Where the request is not
// answered there is no later statement.
func (c *canceller) HandleUnwatchAfterCancel() {
	if c.done != nil {
		<-c.done
		c.stop()
		if c.late {
			c.wire.dead.Store(true)
			_ = c.pg.Conn().Close()
			return
		}
	}
	_ = c.pg.Conn().SetDeadline(time.Time{})
}
