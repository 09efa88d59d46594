package unosql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/conn"
)

// connection is one use of a *sql.DB: it ends with its Close and is never kept.
type connection struct {
	pgx     *pgx.Conn
	lease   unoactor.Lease // zero if somebody else looks after the connection
	release func()         // nil once it was called
	options options
}

var (
	_ driver.ConnBeginTx        = (*connection)(nil)
	_ driver.ConnPrepareContext = (*connection)(nil)
	_ driver.ExecerContext      = (*connection)(nil)
	_ driver.QueryerContext     = (*connection)(nil)
	_ driver.Pinger             = (*connection)(nil)
	_ driver.SessionResetter    = (*connection)(nil)
	_ driver.Validator          = (*connection)(nil)
	_ driver.NamedValueChecker  = (*connection)(nil)
)

// Raw runs f with the pgx connection below c, for what database/sql has no words for:
// COPY, batches, notifications. f must not keep it. It works with connections of pgx's
// stdlib package too.
func Raw(c *sql.Conn, f func(*pgx.Conn) error) error {
	return c.Raw(func(under any) error {
		has, ok := under.(interface{ Conn() *pgx.Conn })
		if !ok {
			return fmt.Errorf("unosql: no pgx connection is below a %T: open the *sql.DB with unosql.Open", under)
		}
		return f(has.Conn())
	})
}

// Conn is for [sql.Conn.Raw]: see [Raw].
func (c *connection) Conn() *pgx.Conn { return c.pgx }

// Close gives back what was acquired, whatever its state: a lease's end looks for
// itself.
func (c *connection) Close() error {
	if c.release != nil {
		c.release()
		c.release = nil
	}
	return nil
}

// ResetSession is not reached: a connection that is not valid is not used again.
func (c *connection) ResetSession(context.Context) error { return driver.ErrBadConn }

// IsValid has database/sql keep no connection idle. Together with ResetSession it also
// has a *sql.Conn go on after the context of its transaction has ended.
func (c *connection) IsValid() bool { return false }

func (c *connection) Ping(ctx context.Context) error {
	if err := c.usable(); err != nil {
		return err
	}
	sent, err := c.send(ctx)
	if err != nil {
		return err
	}
	return c.failed(ctx, sent, "", c.pgx.Ping(ctx))
}

func (c *connection) ExecContext(ctx context.Context, query string, values []driver.NamedValue) (driver.Result, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	args, err := c.arguments(nil, values)
	if err != nil {
		return nil, err
	}
	sent, err := c.send(ctx)
	if err != nil {
		return nil, err
	}
	tag, err := c.pgx.Exec(ctx, query, args...)
	if err != nil {
		return nil, c.failed(ctx, sent, query, err)
	}
	c.lease.Answered()
	if err := c.forgotten(ctx, query, tag); err != nil {
		return nil, err
	}
	return driver.RowsAffected(tag.RowsAffected()), nil
}

// QueryContext waits for the first row: only then the columns are known in every mode,
// and a statement that failed is told here.
func (c *connection) QueryContext(ctx context.Context, query string, values []driver.NamedValue) (driver.Rows, error) {
	if err := c.usable(); err != nil {
		return nil, err
	}
	args, err := c.arguments(formats, values)
	if err != nil {
		return nil, err
	}
	sent, err := c.send(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := c.pgx.Query(ctx, query, args...)
	if err != nil {
		return nil, c.failed(ctx, sent, query, err)
	}
	r := &rows{pgx: answer, connection: c, ctx: ctx, sent: sent, query: query, ahead: true, more: answer.Next()}
	if err := answer.Err(); err != nil {
		answer.Close()
		return nil, c.failed(ctx, sent, query, err)
	}
	return r, nil
}

// Prepare is [connection.PrepareContext], for the interface.
func (c *connection) Prepare(query string) (driver.Stmt, error) {
	return &statement{connection: c, text: query}, nil
}

// PrepareContext asks the server nothing: pgx prepares what is run.
func (c *connection) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return c.Prepare(query)
}

// usable says whether a statement may be sent at all.
func (c *connection) usable() error {
	if err := c.held(); err != nil {
		return err
	}
	if c.pgx.IsClosed() {
		return fmt.Errorf("%w: it was lost before the statement was sent", driver.ErrBadConn)
	}
	return nil
}

// held is an error once the pool has taken the connection back.
func (c *connection) held() error {
	if c.lease.IsZero() {
		return nil
	}
	_, err := c.lease.Backend()
	return err
}

// send begins a statement, if the server has not ended the connection: else another one is due.
func (c *connection) send(ctx context.Context) (unoactor.Sending, error) {
	sent, err := unoactor.Send(ctx, c.pgx)
	if err != nil {
		err = fmt.Errorf("%w: %w", driver.ErrBadConn, err)
	}
	return sent, err
}

// failed makes of a statement's error what database/sql should know: that it may be
// repeated elsewhere, if that is certain, why the server cancelled it, and that nobody
// knows whether it was done.
func (c *connection) failed(ctx context.Context, sent unoactor.Sending, query string, err error) error {
	if err = sent.Failed(ctx, query, err); err != nil && ctx.Err() == nil && conn.Unsent(err) && c.pgx.IsClosed() {
		return fmt.Errorf("%w: %w", driver.ErrBadConn, err)
	}
	return err
}
