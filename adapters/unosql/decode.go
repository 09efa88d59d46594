package unosql

import (
	"bytes"
	"database/sql/driver"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// formats has binary sent what database/sql has a type for. The rest comes as text,
// which it gives to strings and scanners.
var formats = pgx.QueryResultFormatsByOID{
	pgtype.BoolOID:        pgx.BinaryFormatCode,
	pgtype.Int2OID:        pgx.BinaryFormatCode,
	pgtype.Int4OID:        pgx.BinaryFormatCode,
	pgtype.Int8OID:        pgx.BinaryFormatCode,
	pgtype.Float4OID:      pgx.BinaryFormatCode,
	pgtype.Float8OID:      pgx.BinaryFormatCode,
	pgtype.OIDOID:         pgx.BinaryFormatCode,
	pgtype.XIDOID:         pgx.BinaryFormatCode,
	pgtype.CIDOID:         pgx.BinaryFormatCode,
	pgtype.ByteaOID:       pgx.BinaryFormatCode,
	pgtype.DateOID:        pgx.BinaryFormatCode,
	pgtype.TimestampOID:   pgx.BinaryFormatCode,
	pgtype.TimestamptzOID: pgx.BinaryFormatCode,
}

// decoder makes a value of a column that is not NULL, of one of the types that driver
// allows. The value does not point into raw.
type decoder func(raw []byte) (driver.Value, error)

func decoders(m *pgtype.Map, fields []pgconn.FieldDescription) []decoder {
	all := make([]decoder, len(fields))
	for i := range fields {
		all[i] = decoderOf(m, &fields[i])
	}
	return all
}

// decoderOf looks at the format too: not every mode of pgx lets it be chosen.
func decoderOf(m *pgtype.Map, f *pgconn.FieldDescription) decoder {
	switch f.DataTypeOID {
	case pgtype.BoolOID:
		return plain[bool](m, f)
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return plain[int64](m, f)
	case pgtype.Float4OID, pgtype.Float8OID:
		return plain[float64](m, f)
	case pgtype.ByteaOID:
		return plain[[]byte](m, f)
	case pgtype.OIDOID, pgtype.XIDOID, pgtype.CIDOID:
		return valued[pgtype.Uint32](m, f)
	case pgtype.DateOID:
		return valued[pgtype.Date](m, f) // a time.Time, or a string for infinity; so the next two
	case pgtype.TimestampOID:
		return valued[pgtype.Timestamp](m, f)
	case pgtype.TimestamptzOID:
		return valued[pgtype.Timestamptz](m, f)
	}
	switch {
	case f.Format != pgx.TextFormatCode: // the caller asked pgx for it
		return plain[string](m, f)
	case f.DataTypeOID == pgtype.JSONOID, f.DataTypeOID == pgtype.JSONBOID, f.DataTypeOID == pgtype.XMLOID:
		return func(raw []byte) (driver.Value, error) { return bytes.Clone(raw), nil } // as json.RawMessage wants it
	}
	return func(raw []byte) (driver.Value, error) { return string(raw), nil }
}

// plain has pgx scan into a type of Go.
func plain[T any](m *pgtype.Map, f *pgconn.FieldDescription) decoder {
	v := new(T)
	plan := m.PlanScan(f.DataTypeOID, f.Format, v)
	return func(raw []byte) (driver.Value, error) {
		err := plan.Scan(raw, v)
		return *v, err
	}
}

// valued has pgx scan into one of its own types, which knows its value.
func valued[T driver.Valuer](m *pgtype.Map, f *pgconn.FieldDescription) decoder {
	v := new(T)
	plan := m.PlanScan(f.DataTypeOID, f.Format, v)
	return func(raw []byte) (driver.Value, error) {
		if err := plan.Scan(raw, v); err != nil {
			return nil, err
		}
		return (*v).Value()
	}
}
