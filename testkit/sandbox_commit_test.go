package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/testkit"
)

// deferring are tables with constraints and triggers that wait for the commit.
const deferring = `
create table parents (id int primary key);
create table children (
	id int primary key,
	parent int constraint later references parents deferrable initially deferred,
	other int constraint now references parents deferrable initially immediate,
	n int constraint once unique deferrable initially deferred
);
create table journal (what text);
create function note() returns trigger language plpgsql as $$ begin insert into journal values (tg_op || ' ' || new.id); return null; end $$;
create constraint trigger noted after insert on parents deferrable initially deferred for each row execute function note();
create function refuse() returns trigger language plpgsql as $$ begin if new.id = 13 then raise exception 'unlucky' using errcode = 'U0013'; end if; return null; end $$;
create constraint trigger "Un.lucky" after insert or update on parents deferrable initially deferred for each row execute function refuse();
`

// answers are what a server says to SQL: tags, rows and the SQLSTATE, if any. SQL that
// begins with "extended:" is sent by the extended protocol, and "copy:" copies in.
func answers(ctx context.Context, c *pgconn.PgConn, sql string) string {
	var said []string
	var err error
	if extended, ok := strings.CutPrefix(sql, "extended:"); ok {
		r := c.ExecParams(ctx, extended, nil, nil, nil, nil).Read()
		said, err = append(said, r.CommandTag.String(), fmt.Sprintf("%s", r.Rows)), r.Err
	} else if copied, ok := strings.CutPrefix(sql, "copy:"); ok {
		to, rows, _ := strings.Cut(copied, ":")
		var tag pgconn.CommandTag
		tag, err = c.CopyFrom(ctx, strings.NewReader(rows), "copy "+to+" from stdin")
		said = append(said, tag.String())
	} else {
		results := c.Exec(ctx, sql)
		for results.NextResult() {
			r := results.ResultReader().Read()
			said = append(said, r.CommandTag.String(), fmt.Sprintf("%s", r.Rows))
		}
		err = results.Close()
	}
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		said = append(said, pg.Code, pg.ConstraintName, pg.Message, pg.Where)
	} else if err != nil {
		said = append(said, err.Error())
	}
	return fmt.Sprintf("%q, then %c", said, c.TxStatus())
}

// converse runs SQL on a connection of its own, and tells what is answered.
func converse(t *testing.T, db *unoactor.DB, script []string) (told []string) {
	t.Helper()
	l, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	c, err := l.Conn()
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range script {
		told = append(told, answers(t.Context(), c.PgConn(), sql))
	}
	return told
}

func TestACommitInASandboxAnswersAsThatOfAServer(t *testing.T) {
	look := "select (select count(*) from parents) as parents, (select count(*) from children) as children, (select string_agg(what, ', ' order by what) from journal)"
	for name, script := range map[string][]string{
		"one statement":                     {"insert into children values (1, 9)", look, "insert into parents values (1)", look},
		"one that returns rows":             {"insert into children values (1, 9) returning id, parent", look, "insert into parents values (1), (2) returning id", look},
		"the extended protocol":             {"extended:insert into children values (1, 9) returning id", look, "extended:insert into parents values (1)", look},
		"several statements":                {"insert into children values (1, 9); insert into parents values (9)", look, "insert into children values (2, 8); select 1; insert into parents values (7)", look, "insert into children values (2, 9); nonsense", look},
		"a statement that brings its own":   {"insert into parents values (4); insert into children values (1, 4)", look, "delete from parents", look},
		"a copy":                            {"copy:children (id, parent):1\t9\n2\t9\n", look, "copy:parents:1\n2\n", look, "copy:children:1\t1\t\\N\t5\n2\t2\t\\N\t5\n", look},
		"a commit":                          {"begin", "insert into children values (1, 9)", look, "commit", look, "begin", "insert into children values (1, 9)", "insert into parents values (9)", look, "commit", look},
		"a commit that is refused twice":    {"begin", "insert into children values (1, 9)", "commit", "commit", "begin", "insert into parents values (13)", "end", look, "rollback", "insert into parents values (1)", look},
		"a rollback":                        {"begin", "insert into children values (1, 9)", "insert into parents values (1)", "rollback", look, "insert into parents values (2)", look},
		"a transaction that failed":         {"begin", "insert into children values (1, 9)", "nonsense", "select 1", "commit", look, "insert into parents values (2)", look},
		"a savepoint that is rolled back":   {"begin", "savepoint a", "insert into children values (1, 9)", "rollback to a", "insert into parents values (2)", "commit", look},
		"a savepoint that is released":      {"begin", "savepoint a", "insert into children values (1, 9)", "release a", "insert into parents values (2)", "commit", look},
		"constraints made immediate":        {"begin", "set constraints all immediate", "insert into children values (1, 9)", "rollback", "begin", "set constraints later immediate", "insert into children values (1, 9)", "commit", look, "begin", "insert into children values (1, 9)", "insert into parents values (9)", "commit", look},
		"constraints made immediate late":   {"begin", "insert into children values (1, 9)", "set constraints later immediate", "commit", look},
		"constraints made deferred":         {"begin", "set constraints all deferred", "insert into children values (1, null, 9)", "insert into parents values (9)", "commit", look, "insert into children values (2, null, 8)", "begin", "insert into children values (2, null, 8)", "commit", look},
		"constraints made deferred by name": {"insert into parents values (1)", "begin", "set constraints now deferred", "insert into children values (1, 1, 9)", "commit", look, "begin", "insert into children values (1, 1, 9)", "commit"},
		"a trigger that raises":             {"insert into parents values (13)", look, "extended:insert into parents values (13)", look, "begin", "insert into parents values (1)", "update parents set id = 13", "commit", look},
		"a table altered afterwards":        {"insert into parents values (1)", "alter table parents add x int", "begin", "insert into parents values (2)", "commit", "alter table parents drop x", "begin", "insert into parents values (3)", "alter table parents add x int", "rollback"},
		"a constraint made in the sandbox": {"create table later (id int primary key, up int references later deferrable initially deferred)", "insert into later values (1, 2)", "begin", "insert into later values (1, 2)", "insert into later values (2, 1)", "commit", "select count(*) from later",
			"begin", "create table also (id int primary key, up int references also deferrable initially immediate)", "insert into also values (1, 2)", "commit"},
		"an empty statement":                    {"", "extended:", "begin", "", "commit"},
		"nothing to commit":                     {"commit", "rollback", "begin", "begin", "commit"},
		"constraints set outside a transaction": {"set constraints all immediate", "begin", "insert into children values (1, 9)", "insert into parents values (9)", "commit", look, "set constraints all deferred", "insert into children values (2, 9, 8)", look},
		"a held cursor and a rollback":          {"begin", "declare h cursor with hold for select * from generate_series(1, 5)", "fetch h", "commit", "begin", "fetch h", "rollback", "fetch h", "begin", "close h", "commit", "fetch h"},
		"a cursor that is rolled back":          {"begin", "declare c cursor with hold for select 1", "rollback", "fetch c", "begin", "savepoint a", "declare c cursor for select 1", "rollback to a", "fetch c", "rollback"},
		"other words":                           {"BEGIN TRANSACTION", "insert into children values (1, 9)", "END WORK", "START TRANSACTION", "insert into parents values (1)", "COMMIT TRANSACTION", look, "begin work", "insert into parents values (2)", "abort work", look},
		"cursors":                               {"begin", "declare c cursor for select 1", "declare h cursor with hold for select 2 union all select 3", "fetch c", "commit", "fetch c", "fetch h", "fetch all from h", "close h", "fetch h"},
		"a cursor outside":                      {"declare h cursor with hold for select 2 union all select 3", "fetch h", "insert into parents values (1)", "fetch h"},
		"temporary tables":                      {"begin", "create temp table t (n int) on commit drop", "insert into t values (1)", "select * from t", "commit", "select * from t", "begin", "create temp table t (n int) on commit drop", "rollback", "begin", "create temporary table if not exists \"T t\" on commit drop as select 1", "commit", "select * from \"T t\""},
		"temporary tables that are emptied":     {"create temp table t (n int) on commit delete rows", "insert into t values (1)", "select * from t", "begin", "insert into t values (1)", "select * from t", "commit", "select * from t", "drop table t", "create temp table t (n int)", "insert into t values (1)", "select * from t"},
		"extended temporary tables":             {"begin", "extended:create temp table t (n int) on commit drop", "copy:t:1\n2\n", "extended:select * from t", "commit", "extended:select * from t", "extended:create temp table t (n int) on commit drop", "select * from t"},
	} {
		t.Run(name, func(t *testing.T) {
			db := production(t, 1)
			run(t, db, deferring)
			box := testkit.Sandbox(t, db)
			inside := converse(t, box.DB(), script)
			outside := converse(t, second(t, deferring), script)
			for i, sql := range script {
				if inside[i] != outside[i] {
					t.Errorf("%s\nin the sandbox: %s\nof the server:  %s", sql, inside[i], outside[i])
				}
			}
		})
	}
}

// second is another database, with tables.
func second(t *testing.T, sql string) *unoactor.DB {
	t.Helper()
	db := production(t, 1)
	run(t, db, sql)
	return db
}

func TestASandboxChecksConstraintsWhoseNameOthersHaveToo(t *testing.T) {
	db := production(t, 1)
	run(t, db, `create schema "Other place"; 
		create table "Other place"."T" (n int constraint "x y" unique deferrable initially deferred, m int constraint fixed check (m > 0));
		create table "Other place".u (n int constraint "x y" check (n > 0), m int constraint fixed unique deferrable initially immediate)`)
	box := testkit.Sandbox(t, db)
	for range 2 { // the second time tells whether the first left all as it was
		if _, err := box.DB().Exec(t.Context(), `insert into "Other place"."T" values (1), (1)`); err == nil || !strings.Contains(err.Error(), "23505") {
			t.Errorf("a broken constraint: %v", err)
		}
		run(t, box.DB(), `insert into "Other place"."T" values (1), (2)`)
		err := box.DB().Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
			run(t, s, "begin")
			run(t, s, `update "Other place"."T" set n = 1`)
			run(t, s, `delete from "Other place"."T"`)
			run(t, s, "commit")
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if _, err := box.DB().Exec(t.Context(), `insert into "Other place".u values (1, 1), (2, 1)`); err == nil || !strings.Contains(err.Error(), "23505") {
			t.Errorf("an immediate constraint: %v", err)
		}
	}
}

func TestEachFaceOfASandboxIsToldOfADeferredConstraint(t *testing.T) {
	db := production(t, 2)
	run(t, db, deferring)
	box := testkit.Sandbox(t, db)
	const breaks = "insert into children (id, parent) values ($1, 99)"
	inTx := func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), breaks, 1)
		return err
	}
	for name, try := range map[string]func(ctx context.Context, db *unoactor.DB) error{
		"exec": func(ctx context.Context, db *unoactor.DB) error { _, err := db.Exec(ctx, breaks, 1); return err },
		"query": func(ctx context.Context, db *unoactor.DB) error {
			var id int
			return db.QueryRow(ctx, breaks+" returning id", 1).Scan(&id)
		},
		"batch": func(ctx context.Context, db *unoactor.DB) error {
			b := &pgx.Batch{}
			b.Queue(breaks, 1)
			b.Queue(breaks, 2)
			return db.SendBatch(ctx, b).Close()
		},
		"copy": func(ctx context.Context, db *unoactor.DB) error {
			_, err := db.CopyFrom(ctx, pgx.Identifier{"children"}, []string{"id", "parent"}, pgx.CopyFromRows([][]any{{1, 99}}))
			return err
		},
		"tx": func(ctx context.Context, db *unoactor.DB) error { return db.Tx(ctx, pgx.TxOptions{}, inTx) },
		"begin": func(ctx context.Context, db *unoactor.DB) error {
			tx, err := db.Begin(ctx)
			if err != nil {
				return err
			}
			return errors.Join(inTx(tx), tx.Commit(ctx))
		},
		"session": func(ctx context.Context, db *unoactor.DB) error {
			return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error { _, err := s.Exec(ctx, breaks, 1); return err })
		},
		"a session's transaction": func(ctx context.Context, db *unoactor.DB) error {
			return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
				return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error { _, err := s.Exec(ctx, breaks, 1); return err })
			})
		},
		"a session without autocommit": func(ctx context.Context, db *unoactor.DB) error {
			return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error { _, err := s.Exec(ctx, breaks, 1); return err },
				unoactor.SessionConfig{Autocommit: unoactor.Off})
		},
	} {
		for _, way := range []func() error{
			func() error { return try(t.Context(), box.DB()) },
			func() error { return try(box.Allow(t.Context()), db) },
		} {
			if err := way(); !testkit.IsSQLState(err, "23503") {
				t.Errorf("%s: %v", name, err)
			}
			if n := value[int](t, box.DB(), "select count(*) from children"); n != 0 {
				t.Errorf("%s: %d rows", name, n)
			}
			run(t, box.DB(), "insert into parents values (1)")
			run(t, box.DB(), "delete from parents")
		}
	}
	if n := value[int](t, box.DB(), "select count(*) from journal"); n == 0 {
		t.Error("no deferred trigger fired")
	}
}
