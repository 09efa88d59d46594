package unosql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

// rows implements [driver.Rows] and what driver calls RowsColumnType*. What it is
// called with has been checked by database/sql.
type rows struct {
	pgx        pgx.Rows
	connection *connection
	query      string
	ctx        context.Context //nolint:containedctx // of the query that the rows are a part of, to tell why it was cancelled
	sent       unoactor.Sending

	ahead    bool // more is the answer to the next Next
	more     bool
	decoders []decoder // one a column, made for the first row
}

var (
	_ driver.RowsColumnTypeDatabaseTypeName = (*rows)(nil)
	_ driver.RowsColumnTypeLength           = (*rows)(nil)
	_ driver.RowsColumnTypePrecisionScale   = (*rows)(nil)
	_ driver.RowsColumnTypeScanType         = (*rows)(nil)
)

func (r *rows) Columns() []string {
	fields := r.pgx.FieldDescriptions()
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].Name
	}
	return names
}

// Close reads what is left of the rows, for the connection is of use only after the
// last. Its error is the one that ended them.
func (r *rows) Close() error {
	r.pgx.Close()
	if err := r.pgx.Err(); err != nil {
		return r.connection.failed(r.ctx, r.sent, r.query, err)
	}
	return r.connection.forgotten(r.ctx, r.query, r.pgx.CommandTag())
}

func (r *rows) Next(dest []driver.Value) error {
	if !r.ahead {
		r.more = r.pgx.Next()
	}
	r.ahead = false
	if !r.more {
		if err := r.pgx.Err(); err != nil {
			return r.connection.failed(r.ctx, r.sent, r.query, err)
		}
		return io.EOF
	}
	if r.decoders == nil {
		r.decoders = decoders(r.connection.pgx.TypeMap(), r.pgx.FieldDescriptions())
	}
	for i, raw := range r.pgx.RawValues() {
		if raw == nil {
			dest[i] = nil
			continue
		}
		v, err := r.decoders[i](raw)
		if err != nil {
			return fmt.Errorf("read column %q: %w", r.pgx.FieldDescriptions()[i].Name, err)
		}
		dest[i] = v
	}
	return nil
}
