package unosql

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// CheckNamedValue lets everything through: pgx knows more types than database/sql, and
// [driver.Valuer] as well.
func (c *connection) CheckNamedValue(v *driver.NamedValue) error {
	if _, out := v.Value.(sql.Out); out {
		return errors.New("unosql: PostgreSQL has no output arguments: read the row that CALL returns instead of sql.Out")
	}
	return nil
}

// arguments are what pgx takes after a statement: how to send it first, then values.
func (c *connection) arguments(formats pgx.QueryResultFormatsByOID, values []driver.NamedValue) ([]any, error) {
	args := make([]any, 0, len(values)+2)
	if formats != nil {
		args = append(args, formats)
	}
	if c.options.hasMode {
		args = append(args, c.options.mode)
	}
	if len(values) > 0 && values[0].Name != "" {
		named, err := namedArguments(values)
		return append(args, named), err
	}
	for _, v := range values {
		if v.Name != "" {
			return nil, errMixedArguments
		}
		args = append(args, v.Value)
	}
	return args, nil
}

var errMixedArguments = errors.New("unosql: arguments are either all made by sql.Named or none is")

func namedArguments(values []driver.NamedValue) (pgx.StrictNamedArgs, error) {
	named := make(pgx.StrictNamedArgs, len(values))
	for _, v := range values {
		if v.Name == "" {
			return nil, errMixedArguments
		}
		if _, twice := named[v.Name]; twice {
			return nil, fmt.Errorf("unosql: two arguments are named %q", v.Name)
		}
		named[v.Name] = v.Value
	}
	return named, nil
}
