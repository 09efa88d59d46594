package conn

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Ping asks the server of a claimed or leased backend for a sign of life, by the cheapest question
// there is, a Sync, which the server answers at once. It waits until ctx ends. After an error,
// which is the server's own if it said goodbye, the backend can only be closed, and its server is
// not asked anything more: one that is silent would not answer a cancel request either.
func (b *Backend) Ping(ctx context.Context) error {
	if err := b.ping(ctx); err != nil {
		b.broken, b.silent = err, true
		b.pg.Conn().Close()
		return err
	}
	now := time.Now()
	b.proven.Store(&now)
	return nil
}

func (b *Backend) ping(ctx context.Context) error {
	if b.pg.IsClosed() {
		return errors.New("the connection was closed")
	}
	socket := b.pg.Conn()
	if deadline, ok := ctx.Deadline(); ok {
		if err := socket.SetDeadline(deadline); err != nil {
			return err
		}
		defer socket.SetDeadline(time.Time{}) //nolint:errcheck // fails on a closed socket only, which its next use tells
	}
	stop := context.AfterFunc(ctx, func() { _ = socket.SetDeadline(time.Unix(1, 0)) }) // as above
	defer stop()
	frontend := b.pg.Frontend()
	frontend.Send(&pgproto3.Sync{})
	if err := frontend.Flush(); err != nil {
		return err
	}
	for {
		m, err := frontend.Receive()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.ReadyForQuery:
			return nil
		case *pgproto3.ErrorResponse:
			pg := pgconn.ErrorResponseToPgError(m)
			if isFatal(pg) {
				sawEnd(b.pg)
			}
			return pg
		}
	}
}
