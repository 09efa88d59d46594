package unosql

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5"
)

// savepoint is a transaction within one that somebody else began on the connection.
type savepoint struct {
	connection *connection
	ctx        context.Context //nolint:containedctx // Commit and Rollback have none: it is that of BeginTx
}

// savepointName may be the same at every depth: the statements mean the latest one.
const savepointName = "unosql"

func (c *connection) beginSavepoint(ctx context.Context, options pgx.TxOptions) (driver.Tx, error) {
	if options != (pgx.TxOptions{}) {
		return nil, errors.New("unosql: the connection is in a transaction already, and a transaction within has the options of that: begin it without any")
	}
	sent, err := c.send(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.pgx.Exec(ctx, "savepoint "+savepointName); err != nil {
		return nil, c.failed(ctx, sent, "savepoint", err)
	}
	return &savepoint{connection: c, ctx: ctx}, nil
}

// Commit leaves what was done to the transaction around it.
func (s *savepoint) Commit() error {
	if err := s.connection.usable(); err != nil {
		return err
	}
	sent, err := s.connection.send(s.ctx)
	if err != nil {
		return err
	}
	_, err = s.connection.pgx.Exec(s.ctx, "release savepoint "+savepointName)
	return s.connection.failed(s.ctx, sent, "release", err)
}

// Rollback undoes what was done since, also when the context has ended. The
// transaction around it goes on.
func (s *savepoint) Rollback() error {
	if err := s.connection.usable(); err != nil {
		return err
	}
	ctx, cancel := rollbackContext(s.ctx)
	defer cancel()
	sent, err := s.connection.send(ctx)
	if err != nil {
		return err
	}
	_, err = s.connection.pgx.Exec(ctx, "rollback to savepoint "+savepointName+"; release savepoint "+savepointName)
	if err = s.connection.failed(s.ctx, sent, "release", err); err != nil && !s.connection.pgx.IsClosed() {
		// What was done since must not be committed.
		done, stop := context.WithCancel(context.WithoutCancel(ctx))
		stop()
		_ = s.connection.pgx.Close(done)
	}
	return err
}
