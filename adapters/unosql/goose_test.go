package unosql_test

import (
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"

	"github.com/unoactor/unoactor/testkit"
)

func TestGooseMigratesUpAndDown(t *testing.T) {
	db := open(t)
	files := fstest.MapFS{
		"00001_table.sql": {Data: []byte("-- +goose Up\ncreate table pet (id int primary key);\ninsert into pet values (1);\n-- +goose Down\ndrop table pet;\n")},
		"00002_index.sql": {Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently pet_index on pet (id);\n-- +goose Down\ndrop index concurrently pet_index;\n")},
		"00003_code.sql": {Data: []byte("-- +goose Up\n-- +goose StatementBegin\ncreate function pets() returns bigint language plpgsql as $$ begin return (select count(*) from pet); end $$;\n" +
			"-- +goose StatementEnd\n-- +goose Down\ndrop function pets;\n")},
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db.DB, files)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := p.Up(t.Context()); err != nil || len(done) != 3 {
		t.Fatal(done, err)
	}
	if got := one[int](t, db, "select pets()"); got != 1 {
		t.Errorf("%d pets", got)
	}
	if version, err := p.GetDBVersion(t.Context()); err != nil || version != 3 {
		t.Errorf("version %d, %v", version, err)
	}
	if done, err := p.DownTo(t.Context(), 0); err != nil || len(done) != 3 {
		t.Error(done, err)
	}
	if _, err := db.ExecContext(t.Context(), "select * from pet"); !testkit.IsSQLState(err, "42P01") {
		t.Errorf("after the way down: %v", err)
	}

	files["00004_wrong.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\ncreate table half (id int);\nselect nonsense;\n")}
	if p, err = goose.NewProvider(goose.DialectPostgres, db.DB, files); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Up(t.Context()); !testkit.IsSQLState(err, "42703") {
		t.Errorf("a migration that makes no sense: %v", err)
	}
	if one[bool](t, db, "select to_regclass('half') is not null") {
		t.Error("half a migration is there")
	}
}
