package hostile_test

import (
	"fmt"
	"strings"
	"time"
)

// floodRows are clients that send much, and may not read.
var floodRows = []row{
	{
		name: "a million Syncs that nobody reads the answers of, with LISTEN", long: true,
		do: flood(query("listen a"), syncMessage(), 1000000), grows: 64,
	},
	{
		name: "a hundred thousand Syncs that nobody reads the answers of, with LISTEN",
		do:   flood(query("listen a"), syncMessage(), 100000),
	},
	{
		name: "Syncs that nobody reads the answers of", do: flood("", syncMessage(), 100000),
	},
	{
		name: "queries that nobody reads the answers of", do: flood("", query("select 1"), 50000),
	},
	{
		name: "empty queries that nobody reads the answers of", do: flood("", query(""), 50000),
	},
	{
		name: "queries, each a mistake, that nobody reads the answers of", do: flood("", query("selekt '"+literal+"'"), 20000),
	},
	{
		name: "whole requests that nobody reads the answers of", do: flood("", parse("", "select $1")+bind("", "", "x")+describe('P', "")+execute("", 0)+syncMessage(), 20000),
	},
	{
		name: "requests without a Sync", do: flood("", parse("", "select $1")+bind("", "", "x")+execute("", 0), 50000),
	},
	{
		name: "Flushes", do: flood(parse("", "select 1"), flush(), 100000),
	},
	{
		name: "Describes that nobody reads the answers of", do: flood(parse("", "select 1"), describe('S', ""), 50000),
	},
	{
		name: "Closes of what there is not", do: flood("", message('C', "Snone\x00"), 100000),
	},
	{
		name: "Parses of named statements, each refused", do: func(a *arena) {
			var b strings.Builder
			for i := range 20000 {
				b.WriteString(parse(fmt.Sprint("name", i), "select "+fmt.Sprint(i)) + syncMessage())
			}
			flood("", b.String(), 1)(a)
		},
	},
	{
		name: "Parses, each another text", do: func(a *arena) {
			var b strings.Builder
			for i := range 5000 {
				b.WriteString(parse("", "select "+strings.Repeat(" ", 1000)+fmt.Sprint(i)))
			}
			flood("", b.String()+syncMessage(), 4)(a)
		},
	},
	{
		name: "a query that resets all, 1,500 times in a text, bound 20,000 times behind a slow one",
		do:   behindASlowOne(strings.Repeat("reset all;", 1500)),
	},
	{
		name: "a text of settings bound 20,000 times behind a slow one",
		do:   behindASlowOne(strings.Repeat("set timezone='utc';", 800)),
	},
	{
		name: "a text of settings of one's own bound 20,000 times behind a slow one",
		do:   behindASlowOne(strings.Repeat("set a.b=1;", 1500)),
	},
	{
		name: "one setting bound 20,000 times behind a slow one", do: behindASlowOne("set timezone = 'utc'"),
	},
	{
		name: "a text of discards bound 20,000 times behind a slow one", do: behindASlowOne(strings.Repeat("discard all;", 1300)),
	},
	{
		name: "a text of locks and cursors bound 20,000 times behind a slow one",
		do:   behindASlowOne(strings.Repeat("select pg_advisory_lock(1);", 600)),
	},
	{
		name: "queries after a mistake, without a Sync", do: afterAMistake(query("select '" + strings.Repeat("x", 10000) + "'")),
	},
	{
		name: "Parses after a mistake, without a Sync", do: afterAMistake(parse("", "select '"+strings.Repeat("x", 10000)+"'")),
	},
	{
		name: "Binds after a mistake, without a Sync", do: afterAMistake(bind("", "", strings.Repeat("x", 10000))),
	},
	{
		name: "small messages after a mistake, without a Sync", do: afterAMistake(strings.Repeat(execute("", 0)+describe('P', "")+flush()+message('C', "P\x00"), 300)),
	},
	{
		name: "CopyData after a mistake, without a Sync", do: afterAMistake(message('d', strings.Repeat("x", 10000))),
	},
	{
		name: "function calls after a mistake, without a Sync", do: afterAMistake(message('F', strings.Repeat("x", 10000))),
	},
	{
		name: "queries after a mistake in a transaction of a client that does not read", do: func(a *arena) {
			flood(query("begin; selekt"), query("select 1"), 50000)(a)
		},
	},
	{
		name: "a client that copies in and whose table is locked", do: func(a *arena) {
			p := a.login()
			_ = p.send(query("begin; create temp table c (a text) on commit drop; copy c from stdin"))
			a.push(p, strings.Repeat(message('d', strings.Repeat("x", 1000)+"\n"), 1000), 20)
		},
	},
	{
		name: "notices by the hundred thousand, to one who does not read", do: func(a *arena) {
			for range poolSize / 2 {
				_ = a.login().send(query("do $$ begin for i in 1..200000 loop raise notice '%', repeat('x', 100); end loop; end $$"))
			}
		},
	},
	{
		name: "notifications to a client that does not read", do: func(a *arena) {
			_ = a.login().send(query("listen flood"))
			p := a.login()
			for range 20 {
				_ = p.send(query("select pg_notify('flood', i || repeat('x', 1000)) from generate_series(1, 1000) i"))
				if got := p.until(a, "Z:I", patience); got != "Z:I" {
					a.Fatal(got)
				}
			}
		},
	},
	{
		name: "settings without an end in a transaction", do: func(a *arena) {
			var b strings.Builder
			for i := range 5000 {
				b.WriteString(query(fmt.Sprintf("savepoint s%d; set timezone = 'utc'; set application_name = 'a%d'; set a%d.b = 'x'", i, i, i)))
			}
			p := a.login()
			a.swallow(p)
			a.push(p, query("begin")+b.String(), 1)
		},
	},
	{
		name: "settings of a MiB", do: func(a *arena) {
			for _, name := range []string{"application_name", "timezone", "search_path", "a.b"} {
				p := a.login()
				for range 10 {
					_ = p.send(query("set " + name + " = '" + strings.Repeat("x", 1<<20) + "'"))
					p.until(a, "Z:I", patience)
				}
				_ = p.send(query("select 1"))
				p.until(a, "Z:I", patience)
				_ = p.Close()
			}
		},
		grows: 128,
	},
	{
		name: "channels by the ten thousand", do: func(a *arena) {
			var b strings.Builder
			for i := range 10000 {
				fmt.Fprintf(&b, "listen c%d;", i)
			}
			p := a.login()
			_ = p.send(query(b.String()))
			p.until(a, "Z:I", patience)
		},
	},
	{
		name: "texts that are expensive to look at", do: func(a *arena) {
			const each = 20
			limit := 2 * each * 8 * time.Millisecond
			if raced {
				limit *= 20
			}
			for _, piece := range expensive {
				sql := strings.Repeat(piece, 16000/len(piece))
				began := a.daemon.work(a)
				for _, m := range []string{query(sql), parse("", sql) + syncMessage()} {
					p := a.login()
					_ = p.send(strings.Repeat(m, each))
					for range each {
						p.until(a, anyReady, patience)
					}
					_ = p.Close()
				}
				if spent := a.daemon.work(a) - began; spent > limit {
					a.Errorf("16 kB of %q, %d times, take %v of the processor, the bound is %v", piece, 2*each, spent, limit)
				}
			}
		},
	},
	{
		name: "a text of 50 MB", long: true, do: func(a *arena) {
			p := a.login()
			_ = p.send(query("select '" + strings.Repeat("x", 50<<20) + "'::text is null"))
			p.until(a, "Z:I", patience)
		},
		grows: 200,
	},
	{
		name: "a result of 200 MB in one row, to one who reads slowly", long: true, do: func(a *arena) {
			p := a.login()
			_ = p.send(query("select repeat('x', 200 * 1024 * 1024)"))
			_, _ = p.in.ReadByte()
		},
		grows: 64,
	},
	{
		name: "idle clients by the hundred, each with a transaction that no backend is taken for", do: func(a *arena) {
			for range 200 {
				p := a.login()
				_ = p.send(query("select 1"))
				p.until(a, "Z:I", patience)
			}
		},
	},
	{
		name: "clients by the hundred that wait for a backend, and hang up", do: func(a *arena) {
			for range poolSize {
				_ = a.login().send(query("select pg_sleep(600)"))
			}
			for range 200 {
				_ = a.login().send(query("select 1"))
			}
		},
		locked: true,
	},
	{
		name: "clients by the hundred that wait for a backend, and are shut down", do: func(a *arena) {
			for range poolSize {
				_ = a.login().send(query("select pg_sleep(600)"))
			}
			for range 200 {
				_ = a.login().send(query("select 1"))
			}
		},
		locked: true, ending: true,
	},
}

// expensive are pieces of texts that a reader of SQL may look at again and again. One is not here
// that a server itself looks at for half a second: comments that are opened and not closed.
var expensive = []string{
	"set_config(", "set_config('a','b',", "'", "''", "\"", "*/", "/*x*/", "--", "--\n", "$a$", "$", "$1", "$$", "(", ")", "((,", ";", "set a=b;", "set ", "reset ", "U&'", "e'\\", "E'\\'", "\\",
	"begin;", "listen a;", "select pg_advisory_lock(", "temp ", "create temp table ", "with hold ", "declare c cursor with hold for ", "discard all;", "savepoint a;", "\n", "\x01", "\xff", "ä", "a.b.c.",
	"prepare a as ", "do $x$", "true)", "set_config(set_config(a,b,", ",true)",
}

// push writes as long as the daemon takes it, in the background, n times; it waits until no
// more is taken for a while, or all is.
func (a *arena) push(p *peer, s string, n int) {
	done := make(chan struct{})
	var taken progress
	a.background(func(<-chan struct{}) {
		defer close(done)
		for range n {
			for rest := s; rest != ""; {
				k := min(len(rest), 64<<10)
				if p.send(rest[:k]) != nil {
					return
				}
				taken.add()
				rest = rest[k:]
			}
		}
	})
	taken.still(done, 700*time.Millisecond)
}

// flood sends words, then others n times, and reads nothing.
func flood(first, again string, n int) func(*arena) {
	return func(a *arena) {
		p := a.login()
		_ = p.send(first)
		if again == "" {
			return
		}
		k := max(1, min(n, (1<<20)/len(again)))
		a.push(p, strings.Repeat(again, k), n/k)
	}
}

// behindASlowOne parses a text and binds it 20,000 times while the server is busy.
func behindASlowOne(sql string) func(*arena) {
	return func(a *arena) {
		p := a.login()
		a.swallow(p)
		_ = p.send(parse("", "select pg_sleep(1.5)"), bind("", ""), execute("", 0), parse("", sql))
		a.push(p, strings.Repeat(bind("", "")+execute("", 0), 20000), 1)
	}
}

// afterAMistake sends 100 MB that the server skips.
func afterAMistake(again string) func(*arena) {
	return func(a *arena) {
		p := a.login()
		_ = p.send(parse("", "selekt"))
		megabytes := 100
		if raced {
			megabytes = 20
		}
		a.push(p, strings.Repeat(again, (1<<20)/len(again)), megabytes)
	}
}
