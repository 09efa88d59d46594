package unoactor

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/unoactor/unoactor/conn"
)

// leasedRows give their lease back when they are closed or exhausted, unless they have an
// owner that does what is to be done then.
type leasedRows struct {
	pgx.Rows
	lease Lease // zero when they are closed
	owner rowsOwner
	ctx   context.Context //nolint:containedctx // of the query that the rows are a part of, to tell why it was cancelled
	sql   string
	use   conn.Use
	err   error // that ended them, when they are closed
}

// rowsOwner is told once that rows are closed.
type rowsOwner interface{ rowsClosed(*leasedRows) }

// useOfLease has rows end their use of a lease, which lasts.
type useOfLease struct{}

func (useOfLease) rowsClosed(r *leasedRows) { r.use.Done() }

// supply is a stock of rows that a backend keeps for whoever leases it: one
// allocation for many. None is used twice, so that late use finds its own rows.
type supply struct{ stock []leasedRows }

const supplySize = 32

func newRows(ctx context.Context, l Lease, b *conn.Backend, rows pgx.Rows, use conn.Use, sql string) *leasedRows {
	place := b.Scratch()
	s, ok := (*place).(*supply)
	if !ok {
		s = &supply{}
		*place = s
	}
	if len(s.stock) == 0 {
		s.stock = make([]leasedRows, supplySize)
	}
	r := &s.stock[0]
	s.stock = s.stock[1:]
	r.Rows, r.lease, r.ctx, r.use, r.sql = rows, l, ctx, use, sql
	return r
}

// Close closes the rows and ends their lease. Calling it again does nothing.
func (r *leasedRows) Close() {
	if r.lease.IsZero() {
		return
	}
	l := r.lease
	r.lease = Lease{}
	defer r.done(l) // also if a tracer panics
	r.Rows.Close()
	if r.err = judge(r.ctx, r.use, r.sql, r.Rows.Err()); r.err == nil {
		l.Answered()
	}
}

func (r *leasedRows) done(l Lease) {
	owner := r.owner
	r.owner = nil
	if owner == nil {
		l.Release()
	} else {
		owner.rowsClosed(r)
	}
}

// Next prepares the next row; after the last it closes the rows.
func (r *leasedRows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Err is the error that ended the rows, if one did.
func (r *leasedRows) Err() error {
	if r.lease.IsZero() {
		return r.err
	}
	return judge(r.ctx, r.use, r.sql, r.Rows.Err())
}

// leasedRow is the first of some rows.
type leasedRow leasedRows

// Scan reads the row and ends the lease.
func (row *leasedRow) Scan(dest ...any) error { return scanFirst((*leasedRows)(row), dest) }

func scanFirst(r pgx.Rows, dest []any) error {
	defer r.Close()
	if !r.Next() {
		if err := r.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.Scan(dest...); err != nil {
		return err
	}
	r.Close()
	return r.Err()
}

// seenRows are rows of which it is known whether there is a first.
type seenRows struct {
	*leasedRows
	first bool // there is one
	taken bool // Next has told of it
}

// see waits for the first row. If there is none for an error, that is returned and the
// rows are closed.
func see(r *leasedRows) (*seenRows, error) {
	first := r.Next()
	if !first && r.Err() != nil {
		return nil, r.Err()
	}
	return &seenRows{leasedRows: r, first: first}, nil
}

// Next prepares the next row; after the last it closes the rows.
func (r *seenRows) Next() bool {
	if !r.taken {
		r.taken = true
		return r.first
	}
	return r.leasedRows.Next()
}

// seenRow is the first of such rows.
type seenRow seenRows

// Scan reads the row and ends the lease.
func (row *seenRow) Scan(dest ...any) error { return scanFirst((*seenRows)(row), dest) }

// failedRows are the rows, or the row, of a query that was not run.
type failedRows struct{ err error }

func (failedRows) Close()                                       {}
func (r failedRows) Err() error                                 { return r.err }
func (failedRows) CommandTag() pgconn.CommandTag                { return pgconn.CommandTag{} }
func (failedRows) FieldDescriptions() []pgconn.FieldDescription { return nil }
func (failedRows) Next() bool                                   { return false }
func (r failedRows) Scan(...any) error                          { return r.err }
func (r failedRows) Values() ([]any, error)                     { return nil, r.err }
func (failedRows) RawValues() [][]byte                          { return nil }
func (failedRows) Conn() *pgx.Conn                              { return nil }
func (failedRows) TypeMap() *pgtype.Map                         { return nil }
