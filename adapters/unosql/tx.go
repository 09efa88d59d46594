package unosql

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

// rollbackTime bounds a rollback, which comes without a context of its own. What takes
// longer has its connection closed, which rolls back too.
const rollbackTime = 10 * time.Second

// rollbackContext is the context of a rollback of what was begun in ctx.
func rollbackContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() != nil {
		return unoactor.RollbackContext(ctx)
	}
	return context.WithTimeout(ctx, rollbackTime)
}

// isolations are the levels that PostgreSQL has.
var isolations = map[sql.IsolationLevel]pgx.TxIsoLevel{
	sql.LevelDefault:         "",
	sql.LevelReadUncommitted: pgx.ReadUncommitted,
	sql.LevelReadCommitted:   pgx.ReadCommitted,
	sql.LevelRepeatableRead:  pgx.RepeatableRead,
	sql.LevelSnapshot:        pgx.RepeatableRead, // which is snapshot isolation in PostgreSQL
	sql.LevelSerializable:    pgx.Serializable,
}

func txOptions(o driver.TxOptions) (pgx.TxOptions, error) {
	level, known := isolations[sql.IsolationLevel(o.Isolation)]
	if !known {
		return pgx.TxOptions{}, fmt.Errorf("unosql: PostgreSQL has no isolation level %v: use serializable, repeatable read or read committed",
			sql.IsolationLevel(o.Isolation))
	}
	options := pgx.TxOptions{IsoLevel: level}
	if o.ReadOnly {
		options.AccessMode = pgx.ReadOnly
	}
	return options, nil
}

// Begin is for the interface: the method knows no context.
func (c *connection) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *connection) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	options, err := txOptions(o)
	if err != nil {
		return nil, err
	}
	if err := c.usable(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err // pgx would close the connection
	}
	if c.pgx.PgConn().TxStatus() != 'I' {
		return c.beginSavepoint(ctx, options)
	}
	sent, err := c.send(ctx)
	if err != nil {
		return nil, err
	}
	t, err := c.pgx.BeginTx(ctx, options)
	if err != nil {
		return nil, c.failed(ctx, sent, "begin", err)
	}
	return &transaction{connection: c, pgx: t, ctx: ctx}, nil
}

// transaction implements [driver.Tx].
type transaction struct {
	connection *connection
	pgx        pgx.Tx
	ctx        context.Context //nolint:containedctx // Commit and Rollback have none: it is that of BeginTx
}

// Commit commits. An answer that did not come is told by an
// [*unoactor.AmbiguousCommitError].
func (t *transaction) Commit() error {
	if err := t.connection.held(); err != nil {
		return err
	}
	return unoactor.Commit(t.ctx, t.pgx)
}

// Rollback rolls back, also when the context has ended: often that is its reason.
func (t *transaction) Rollback() error {
	if err := t.connection.held(); err != nil {
		return err
	}
	ctx, cancel := rollbackContext(t.ctx)
	defer cancel()
	return t.pgx.Rollback(ctx)
}
