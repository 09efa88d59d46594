package unosql_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/unoactor/unoactor/adapters/unosql"
)

// described is all that a driver tells of a column.
func described(c *sql.ColumnType) string {
	length, hasLength := c.Length()
	precision, scale, hasSize := c.DecimalSize()
	nullable, known := c.Nullable()
	return fmt.Sprint(c.DatabaseTypeName(), " ", c.ScanType(), ", length ", length, " ", hasLength, ", size ", precision, " ", scale, " ", hasSize, ", nullable ", nullable, " ", known)
}

func columnTypes(t *testing.T, db *sql.DB, query string) []*sql.ColumnType {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	return types
}

func TestColumnsAreDescribedAsThePgxPackageDoes(t *testing.T) {
	for name, option := range map[string][]unosql.Option{"prepared": nil, "simple": {unosql.WithQueryExecMode(pgx.QueryExecModeSimpleProtocol)}} {
		t.Run(name, func(t *testing.T) {
			db := open(t, option...)
			db.must(t, "create type mood as enum ('good', 'bad')", "create type pair as (a int, b text)", "create domain price as numeric(10, 2)", "create domain word as varchar(20)",
				`create table everything (
					small int2, int int4 not null, big int8, bool bool, float4 float4, float8 float8,
					numeric numeric, numeric_5 numeric(5), numeric_5_2 numeric(5, 2), numeric_1000 numeric(1000, 1000), numeric_minus numeric(3, -2), numeric_array numeric(5, 2)[],
					price price, price_array price[], word word, varchar_40 varchar(40), varchar varchar, char_7 char(7), char_1 char, byte "char", name name, text text,
					varchar_array varchar(40)[], int_array int[][], bytea bytea, bit bit(3), varbit varbit, varbit_9 varbit(9),
					date date, time time(3), timetz timetz, timestamp timestamp(3), timestamptz timestamptz, interval interval,
					json json, jsonb jsonb, xml xml, uuid uuid, inet inet, cidr cidr, macaddr macaddr, oid oid, money money, point point, range int4range, ranges int4multirange, tsvector tsvector,
					mood mood, mood_array mood[], pair pair)`)
			stockConfig, err := db.server.Config(one[string](t, db, "select current_database()"))
			if err != nil {
				t.Fatal(err)
			}
			stock := stdlib.OpenDB(*stockConfig)
			defer stock.Close()
			const query = "select *, count(*) over () as counted, 1.5 as literal, 'x' as unknown, null as nothing from everything"
			want := map[string]string{ // where the two differ, and why
				"varchar":       "VARCHAR string, length 9223372036854775807 true, size 0 0 false, nullable false false", // unbounded, not of length -5
				"varbit":        "VARBIT string, length 9223372036854775807 true, size 0 0 false, nullable false false",
				"numeric_minus": "NUMERIC string, length 0 false, size 3 -2 true, nullable false false", // a scale below 0
				"oid":           "OID int64, length 0 false, size 0 0 false, nullable false false",      // what it is read as
				"json":          "JSON []uint8, length 0 false, size 0 0 false, nullable false false",   // may be a json.RawMessage
				"jsonb":         "JSONB []uint8, length 0 false, size 0 0 false, nullable false false",
				"xml":           "XML []uint8, length 0 false, size 0 0 false, nullable false false",
			}
			ours, theirs := columnTypes(t, db.DB, query), columnTypes(t, stock, query)
			for i := range ours {
				expected, other := want[ours[i].Name()]
				if !other {
					expected = described(theirs[i])
					if ours[i].DatabaseTypeName() == "NUMERIC" { // told as a string, which loses nothing
						expected = strings.Replace(expected, "float64", "string", 1)
					}
				}
				if got := described(ours[i]); got != expected {
					t.Errorf("%s: %s\nwant %s", ours[i].Name(), got, expected)
				}
			}
		})
	}
}
