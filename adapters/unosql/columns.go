package unosql

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// ColumnTypeDatabaseTypeName is the type's name in capitals, as INT4 or _TEXT (an
// array), or its OID if pgx does not know it.
func (r *rows) ColumnTypeDatabaseTypeName(index int) string {
	oid := r.pgx.FieldDescriptions()[index].DataTypeOID
	if t, ok := r.connection.pgx.TypeMap().TypeForOID(oid); ok {
		return strings.ToUpper(t.Name)
	}
	return strconv.FormatUint(uint64(oid), 10)
}

// headerSize is what the type modifiers of varlena types have added to them:
// VARHDRSZ in PostgreSQL's sources.
const headerSize = 4

// ColumnTypeLength is in characters (bytes of bytea, bits of varbit), and
// [math.MaxInt64] where nothing but PostgreSQL itself limits it.
func (r *rows) ColumnTypeLength(index int) (length int64, ok bool) {
	f := &r.pgx.FieldDescriptions()[index]
	modifier := int64(f.TypeModifier)
	switch f.DataTypeOID {
	case pgtype.TextOID, pgtype.ByteaOID:
		return math.MaxInt64, true
	case pgtype.VarcharOID, pgtype.BPCharOID:
		modifier -= headerSize
	case pgtype.VarbitOID:
	default:
		return 0, false
	}
	if f.TypeModifier < 0 {
		return math.MaxInt64, true
	}
	return modifier, true
}

// What other drivers (pgx's stdlib package, lib/pq) say of a numeric that was declared
// without a precision: the modifier -1, read as if it were one. Libraries that compare
// what there is with what should be, as GORM does, depend on that it is told at all, and
// no declared numeric is of this size.
const (
	anyPrecision = 65535
	anyScale     = 65531
)

// ColumnTypePrecisionScale is of a numeric. The modifier has the precision in its upper
// half and below, in 11 bits, the scale, which may be negative (numeric.c of PostgreSQL 15
// and later).
func (r *rows) ColumnTypePrecisionScale(index int) (precision, scale int64, ok bool) {
	f := &r.pgx.FieldDescriptions()[index]
	switch {
	case f.DataTypeOID != pgtype.NumericOID:
		return 0, 0, false
	case f.TypeModifier < headerSize:
		return anyPrecision, anyScale, true
	}
	modifier := int64(f.TypeModifier) - headerSize
	return modifier >> 16 & 0xffff, modifier&0x7ff ^ 0x400 - 0x400, true
}

// ColumnTypeScanType is the Go type that holds any value of the column but NULL:
// whether there may be one is not told by the server.
func (r *rows) ColumnTypeScanType(index int) reflect.Type {
	switch r.pgx.FieldDescriptions()[index].DataTypeOID {
	case pgtype.BoolOID:
		return reflect.TypeFor[bool]()
	case pgtype.Int2OID:
		return reflect.TypeFor[int16]()
	case pgtype.Int4OID:
		return reflect.TypeFor[int32]()
	case pgtype.Int8OID, pgtype.OIDOID, pgtype.XIDOID, pgtype.CIDOID:
		return reflect.TypeFor[int64]()
	case pgtype.Float4OID:
		return reflect.TypeFor[float32]()
	case pgtype.Float8OID:
		return reflect.TypeFor[float64]()
	case pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return reflect.TypeFor[time.Time]()
	case pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID, pgtype.XMLOID:
		return reflect.TypeFor[[]byte]()
	}
	return reflect.TypeFor[string]()
}
