package unitofwork

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/unoactor/unoactor/mapping"
)

// columns is what a server says of the columns of a model.
type columns struct {
	names   []string // of their types, to cast to
	formats []int16  // in which they are sent
	// plain says whether the text of a value is the same whatever parameters are set.
	plain []bool
	stale *bool // the table was altered, as it seems
}

// forget makes the next use ask the server again.
func (c *columns) forget() {
	if c != nil {
		*c.stale = true
	}
}

// knownColumns is where a backend's connection keeps what was asked.
const knownColumns = "unoactor.columns"

// columns asks a server about the columns of a model, once for each connection.
func (u *Unit) columns(ctx context.Context, b Backend, m *mapping.Model, t reflect.Type) (*columns, error) {
	c := b.Conn()
	all, ok := c.PgConn().CustomData()[knownColumns].(map[*mapping.Model]*columns)
	if !ok {
		all = make(map[*mapping.Model]*columns)
		c.PgConn().CustomData()[knownColumns] = all
	}
	if known := all[m]; known != nil && !*known.stale {
		return known, nil
	}
	sql, err := u.mapper.SQL(ctx, mapping.Statement{Operation: mapping.Select, Object: reflect.New(t).Interface()})
	if err != nil {
		return nil, err
	}
	answer, err := c.PgConn().Prepare(ctx, "", portable(sql), nil)
	if err != nil {
		return nil, err
	}
	if len(answer.Fields) != len(m.Columns) {
		return nil, fmt.Errorf("the mapper's SELECT of %s has %d columns and its model %d", m.Table, len(answer.Fields), len(m.Columns))
	}
	known := &columns{stale: new(bool)}
	for _, f := range answer.Fields {
		name, format, plain := typeOf(c.TypeMap(), f.DataTypeOID)
		known.names = append(known.names, name)
		known.formats = append(known.formats, format)
		known.plain = append(known.plain, plain)
	}
	if err := nameTypes(ctx, c, answer.Fields, known.names); err != nil {
		return nil, err
	}
	all[m] = known
	return known, nil
}

// typeOf returns the name of a type, "" if it is not known, and how its values are sent.
func typeOf(types *pgtype.Map, oid uint32) (name string, format int16, plain bool) {
	switch oid {
	case pgtype.Float4OID, pgtype.Float8OID, pgtype.ByteaOID,
		pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		format, plain = pgx.BinaryFormatCode, true
	case pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID,
		pgtype.NameOID, pgtype.UUIDOID, pgtype.JSONOID, pgtype.JSONBOID, pgtype.InetOID, pgtype.CIDROID, pgtype.TextArrayOID,
		pgtype.VarcharArrayOID, pgtype.Int2ArrayOID, pgtype.Int4ArrayOID, pgtype.Int8ArrayOID, pgtype.UUIDArrayOID, pgtype.BoolArrayOID:
		plain = true
	}
	if t, ok := types.TypeForOID(oid); ok && oid < firstOwnOID {
		name = t.Name
		if element, array := strings.CutPrefix(name, "_"); array {
			name = element + "[]"
		}
		if name == "char" {
			name = `"char"`
		}
	}
	return name, format, plain
}

// firstOwnOID is the first that is not one of PostgreSQL's own (FirstNormalObjectId).
const firstOwnOID = 16384

// nameTypes asks the server for the names of the types that have none yet.
func nameTypes(ctx context.Context, c *pgx.Conn, fields []pgconn.FieldDescription, names []string) error {
	var unknown []string
	for i, f := range fields {
		if names[i] == "" {
			unknown = append(unknown, fmt.Sprintf("format_type(%d, null)", f.DataTypeOID))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	answer := c.PgConn().ExecParams(ctx, "select "+strings.Join(unknown, ", "), nil, nil, nil, nil).Read()
	if answer.Err != nil {
		return answer.Err
	}
	if len(answer.Rows) != 1 || len(answer.Rows[0]) != len(unknown) {
		return fmt.Errorf("the server names %d rows of types, not one with %d", len(answer.Rows), len(unknown))
	}
	for i := range names {
		if names[i] == "" {
			names[i], answer.Rows[0] = string(answer.Rows[0][0]), answer.Rows[0][1:]
		}
	}
	return nil
}
