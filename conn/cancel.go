package conn

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// CancelTime is how long the caller of a statement whose context has ended waits for the server to
// say that the statement is cancelled: a server that is there says so within milliseconds, and the
// connection is kept. Otherwise the caller goes on without the server's word, and the connection is
// closed in the background; it has its slot until then.
const CancelTime = 200 * time.Millisecond

// canceller makes the end of a context cancel the statement on the server, and
// keeps the connection where the server answers in time.
type canceller struct {
	pg   *pgconn.PgConn
	wire *wire
	stop context.CancelFunc
	done chan struct{} // nil: nothing was to be cancelled
	late bool          // the request was not answered in time: it may hit a later statement
}

func newCanceller(pg *pgconn.PgConn, w *wire) ctxwatch.Handler {
	return &canceller{pg: pg, wire: w}
}

// HandleCancel is called by pgconn when the context of a running statement, or of a wait for a
// notification, ends. A wait ends at once: the server owes nothing, so nothing is cancelled.
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

// HandleUnwatchAfterCancel is called by pgconn when the statement has ended. It waits for the cancel
// request: the server closes the request's connection after it has sent the signal, and a backend
// that gets the signal while it waits for a statement ignores it, so no later statement is hit. If
// the request is not answered, the connection is closed, so there is no later statement.
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
