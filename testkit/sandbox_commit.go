package testkit

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// dueAtCommit makes the SQL that does what a server does at a commit, and what can be
// done within a transaction: it checks deferred constraints and fires their triggers,
// and has each constraint be again as it was declared; closes the cursors that a commit
// closes; empties and drops temporary tables made with ON COMMIT. %s are two lists of
// such tables. The answer is empty if nothing is due.
//
// SET CONSTRAINTS takes names, which may stand for several constraints at once. It refuses
// DEFERRED where one of these can't be deferred, and all names in a schema that the role
// may not use: then ALL is said instead, which holds for constraints of tables that are
// made next, too, up to the next commit.
const dueAtCommit = `with named as (
	select pg_catalog.format('%%I.%%I', n.nspname, c.conname) as name, pg_catalog.bool_or(c.condeferred) as later,
		pg_catalog.has_schema_privilege(n.oid, 'usage') as known,
		exists (select from pg_catalog.pg_constraint f where f.conname = c.conname and f.connamespace = n.oid and not f.condeferrable) as mixed
	from pg_catalog.pg_constraint c join pg_catalog.pg_namespace n on n.oid = c.connamespace
	where c.condeferrable and not pg_catalog.pg_is_other_temp_schema(n.oid)
	group by n.oid, n.nspname, c.conname
), due as (
	select 1 as at, case when pg_catalog.bool_or(not known or later and mixed)
	then pg_catalog.concat_ws('; ', 'set constraints all immediate', 'set constraints all deferred',
		'set constraints ' || pg_catalog.string_agg(name, ', ') filter (where known and not later) || ' immediate')
	else pg_catalog.concat_ws('; ', 'set constraints ' || pg_catalog.string_agg(name, ', ') || ' immediate',
		'set constraints ' || pg_catalog.string_agg(name, ', ') filter (where later) || ' deferred') end as sql
	from named
	union all
	select 2, %s
	union all
	select 3, 'close ' || pg_catalog.quote_ident(name) from pg_catalog.pg_cursors where name <> '' and not is_holdable
	union all
	select 4, 'truncate ' || pg_catalog.string_agg(oid::pg_catalog.regclass::text, ', ') from pg_catalog.pg_class
	where relnamespace = pg_catalog.pg_my_temp_schema() and relkind in ('r', 'p') and relname in (%s)
	union all
	select 5, 'drop table ' || pg_catalog.string_agg(oid::pg_catalog.regclass::text, ', ') || ' cascade' from pg_catalog.pg_class
	where relnamespace = pg_catalog.pg_my_temp_schema() and relkind in ('r', 'p') and relname in (%s)
)
select pg_catalog.string_agg(sql, '; ' order by at) from due where sql <> ''`

// commit does what a server does when it commits, but for making anything last. The caller has the turn,
// and goes back to a savepoint if the server refuses something.
func (box *Box) commit() (refused *pgproto3.ErrorResponse, err error) {
	const committing, attempts = "unoactor_commit", 3
	for n := 1; ; n++ {
		work, refused, err := box.execute(fmt.Sprintf(dueAtCommit, box.locals.restoring(), box.temporary.list(emptied), box.temporary.list(dropped)))
		if work == "" || refused != nil || err != nil {
			return refused, err
		}
		_, refused, err = box.execute("savepoint " + committing + "; " + work + "; release savepoint " + committing)
		if err != nil || refused == nil || n == attempts || refused.Code != "42704" && refused.Code != "3F000" {
			return refused, err
		}
		// Somebody else has just dropped a constraint or a schema.
		if _, refused, err := box.execute("rollback to savepoint " + committing); err != nil || refused != nil {
			return refused, err
		}
	}
}

// onCommit is what happens to a temporary table at a commit.
type onCommit int

const (
	kept onCommit = iota
	emptied
	dropped
)

// temporaries are the temporary tables, by name, of which statements said what happens to them at a
// commit: the server's catalog does not hold it.
type temporaries map[string]onCommit

// note looks for CREATE TEMPORARY TABLE in SQL, and in its strings, which may be code.
func (t temporaries) note(sql string) { t.noteIn(sql, 0) }

func (t temporaries) noteIn(sql string, within int) {
	name := "" // of the last temporary table
	s := sqltext.NewScanner([]byte(sql), false)
	for s.Solid() {
		if code, ok := s.Value(); ok && within < maxWithin {
			t.noteIn(code, within+1)
		}
		switch ahead := s; {
		case skips(&ahead, "temp", "table"), skips(&ahead, "temporary", "table"):
			skips(&ahead, "if", "not", "exists")
			skips(&ahead, "pg_temp", ".")
			if table, ok := ahead.Name(); ok {
				name = table
				delete(t, name)
			}
		case name == "":
		case skips(&ahead, "on", "commit", "drop"):
			t[name] = dropped
		case skips(&ahead, "on", "commit", "delete"):
			t[name] = emptied
		}
	}
}

// maxWithin is how deep strings within strings are looked at.
const maxWithin = 4

// skips goes past these words or signs, and returns whether they were there.
func skips(s *sqltext.Scanner, words ...string) bool {
	ahead := *s
	for _, word := range words {
		if !ahead.Is(word) && !ahead.IsSign(word[0]) {
			return false
		}
		ahead.Solid()
	}
	*s = ahead
	return true
}

// list returns the names of the tables to which that happens at a commit, as SQL.
func (t temporaries) list(what onCommit) string {
	names := []string{"null"}
	for name, its := range t {
		if its == what {
			names = append(names, literal(name))
		}
	}
	return strings.Join(names, ", ")
}

// literal quotes a string, for whatever value of standard_conforming_strings.
func literal(s string) string {
	return " E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}
