package unoactor

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// copyFrom is [pgx.Conn.CopyFrom], which asks the source for its rows on a goroutine of
// its own: what panics there would end the process, and what ends that goroutine would
// leave the copy waiting for ever. Here a panic is the caller's, after the copy was
// given up, and a goroutine that ended is an error.
func copyFrom(ctx context.Context, c *pgx.Conn, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	g := &guardedSource{source: source, conn: c}
	n, err := c.CopyFrom(ctx, table, columns, g)
	switch {
	case g.panicked:
		panic(g.value)
	case g.exited:
		return n, errSourceEnded
	}
	return n, err
}

var (
	errSourcePanicked = errors.New("the source of the rows panicked")
	errSourceEnded    = errors.New("the source of the rows ended its goroutine (as t.FailNow does, which is for the test's own)")
)

// guardedSource is a source of rows that neither panics nor ends its goroutine unseen.
type guardedSource struct {
	source   pgx.CopyFromSource
	conn     *pgx.Conn
	panicked bool
	value    any // of the panic
	exited   bool
}

// guard is deferred around each call of the source, which sets returned at its end.
func (g *guardedSource) guard(returned *bool) {
	if *returned {
		return
	}
	if g.value = recover(); g.value != nil {
		g.panicked = true
		return
	}
	g.exited = true
	_ = g.conn.PgConn().Conn().Close() // nothing else ends the wait for rows
}

func (g *guardedSource) Next() (more bool) {
	returned := false
	defer g.guard(&returned)
	more = g.source.Next()
	returned = true
	return more
}

func (g *guardedSource) Values() (values []any, err error) {
	returned := false
	err = errSourcePanicked
	defer g.guard(&returned)
	values, err = g.source.Values()
	returned = true
	return values, err
}

func (g *guardedSource) Err() (err error) {
	if g.panicked {
		return errSourcePanicked
	}
	returned := false
	err = errSourcePanicked
	defer g.guard(&returned)
	err = g.source.Err()
	returned = true
	return err
}
