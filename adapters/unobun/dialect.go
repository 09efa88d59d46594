package unobun

import (
	"bytes"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqltype"
	"github.com/uptrace/bun/schema"
)

// strict is bun's dialect for PostgreSQL, but that it refuses text which bun would
// change to be able to write it.
type strict struct {
	*pgdialect.Dialect
	tables *schema.Tables
}

func newDialect() *strict {
	d := &strict{Dialect: pgdialect.New()}
	d.tables = schema.NewTables(d)
	return d
}

// Tables implements [schema.Dialect].
func (d *strict) Tables() *schema.Tables { return d.tables }

// OnTable implements [schema.Dialect].
func (d *strict) OnTable(table *schema.Table) {
	d.Dialect.OnTable(table)
	for _, f := range table.FieldMap {
		switch {
		case f.Append == nil:
		case f.Tag.HasOption("array") || strings.HasSuffix(f.UserSQLType, "[]"):
			f.Append = array(f.Append)
		case f.DiscoveredSQLType == sqltype.HSTORE && f.IndirectType.ConvertibleTo(reflect.TypeFor[map[string]string]()):
			f.Append = hstore
		}
	}
}

// AppendString implements [schema.Dialect].
func (d *strict) AppendString(b []byte, s string) []byte {
	if err := textual(s); err != nil {
		return dialect.AppendError(b, err)
	}
	return d.Dialect.AppendString(b, s)
}

// AppendJSON implements [schema.Dialect].
func (d *strict) AppendJSON(b, json []byte) []byte {
	if bytes.IndexByte(json, 0) >= 0 || escapesNUL(json) {
		return dialect.AppendError(b, errNUL)
	}
	if !utf8.Valid(json) {
		return dialect.AppendError(b, errNotUTF8)
	}
	b = append(b, '\'')
	b = append(b, bytes.ReplaceAll(json, []byte("'"), []byte("''"))...)
	return append(b, '\'')
}

// escapesNUL says whether JSON has a \u0000 that is no escaped backslash and digits.
func escapesNUL(json []byte) bool {
	for i := 0; i < len(json); i++ {
		if json[i] == '\\' {
			if bytes.HasPrefix(json[i+1:], []byte("u0000")) {
				return true
			}
			i++
		}
	}
	return false
}

// textual is what is wrong with a text, nil if nothing.
func textual(s string) error {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return errNUL
	case !utf8.ValidString(s):
		return errNotUTF8
	}
	return nil
}
