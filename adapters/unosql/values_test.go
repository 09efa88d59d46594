package unosql_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/unoactor/unoactor/adapters/unosql"
)

// level is an application's type with a form of its own in the database.
type level int

func (l level) Value() (driver.Value, error) { return fmt.Sprintf("level %d", int(l)), nil }

func (l *level) Scan(src any) error {
	_, err := fmt.Sscanf(src.(string), "level %d", (*int)(l))
	return err
}

// name is one whose kind says it all.
type name string

func TestValuesOfEachGoTypeComeBackAsTheyWere(t *testing.T) {
	modes := map[string][]unosql.Option{
		"as the pool has it": nil,
		"exec":               {unosql.WithQueryExecMode(pgx.QueryExecModeExec)},
		"simple protocol":    {unosql.WithQueryExecMode(pgx.QueryExecModeSimpleProtocol)},
	}
	moment := time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC)
	values := []struct {
		column string
		value  any
	}{
		{"bool", true}, {"bool", false},
		{"int2", int16(math.MinInt16)}, {"int4", int32(math.MaxInt32)}, {"int8", int64(math.MinInt64)}, {"int8", 42},
		{"int2", uint8(255)}, {"int4", uint16(65535)}, {"int8", uint32(math.MaxUint32)}, {"int8", uint64(1 << 62)},
		{"float4", float32(1.1)}, {"float8", 1.1}, {"float8", math.Inf(-1)},
		{"numeric(20,4)", "1234567890123456.7890"},
		{"text", ""}, {"text", "ä'\\\"\n$1 @name"}, {"varchar(9)", "varied"}, {"bpchar(3)", "a  "}, {"text", name("Ann")},
		{"bytea", []byte{0, 1, 0xff}}, {"bytea", []byte{}},
		{"timestamptz", moment}, {"timestamp", moment}, {"date", moment.Truncate(24 * time.Hour)},
		{"json", json.RawMessage(`{"a": [1, 2]}`)}, {"jsonb", json.RawMessage(`{"a": 1}`)}, {"jsonb", `"text"`},
		{"uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, {"xml", "<a>b</a>"}, {"time", "12:34:56.000007"},
		{"oid", uint32(math.MaxUint32)}, {"cidr", "10.0.0.0/8"}, {"mood", "fine"}, {"amount", int64(7)},
		{"text", level(7)}, {"text", sql.NullString{String: "there", Valid: true}}, {"text", sql.NullString{}},
		{"int8", sql.Null[int64]{V: 1, Valid: true}}, {"timestamptz", sql.NullTime{}}, {"int4", (*int32)(nil)},
		{"int4range", "[1,5)"}, {"interval", "1 day 02:03:04"}, {"uuid", pgtype.UUID{Bytes: [16]byte{1, 2}, Valid: true}},
		{"numeric", pgtype.Numeric{Int: nil, NaN: true, Valid: true}}, {"timestamptz", pgtype.Timestamptz{InfinityModifier: pgtype.Infinity, Valid: true}},
		{"date", pgtype.Date{InfinityModifier: pgtype.NegativeInfinity, Valid: true}},
	}
	for mode, options := range modes {
		t.Run(mode, func(t *testing.T) {
			db := open(t, options...)
			db.must(t, "create type mood as enum ('fine', 'sad'); create domain amount as int8 check (value > 0)")
			for i, c := range values {
				table := fmt.Sprintf("t%d", i)
				db.must(t, "create table "+table+" (v "+c.column+")")
				if _, err := db.ExecContext(t.Context(), "insert into "+table+" values ($1)", c.value); err != nil {
					t.Errorf("%s of %#v: %v", c.column, c.value, err)
					continue
				}
				got := reflect.New(reflect.TypeOf(c.value))
				if err := db.QueryRowContext(t.Context(), "select v from "+table).Scan(got.Interface()); err != nil {
					t.Errorf("%s of %#v: %v", c.column, c.value, err)
					continue
				}
				if !same(got.Elem().Interface(), c.value) {
					t.Errorf("%s: %#v came back as %#v", c.column, c.value, got.Elem().Interface())
				}
			}
		})
	}
}

func same(a, b any) bool {
	if at, ok := a.(time.Time); ok {
		return at.Equal(b.(time.Time))
	}
	return reflect.DeepEqual(a, b)
}

func TestSlicesAndPgxTypesAreArgumentsAndAMapScansThem(t *testing.T) {
	db, m := open(t), pgtype.NewMap()
	var numbers []int64
	if err := db.QueryRowContext(t.Context(), "select array_agg(a order by a desc) from unnest($1::int8[]) a where a <> all($2)", []int64{1, 2, 3}, []int64{2}).
		Scan(m.SQLScanner(&numbers)); err != nil || !reflect.DeepEqual(numbers, []int64{3, 1}) {
		t.Errorf("%v, %v", numbers, err)
	}
	var texts []string
	if err := db.QueryRowContext(t.Context(), "select $1::text[]", []string{"a,b", `"`, ""}).Scan(m.SQLScanner(&texts)); err != nil ||
		!reflect.DeepEqual(texts, []string{"a,b", `"`, ""}) {
		t.Errorf("%q, %v", texts, err)
	}
	address := netip.MustParseAddr("192.168.0.1")
	if got := one[string](t, db, "select host($1::inet)", address); got != "192.168.0.1" {
		t.Errorf("%q", got)
	}
	if got := one[string](t, db, "select $1::jsonb ->> 'a'", map[string]any{"a": "b"}); got != "b" {
		t.Errorf("a map as JSON: %q", got)
	}
	var r pgtype.Range[pgtype.Int4]
	if err := db.QueryRowContext(t.Context(), "select int4range(1, 5)").Scan(m.SQLScanner(&r)); err != nil || r.Upper.Int32 != 5 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNullsAndAnyTypeGiveWhatDriversMayGive(t *testing.T) {
	db := open(t)
	for column, want := range map[string]any{
		"null::int4": nil, "null::text": nil, "null::numeric[]": nil, "1::int2": int64(1), "1.5::float4": 1.5, "1.50::numeric": "1.50", "true": true, "'x'::text": "x",
		`'{"a":1}'::json`: []byte(`{"a":1}`), `'\x01'::bytea`: []byte{1}, "array[1,2]": "{1,2}", "'infinity'::date": "infinity",
		"date '2024-01-02'": time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), "'1 s'::interval": "00:00:01", "4294967295::oid": int64(4294967295),
	} {
		var got any
		if err := db.QueryRowContext(t.Context(), "select "+column).Scan(&got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v (%T), %v", column, got, got, err)
		}
	}
	// Memory of a row is the scanner's: the next row does not change it.
	rows, err := db.QueryContext(t.Context(), "select repeat(n::text, 5), repeat(n::text, 5)::bytea, ('\"' || repeat(n::text, 5) || '\"')::json from generate_series(1, 3) n")
	if err != nil {
		t.Fatal(err)
	}
	var kept []any
	for rows.Next() {
		var text, raw, document any
		if err := rows.Scan(&text, &raw, &document); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, text, raw, document)
	}
	if got := fmt.Sprintf("%s", kept); rows.Err() != nil || got != `[11111 11111 "11111" 22222 22222 "22222" 33333 33333 "33333"]` {
		t.Errorf("%s, %v", got, rows.Err())
	}
}

func TestNamedArgumentsStandForNamesInTheStatement(t *testing.T) {
	db := open(t)
	if got := one[string](t, db, "select @first::text || @last || @first", sql.Named("last", "-"), sql.Named("first", "a")); got != "a-a" {
		t.Errorf("%q", got)
	}
	for want, args := range map[string][]any{
		"either all":          {sql.Named("a", 1), 2},
		"are either":          {1, sql.Named("a", 2)},
		"two arguments":       {sql.Named("a", 1), sql.Named("a", 2)},
		"b":                   {sql.Named("a", 1), sql.Named("b", 2)},
		"no output arguments": {sql.Named("a", sql.Out{Dest: new(int)})},
	} {
		_, err := db.ExecContext(t.Context(), "select @a::int", args...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		err = db.QueryRowContext(t.Context(), "select @a::int", args...).Scan(new(int))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := db.QueryRowContext(t.Context(), "select @a::int", sql.Named("b", 1)).Scan(new(int)); err == nil || errors.Is(err, driver.ErrBadConn) {
		t.Errorf("a name that nothing stands for: %v", err)
	}
}
