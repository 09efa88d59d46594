package unosql

import (
	"context"
	"database/sql/driver"
)

// statement is a text: what the server has prepared is pgx's to know.
type statement struct {
	connection *connection
	text       string
}

var (
	_ driver.StmtExecContext  = (*statement)(nil)
	_ driver.StmtQueryContext = (*statement)(nil)
)

func (s *statement) Close() error { return nil }

// NumInput has pgx count the arguments.
func (s *statement) NumInput() int { return -1 }

func (s *statement) ExecContext(ctx context.Context, values []driver.NamedValue) (driver.Result, error) {
	return s.connection.ExecContext(ctx, s.text, values)
}

func (s *statement) QueryContext(ctx context.Context, values []driver.NamedValue) (driver.Rows, error) {
	return s.connection.QueryContext(ctx, s.text, values)
}

// Exec is for the interface: the method knows no context.
func (s *statement) Exec(values []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), positional(values))
}

// Query is for the interface: the method knows no context.
func (s *statement) Query(values []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), positional(values))
}

func positional(values []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(values))
	for i, v := range values {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}
