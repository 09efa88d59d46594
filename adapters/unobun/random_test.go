package unobun_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"pgregory.net/rapid"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
)

// kind is a type of a column: its values stand for numbers.
type kind struct {
	name   string
	sql    string
	tag    string
	make   func(n int) any
	within func(v reflect.Value, n int) // changes a value without giving the field another one; nil: it can't
}

var kinds = []kind{
	{name: "int64", sql: "bigint", make: func(n int) any { return int64(n) }},
	{name: "uint16", sql: "int", make: func(n int) any { return uint16(n) }},
	{name: "float64", sql: "float8", make: func(n int) any { return float64(n) / 3 }},
	{name: "bool", sql: "boolean", make: func(n int) any { return n%2 == 0 }},
	{name: "string", sql: "text", make: func(n int) any { return fmt.Sprintf("it's \\ %d", n) }},
	{name: "*string", sql: "text", make: func(n int) any { return nilOf(n, fmt.Sprintf("p%d", n)) }, within: func(v reflect.Value, n int) { v.Elem().SetString(fmt.Sprintf("p%d", n)) }},
	{name: "*int32", sql: "int", make: func(n int) any { return nilOf(n, int32(n)) }, within: func(v reflect.Value, n int) { v.Elem().SetInt(int64(n)) }},
	{name: "[]byte", sql: "bytea", make: func(n int) any { return []byte{byte(n), byte(n >> 8)} }, within: func(v reflect.Value, n int) { copy(v.Bytes(), []byte{byte(n), byte(n >> 8)}) }},
	{name: "[]string", sql: "text[]", tag: ",array", make: func(n int) any { return []string{fmt.Sprint(n), `"\`} }, within: func(v reflect.Value, n int) { v.Index(0).SetString(fmt.Sprint(n)) }},
	{name: "[]int64", sql: "bigint[]", tag: ",array", make: func(n int) any { return []int64{int64(n)} }, within: func(v reflect.Value, n int) { v.Index(0).SetInt(int64(n)) }},
	{name: "map", sql: "jsonb", tag: "type:jsonb", make: func(n int) any { return map[string]any{"n": float64(n), "l": []any{"a"}} },
		within: func(v reflect.Value, n int) { v.Interface().(map[string]any)["n"] = float64(n) }},
	{name: "struct", sql: "jsonb", tag: "type:jsonb", make: func(n int) any { return Nested{n, map[string]int{"n": n}} },
		within: func(v reflect.Value, n int) {
			v.Field(0).SetInt(int64(n))
			v.Field(1).Interface().(map[string]int)["n"] = n
		}},
	{name: "*struct", sql: "jsonb", tag: "type:jsonb", make: func(n int) any { return &Nested{n, map[string]int{"n": n}} },
		within: func(v reflect.Value, n int) {
			v.Elem().Field(0).SetInt(int64(n))
			v.Elem().Field(1).Interface().(map[string]int)["n"] = n
		}},
	{name: "hstore", sql: "hstore", tag: ",hstore", make: func(n int) any { return map[string]string{"n": fmt.Sprint(n), "a": "1", "b": "2"} },
		within: func(v reflect.Value, n int) { v.Interface().(map[string]string)["n"] = fmt.Sprint(n) }},
	{name: "time", sql: "timestamptz", make: func(n int) any { return time.Unix(int64(n), 0).UTC() }},
	{name: "ID", sql: "text", make: func(n int) any { return ID(fmt.Sprint(n)) }},
	{name: "UUID", sql: "uuid", tag: "type:uuid", make: func(n int) any { return UUID{byte(n), byte(n >> 8)} }},
}

// nilOf is nil for some numbers.
func nilOf[T any](n int, v T) any {
	if n%5 == 0 {
		return (*T)(nil)
	}
	return &v
}

// keyKinds are the types of keys that the test chooses itself.
var keyKinds = []string{"int64", "string", "ID", "UUID", "uint16"}

func kindOf(name string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })]
}

// random is a unit of work on a table that was made up.
type random struct {
	t      *rapid.T
	ctx    context.Context //nolint:containedctx // the test's: rapid calls the actions without one
	db     *unoactor.DB
	s      *unoactor.Session
	typ    reflect.Type
	table  string
	keys   int // of the columns
	kinds  []kind
	rows   map[int]row
	before []map[int]row
}

// row is an object and the numbers of its columns.
type row struct {
	object any
	values []int
}

func (r *random) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%v: %v", r.typ, err)
	}
}

// schema makes up a table and its struct.
func (r *random) schema(name string) {
	r.table, r.keys = name, rapid.IntRange(1, 3).Draw(r.t, "keys")
	fields := []reflect.StructField{{Name: "BaseModel", Type: reflect.TypeFor[bun.BaseModel](), Anonymous: true, Tag: reflect.StructTag(`bun:"table:` + name + `"`)}}
	var columns, key []string
	for i := range r.keys + rapid.IntRange(1, 6).Draw(r.t, "columns") {
		column, tag := fmt.Sprintf("c%d", i), ""
		k := rapid.SampledFrom(kinds).Draw(r.t, "kind")
		if i < r.keys {
			k, tag = kindOf(rapid.SampledFrom(keyKinds).Draw(r.t, "key")), ",pk"
			key = append(key, column)
		}
		if name, sql, ok := strings.Cut(k.tag, ":"); ok {
			tag += "," + name + ":" + sql
		} else {
			tag += k.tag
		}
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("C%d", i), Type: reflect.TypeOf(k.make(1)), Tag: reflect.StructTag(`bun:"` + column + tag + `"`)})
		columns = append(columns, column+" "+k.sql)
		r.kinds = append(r.kinds, k)
	}
	r.typ = reflect.StructOf(fields)
	_, err := r.db.Exec(r.ctx, fmt.Sprintf("drop table if exists %[1]s, %[1]s_want; create table %[1]s (%[2]s, primary key (%[3]s)); create table %[1]s_want (%[2]s)",
		name, strings.Join(columns, ", "), strings.Join(key, ", ")))
	r.must(err)
}

// made is an object with values.
func (r *random) made(values []int) any {
	o := reflect.New(r.typ)
	for i, n := range values {
		o.Elem().Field(i + 1).Set(reflect.ValueOf(r.kinds[i].make(n)))
	}
	return o.Interface()
}

func (r *random) some(t *rapid.T) int {
	if len(r.rows) == 0 {
		t.Skip("there is nothing")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(r.rows))).Draw(t, "which")
}

func (r *random) add(t *rapid.T) {
	n := rapid.IntRange(1, 6).Draw(t, "key")
	if _, there := r.rows[n]; there {
		t.Skip("it is there")
	}
	values := make([]int, len(r.kinds))
	for i := range values {
		if values[i] = n; i >= r.keys {
			values[i] = rapid.IntRange(0, 20).Draw(t, "value")
		}
	}
	o := r.made(values)
	r.must(r.s.Add(o))
	r.rows[n] = row{o, values}
}

func (r *random) change(t *rapid.T) {
	n := r.some(t)
	i, v := rapid.IntRange(r.keys, len(r.kinds)-1).Draw(t, "column"), rapid.IntRange(0, 20).Draw(t, "value")
	was := r.rows[n]
	values := slices.Clone(was.values)
	field := reflect.ValueOf(was.object).Elem().Field(i + 1)
	fresh := reflect.ValueOf(r.kinds[i].make(v))
	if r.kinds[i].within != nil && rapid.Bool().Draw(t, "within") && (field.Kind() != reflect.Pointer || !field.IsNil() && !fresh.IsNil()) {
		r.kinds[i].within(field, v)
	} else {
		field.Set(fresh)
	}
	values[i] = v
	r.rows[n] = row{was.object, values}
}

func (r *random) remove(t *rapid.T) {
	n := r.some(t)
	r.must(r.s.Delete(r.rows[n].object))
	delete(r.rows, n)
}

func (r *random) flush(*rapid.T) { r.must(r.s.Flush(r.ctx)) }

func (r *random) refresh(t *rapid.T) {
	r.must(errors.Join(r.s.Flush(r.ctx), r.s.Refresh(r.ctx, r.rows[r.some(t)].object)))
}

func (r *random) begin(t *rapid.T) {
	if len(r.before) == 3 {
		t.Skip("deep enough")
	}
	r.must(r.s.Begin(r.ctx))
	r.before = append(r.before, maps.Clone(r.rows))
}

func (r *random) end(t *rapid.T, how func(context.Context) error) map[int]row {
	if len(r.before) == 0 {
		t.Skip("no transaction")
	}
	r.must(how(r.ctx))
	last := r.before[len(r.before)-1]
	r.before = r.before[:len(r.before)-1]
	return last
}

func (r *random) commit(t *rapid.T)   { r.end(t, r.s.Commit) }
func (r *random) rollback(t *rapid.T) { r.rows = r.end(t, r.s.Rollback) }

// check compares the objects.
func (r *random) check(t *rapid.T) {
	r.t = t
	for _, row := range r.rows {
		want, got := reflect.ValueOf(r.made(row.values)).Elem(), reflect.ValueOf(row.object).Elem()
		for i := range row.values {
			w, g := want.Field(i+1).Interface(), got.Field(i+1).Interface()
			if at, ok := w.(time.Time); ok && at.Equal(g.(time.Time)) {
				continue
			}
			if !reflect.DeepEqual(w, g) {
				t.Fatalf("%v: column %d is %v, want %v", r.typ, i, g, w)
			}
		}
	}
}

// look compares the table with one that bun itself has written.
func (r *random) look(t *rapid.T) {
	r.must(r.s.Flush(r.ctx))
	_, err := r.s.Exec(r.ctx, "delete from "+r.table+"_want")
	r.must(err)
	r.must(unobun.With(r.ctx, r.s, func(ctx context.Context, db *bun.DB) error {
		for _, row := range r.rows {
			if _, err := db.NewInsert().Model(r.made(row.values)).ModelTableExpr("?", bun.Ident(r.table+"_want")).Returning("NULL").Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
	var n int
	r.must(r.s.QueryRow(r.ctx, fmt.Sprintf("select count(*)::int from ((table %[1]s except table %[1]s_want) union all (table %[1]s_want except table %[1]s)) d", r.table)).Scan(&n))
	if n > 0 {
		t.Fatalf("%v: %d rows are not what they should be", r.typ, n)
	}
}

func TestAUnitOfWorkIsWhatItsModelSaysOnAnyTable(t *testing.T) {
	short(t)
	db := open(t)
	if _, err := db.Exec(t.Context(), "create extension hstore"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		r := &random{t: rt, ctx: t.Context(), db: db, rows: make(map[int]row)}
		r.schema("made_up")
		// a mapper of its own, for each struct is one of the same name
		r.s = db.NewSession(unoactor.SessionConfig{Mapper: unobun.Mapper(),
			Autoflush: rapid.SampledFrom([]unoactor.Switch{unoactor.On, unoactor.Off}).Draw(rt, "autoflush")})
		defer r.s.Close()
		rt.Repeat(map[string]func(*rapid.T){
			"add": r.add, "add more": r.add, "change": r.change, "change more": r.change, "remove": r.remove, "flush": r.flush, "refresh": r.refresh,
			"begin": r.begin, "commit": r.commit, "rollback": r.rollback, "look": r.look, "": r.check,
		})
	})
}
