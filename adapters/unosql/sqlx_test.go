package unosql_test

import (
	"reflect"
	"testing"

	"github.com/jmoiron/sqlx"
)

func TestSqlxScansStructsAndExpandsNames(t *testing.T) {
	raw := open(t)
	raw.must(t, "create table person (id int primary key, full_name text not null, email text)")
	db, ctx := sqlx.NewDb(raw.DB, "pgx"), t.Context()
	type person struct {
		ID    int
		Name  string `db:"full_name"`
		Email *string
	}
	address := "a@b.c"
	all := []person{{1, "Ada", &address}, {2, "Bob", nil}}
	if _, err := db.NamedExecContext(ctx, "insert into person (id, full_name, email) values (:id, :full_name, :email)", all); err != nil {
		t.Fatal(err)
	}
	var got []person
	if err := db.SelectContext(ctx, &got, "select * from person order by id"); err != nil || !reflect.DeepEqual(got, all) {
		t.Errorf("%+v, %v", got, err)
	}
	query, args, err := sqlx.In("select full_name from person where id in (?) order by id", []int{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := db.SelectContext(ctx, &names, db.Rebind(query), args...); err != nil || !reflect.DeepEqual(names, []string{"Ada", "Bob"}) {
		t.Errorf("%q, %v", names, err)
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	stmt, err := tx.PrepareNamedContext(ctx, "select id, full_name from person where full_name = :name")
	if err != nil {
		t.Fatal(err)
	}
	row := map[string]any{}
	if err := stmt.QueryRowxContext(ctx, map[string]any{"name": "Bob"}).MapScan(row); err != nil || !reflect.DeepEqual(row, map[string]any{"id": int64(2), "full_name": "Bob"}) {
		t.Errorf("%v, %v", row, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
}
