package conn

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// settleTime is how long a cancelled statement may take to end on the server
// before its connection is given up.
const settleTime = 5 * time.Second

// canceller makes the end of a context cancel the statement on the server, and
// keeps the connection where the server answers in time.
type canceller struct {
	pg   *pgconn.PgConn
	stop context.CancelFunc
	done chan struct{}
}

func newCanceller(pg *pgconn.PgConn) ctxwatch.Handler { return &canceller{pg: pg} }

// HandleCancel is called when the context of a running statement ends.
func (c *canceller) HandleCancel(context.Context) {
	_ = c.pg.Conn().SetDeadline(time.Now().Add(settleTime)) // fails only on a closed socket
	ctx, stop := context.WithTimeout(context.Background(), settleTime)
	c.stop, c.done = stop, make(chan struct{})
	go func() {
		defer close(c.done)
		_ = c.pg.CancelRequest(ctx) // the deadline above is what happens otherwise
	}()
}

// HandleUnwatchAfterCancel is called when that statement is over. The request
// is waited for, not abandoned: the server closes its connection after the
// signal was sent, and a backend that is signalled while it waits for a
// statement ignores it, so no later statement is hit.
func (c *canceller) HandleUnwatchAfterCancel() {
	<-c.done
	c.stop()
	_ = c.pg.Conn().SetDeadline(time.Time{})
}
