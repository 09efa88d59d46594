package gateway_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// step is what a client sends at once, and how many ReadyForQuerys it waits for
// then; or, with until, the word that it waits for.
type step struct {
	send    []pgproto3.FrontendMessage
	readies int
	until   string
}

func q(sql string) pgproto3.FrontendMessage     { return &pgproto3.Query{String: sql} }
func parse(sql string) pgproto3.FrontendMessage { return &pgproto3.Parse{Query: sql} }
func bind(values ...string) pgproto3.FrontendMessage {
	b := &pgproto3.Bind{}
	for _, v := range values {
		b.Parameters = append(b.Parameters, []byte(v))
	}
	return b
}
func execute(rows uint32) pgproto3.FrontendMessage { return &pgproto3.Execute{MaxRows: rows} }
func data(lines string) pgproto3.FrontendMessage   { return &pgproto3.CopyData{Data: []byte(lines)} }

var (
	describe  = &pgproto3.Describe{ObjectType: 'S'}
	sync      = &pgproto3.Sync{}
	flush     = &pgproto3.Flush{}
	copyDone  = &pgproto3.CopyDone{}
	copyFail  = &pgproto3.CopyFail{Message: "changed my mind"}
	terminate = &pgproto3.Terminate{}
)

func all(readies int, m ...pgproto3.FrontendMessage) step  { return step{m, readies, ""} }
func upTo(word string, m ...pgproto3.FrontendMessage) step { return step{m, 0, word} }

// conversations are what a client says. PostgreSQL itself, asked the same,
// tells what the answers must be. Each begins with a table x (a int primary key).
var conversations = []struct {
	name  string
	steps []step
}{
	{"13 an error in mid-pipeline skips all until Sync, with exactly one ReadyForQuery", []step{
		all(2, parse("insert into x values (1)"), bind(), execute(0), parse("select 1/0"), bind(), execute(0), parse("select 3"), bind(), execute(0), sync,
			parse("select 'next'"), bind(), execute(0), sync),
		all(1, q("select * from x"))}},
	{"13 a simple query after a failed batch is skipped too", []step{
		all(1, parse("select 1/0"), bind(), execute(0), q("select 2"), sync), all(1, q("select 3"))}},
	{"13 a simple query that fails within a batch ends it", []step{
		all(2, parse("select 1"), bind(), execute(0), q("select 1/0"), sync), all(1, q("select 3"))}},
	{"13 a batch that a simple query ends without Sync", []step{
		all(1, parse("select 1"), bind(), execute(0), q("select 2")), all(1, q("select 3"))}},
	{"13 errors in a transaction", []step{
		all(1, q("begin")), all(1, parse("select 1/0"), bind(), execute(0), sync), all(1, q("select 1")), all(1, q("rollback")), all(1, q("select 1"))}},
	{"14 Flush without Sync", []step{
		upTo("T", parse("select 1 where $1 = 'a'"), describe, flush), upTo("C:SELECT_1", bind("a"), execute(0), flush), all(1, sync)}},
	{"14 Flush after an error", []step{
		upTo("E:42601", parse("selec"), flush), all(1, flush, parse("select 1"), bind(), execute(0), sync), all(1, q("select 1"))}},
	{"15 two Syncs pipelined", []step{
		all(2, parse("select 1"), bind(), execute(0), sync, parse("select 2"), bind(), execute(0), sync), all(3, sync, sync, sync)}},
	{"18 a row limit suspends the portal, and it resumes", []step{
		all(1, q("begin")),
		all(1, parse("select generate_series(1, 5)"), bind(), execute(2), execute(2), execute(2), sync),
		all(1, q("commit"))}},
	{"18 a portal that is suspended over Syncs", []step{
		all(1, q("begin"), parse("select generate_series(1, 5)"), &pgproto3.Bind{DestinationPortal: "p"}),
		upTo("PortalSuspended", &pgproto3.Execute{Portal: "p", MaxRows: 2}, flush), all(1, &pgproto3.Execute{Portal: "p", MaxRows: 2}, sync),
		all(1, &pgproto3.Execute{Portal: "p", MaxRows: 2}, &pgproto3.Close{ObjectType: 'P', Name: "p"}, sync), all(1, q("commit"))}},
	{"19 COPY IN", []step{
		upTo("CopyInResponse", q("copy x from stdin")), all(1, data("1\n2\n"), data("3\n"), copyDone), all(1, q("select count(*) from x"))}},
	{"19 an error in COPY IN before CopyDone", []step{
		upTo("CopyInResponse", q("copy x from stdin")), all(1, data("1\n"), data("nonsense\n"), data("2\n")), all(1, data("4\n"), copyDone, q("select count(*) from x"))}},
	{"19 an error in COPY IN after CopyDone", []step{
		all(1, q("insert into x values (1)")), upTo("CopyInResponse", q("copy x from stdin")), all(1, data("1\n"), copyDone), all(1, q("select count(*) from x"))}},
	{"19 COPY data before it is asked for", []step{
		all(2, q("copy x from stdin"), data("1\n2\n"), copyDone, q("select count(*) from x"))}},
	{"19 COPY data before it is asked for, twice", []step{
		all(2, q("copy x from stdin"), data("1\n2\n"), copyDone, q("copy x from stdin"), data("3\n"), copyDone), all(1, q("select count(*) from x"))}},
	{"19 COPY data to a table that there is not", []step{
		all(2, q("copy y from stdin"), data("1\n2\n"), copyDone, q("select 1")), all(1, q("select count(*) from x"))}},
	{"19 two COPYs in one query", []step{
		upTo("CopyInResponse", q("copy x from stdin; copy x from stdin; select 7")), upTo("CopyInResponse", data("1\n"), copyDone), all(1, data("2\n"), copyDone),
		all(1, q("select count(*) from x"))}},
	{"19 COPY IN in the extended protocol", []step{
		upTo("CopyInResponse", parse("copy x from stdin"), bind(), execute(0), sync), all(1, data("1\n"), copyDone, sync), all(1, q("select count(*) from x"))}},
	{"19 COPY IN in the extended protocol, with its data", []step{
		all(1, parse("copy x from stdin"), bind(), execute(0), data("1\n"), copyDone, sync), all(1, q("select count(*) from x"))}},
	{"19 COPY IN in the extended protocol, with an error", []step{
		upTo("CopyInResponse", parse("copy x from stdin"), bind(), execute(0), flush), upTo("E:22P02", data("nonsense\n")), all(1, copyDone, sync), all(1, q("select count(*) from x"))}},
	{"20 CopyFail", []step{
		upTo("CopyInResponse", q("copy x from stdin")), all(1, data("1\n"), copyFail), all(1, q("select count(*) from x"))}},
	{"20 CopyFail in a transaction", []step{
		all(1, q("begin")), upTo("CopyInResponse", q("copy x from stdin")), all(1, data("1\n"), copyFail), all(1, q("select 1")), all(1, q("rollback"))}},
	{"COPY OUT", []step{
		all(1, q("copy (select generate_series(1, 3)) to stdout")), all(1, parse("copy (select 4) to stdout"), bind(), execute(0), sync)}},
	{"several statements in a query, and none", []step{
		all(1, q("select 1; select 2; select 1/0; select 3")), all(1, q("")), all(1, q(";;")), all(1, parse(""), bind(), execute(0), sync)}},
	{"an unnamed statement over Syncs", []step{
		all(1, parse("select 1 where $1 = 'a'"), describe, sync), all(1, bind("a"), execute(0), sync), all(1, bind("b"), execute(0), sync), all(1, describe, sync)}},
	{"an unnamed statement after an error in its Bind", []step{
		all(1, parse("select $1::int"), describe, sync), all(1, bind("nonsense"), execute(0), sync), all(1, bind("7"), execute(0), sync)}},
	{"an unnamed statement that a simple query has ended", []step{
		all(1, parse("select 1"), sync), all(1, q("select 2")), all(1, bind(), execute(0), sync), all(1, q("select 3"))}},
	{"an unnamed statement that was never parsed", []step{
		all(1, describe, sync), all(1, bind(), execute(0), sync), all(1, parse("selec"), sync), all(1, bind(), execute(0), sync), all(1, q("select 3"))}},
	{"an unnamed statement that is closed", []step{
		all(1, parse("select 1"), sync), all(1, &pgproto3.Close{ObjectType: 'S'}, sync), all(1, bind(), execute(0), sync), all(1, q("select 3"))}},
	{"a long unnamed statement over Syncs", []step{
		all(1, parse("select 1 where $1 <> '"+strings.Repeat("x", 100000)+"'"), describe, sync), all(1, bind("a"), execute(0), sync), all(1, q("select 3"))}},
	{"an unknown portal", []step{all(1, execute(0), sync), all(1, &pgproto3.Describe{ObjectType: 'P', Name: "p"}, sync), all(1, q("select 1"))}},
	{"a FunctionCall", []step{
		all(1, &pgproto3.FunctionCall{Function: 1, ResultFormatCode: 0}),                                       // none has this OID
		all(1, &pgproto3.FunctionCall{Function: 1397, Arguments: [][]byte{[]byte("-7")}, ResultFormatCode: 0}), // abs(int4)
		all(1, q("select 3"))}},
	{"transactions", []step{
		all(1, q("begin")), all(1, q("insert into x values (1)")), all(1, q("savepoint s")), all(1, q("insert into x values (1)")), all(1, q("rollback to s")),
		all(1, q("commit and chain")), all(1, q("rollback")), all(1, q("select * from x"))}},
	{"a great query, bind value and row", []step{
		all(1, q("select length('"+strings.Repeat("y", 10<<20)+"')")),
		all(1, parse("select length($1)"), bind(strings.Repeat("z", 10<<20)), execute(0), sync),
		all(1, q("select repeat('x', 10 << 20)")), all(1, q("select 1"))}},
	{"a great COPY line", []step{
		upTo("CopyInResponse", q("copy x from stdin")), all(1, data(strings.Repeat("7", 3<<20)+"\n"), data(strings.Repeat("8", 3<<20)+"\n"), copyDone),
		all(1, q("select count(*) from x"))}},
	{"11 named statements, as far as the session has its backend", []step{
		all(1, q("listen c")),
		all(1, &pgproto3.Bind{PreparedStatement: "nobody"}, execute(0), sync),
		all(1, &pgproto3.Parse{Name: "s", Query: "select 5"}, sync), all(1, &pgproto3.Bind{PreparedStatement: "s"}, execute(0), sync),
		all(1, &pgproto3.Parse{Name: "s", Query: "select 6"}, sync), all(1, &pgproto3.Close{ObjectType: 'S', Name: "s"}, sync), all(1, q("select 5"))}},
	{"goodbye", []step{upTo("EOF", terminate)}},
	{"goodbye in a transaction", []step{all(1, q("begin; insert into x values (1)")), upTo("EOF", terminate)}},
}

func (r *raw) hold(s step) string {
	r.Helper()
	r.send(s.send...)
	if s.until != "" {
		return r.hearUntil(func(word string) bool { return word == s.until })
	}
	return r.hear(s.readies)
}

func TestConformance13to20AnswersAreThoseOfPostgreSQLItself(t *testing.T) {
	server, database := testkit.Shared(t)
	const table = "drop table if exists x; create table x (a int primary key)"
	worlds := map[string]world{}
	for _, mode := range []config.Mode{config.Transaction, config.Session} {
		worlds[string(mode)] = start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Mode, p.Size = mode, 2 })
	}
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) {
			if err := server.Exec(t.Context(), database, table); err != nil {
				t.Fatal(err)
			}
			var want []string
			r := direct(t, server, database)
			for _, s := range c.steps {
				want = append(want, r.hold(s))
			}
			_ = r.conn.Close()
			for name, w := range worlds {
				w.until(t, "the last client is gone", "select count(*) from pg_locks l join pg_database d on d.oid = l.database where datname = '"+database+"'", "0")
				if err := server.Exec(t.Context(), database, table); err != nil {
					t.Fatal(err)
				}
				r := w.login(t)
				for i, s := range c.steps {
					if got := r.hold(s); got != want[i] {
						t.Errorf("%s mode, step %d:\n   the gateway: %.500s\nPostgreSQL has: %.500s", name, i+1, got, want[i])
					}
				}
				_ = r.conn.Close()
				w.quiet(t)
			}
		})
	}
}

func TestMessagesMayArriveInPiecesOfAnySize(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	var stream []byte
	for _, m := range []pgproto3.FrontendMessage{parse("select $1::text"), bind("abc"), execute(0), sync, q("select 2"), q("begin"), q("select 3"), q("rollback")} {
		stream, _ = m.Encode(stream)
	}
	const want = "ParseComplete BindComplete D:abc C:SELECT_1 Z:I T D:2 C:SELECT_1 Z:I C:BEGIN Z:T T D:3 C:SELECT_1 Z:T C:ROLLBACK Z:I"
	r := w.login(t)
	for cut := 1; cut < len(stream); cut++ {
		r.write(stream[:cut])
		r.write(stream[cut:])
		if got := r.hear(5); got != want {
			t.Fatalf("cut at %d: %s", cut, got)
		}
	}
	for i := range stream {
		r.write(stream[i : i+1])
	}
	if got := r.hear(5); got != want {
		t.Fatalf("byte by byte: %s", got)
	}
	long, _ := q("select length('" + strings.Repeat("y", 40000) + "')").Encode(nil)
	for _, cut := range []int{1, 4, 5, 6, 100, 16383, 16384, 16385, 32768, len(long) - 1} {
		r.write(long[:cut])
		r.write(long[cut:])
		if got := r.hear(1); got != "T D:40000 C:SELECT_1 Z:I" {
			t.Fatalf("cut at %d: %s", cut, got)
		}
	}
}

func TestAThousandPipelinedStatementsAreAnsweredThoughNobodyReadsMeanwhile(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	r := w.login(t)
	var stream []byte
	for range 1000 {
		for _, m := range []pgproto3.FrontendMessage{parse("select $1::text"), bind("abc"), execute(0), sync} {
			stream, _ = m.Encode(stream)
		}
	}
	r.write(stream)
	if got := r.hear(1000); strings.Count(got, "D:abc") != 1000 {
		t.Errorf("%d rows", strings.Count(got, "D:abc"))
	}
	// The same without a Sync in between.
	stream = bytes.ReplaceAll(stream, []byte("S\x00\x00\x00\x04"), nil)
	stream, _ = sync.Encode(stream)
	r.write(stream)
	if got := r.hear(1); strings.Count(got, "D:abc") != 1000 {
		t.Errorf("%d rows", strings.Count(got, "D:abc"))
	}
}
