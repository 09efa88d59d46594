package gateway_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/testkit"
)

// TestTheUnnamedStatementKeepsTheShapeThatWasDescribed changes tables between the Describe of a
// statement and its execution. What PostgreSQL itself answers is what the gateway has to.
func TestTheUnnamedStatementKeepsTheShapeThatWasDescribed(t *testing.T) {
	run := func(values ...string) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{bind(values...), execute(0), sync}
	}
	both(t, func(t *testing.T, w world) {
		server, database := w.server, w.database
		for _, c := range []struct{ name, sql, ddl, value string }{
			{"nothing is changed", "select * from y where a = $1", "select 1", "1"},
			{"a column is added", "select * from y where a = $1", "alter table y add c int default 7", "1"},
			{"a column is added that is not asked for", "select a, b from y where a = $1", "alter table y add c int default 7", "1"},
			{"a column gets another type", "select b from y where a = $1", "alter table y alter b type varchar(3)", "1"},
			{"a column is renamed", "select * from y where a = $1", "alter table y rename b to d", "1"},
			{"a column that is returned is added", "update y set b = 'changed' where a = $1 returning *", "alter table y add c int default 7", "1"},
			{"another table has its name", "select * from y where a = $1", "drop table y; create table y (a int, b text); insert into y values (1, 'new')", "1"},
			{"a parameter gets another type", "select a from y where a = $1", "alter table y alter a type bigint", "1"},
			{"the table is gone", "select * from y where a = $1", "drop table y", "1"},
			{"no rows are described", "insert into y values ($1)", "alter table y add c int default 7", "2"},
			{"a function returns another type", "select f($1)", "drop function f(int); create function f(int) returns text language sql as 'select ''x'''", "1"},
		} {
			play := func(r, other *raw) (heard []string) {
				t.Helper()
				const table = "drop table if exists y; drop function if exists f(int); create table y (a int, b text); insert into y values (1, 'x'); " +
					"create function f(int) returns int language sql as 'select 1'"
				if err := server.Exec(t.Context(), database, table); err != nil {
					t.Fatal(err)
				}
				say := func(m ...pgproto3.FrontendMessage) {
					r.send(m...)
					heard = append(heard, r.hear(1))
				}
				say(parse(c.sql), describe, sync)
				say(run(c.value)...)
				say(parse(c.sql), sync)
				say(describe, sync)
				if err := server.Exec(t.Context(), database, c.ddl); err != nil {
					t.Fatal(err)
				}
				if other != nil { // takes the backend
					other.send(q("begin"), parse("select 'not yours'"), describe, sync)
					other.hear(2)
				}
				say(run(c.value)...)
				say(describe, sync)
				say(run(c.value)...)
				say(q("begin"))
				say(parse(c.sql), describe, sync)
				say(run(c.value)...)
				say(q("commit"))
				if other != nil {
					other.query("rollback")
				}
				say(q("select count(*) from y where b = 'changed'"))
				return heard
			}
			pg := direct(t, server, database)
			want := play(pg, nil)
			_ = pg.conn.Close()
			r, other := w.login(t), w.login(t)
			got := play(r, other)
			for i := range want {
				for _, s := range []*string{&want[i], &got[i]} { // a Describe may fail half way
					*s = strings.Replace(*s, "ParameterDescription E:", "E:", 1)
				}
				bothFail := strings.HasPrefix(got[i], "E:") && strings.HasPrefix(want[i], "E:") && strings.Contains(c.name, "parameter")
				if got[i] != want[i] && !bothFail {
					t.Errorf("%s, step %d:\n   the gateway: %s\nPostgreSQL has: %s", c.name, i, got[i], want[i])
				}
			}
			_, _ = r.conn.Close(), other.conn.Close()
			w.quiet(t)
		}
	})
}

func TestWhatWasNotDescribedIsRunAtOnce(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, one)
	r := w.login(t)
	r.send(parse("select 'here'"), sync)
	r.hear(1)
	r.send(bind(), execute(0), sync, bind(), execute(0), sync)
	if got := r.hear(2); got != "BindComplete D:here C:SELECT_1 Z:I BindComplete D:here C:SELECT_1 Z:I" {
		t.Error(got)
	}
}
