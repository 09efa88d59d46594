package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// saying is one or more messages that a client sends as they are here.
type saying []pgproto3.FrontendMessage

// sayings are what random clients say. COPY data follows its COPY at once: what
// else a client sends in the middle of a COPY ends its connection.
func sayings() []saying {
	one := func(m pgproto3.FrontendMessage) saying { return saying{m} }
	var all []saying
	for _, sql := range []string{
		"select 1", "begin", "begin", "commit", "rollback", "select 1/0", "savepoint s", "rollback to s", "insert into x values (1)",
		"insert into x values (2); select 1/0", "select count(*) from x", "set timezone to 'Asia/Tokyo'", "set timezone to 'Europe/Rome'",
		"show timezone", "reset timezone", "set local timezone to 'UTC'", "set application_name to 'it''s \\ me'", "show application_name",
		"reset all", "begin; set timezone to 'Asia/Tokyo'", "set datestyle to 'german'; select '2001-02-03'::date", "", ";", "selec",
		"copy (select 1) to stdout", "begin; select 1/0", "commit and chain", "set timezone to default; show timezone",
		"select length('" + strings.Repeat("y", 40000) + "')", "select repeat('x', 40000)",
		"/* /* ' */ ; */ select 'set work_mem to ''1MB'''",
	} {
		all = append(all, one(q(sql)))
	}
	for _, sql := range []string{"select 1", "select $1::int", "select 1/0", "selec", "", "show timezone", "begin", "commit", "rollback",
		"insert into x values ($1::int)", "select generate_series(1, 3)", "set timezone to 'Asia/Tokyo'",
		"select length('" + strings.Repeat("y", 40000) + "')", "select $1 || '" + strings.Repeat("z", 10000) + "'"} {
		all = append(all, one(parse(sql)), saying{parse(sql), bind(), execute(0)}, saying{parse(sql), bind("7"), execute(0), sync},
			saying{parse(sql), describe, sync}, saying{parse(sql), describe, flush})
	}
	for range 4 {
		all = append(all, one(bind()), one(bind("7")), one(bind("nonsense")), one(execute(0)), one(execute(2)), one(describe), one(sync), one(flush))
	}
	all = append(all,
		one(&pgproto3.Bind{DestinationPortal: "p"}), one(&pgproto3.Execute{Portal: "p", MaxRows: 1}), one(&pgproto3.Execute{Portal: "p"}),
		one(&pgproto3.Describe{ObjectType: 'P'}), one(&pgproto3.Describe{ObjectType: 'P', Name: "p"}),
		one(&pgproto3.Close{ObjectType: 'P', Name: "p"}), one(&pgproto3.Close{ObjectType: 'P'}), one(&pgproto3.Close{ObjectType: 'S'}),
		one(&pgproto3.FunctionCall{Function: 1397, Arguments: [][]byte{[]byte("-7")}, ResultFormatCode: 0}), one(&pgproto3.FunctionCall{Function: 1}),
		one(data("1\n")), one(copyDone), one(copyFail),
		saying{q("copy x from stdin"), data("5\n6\n"), copyDone}, saying{q("copy x from stdin"), data("nonsense\n"), copyDone},
		saying{q("copy x from stdin"), data("8\n"), copyFail}, saying{q("copy nobody from stdin"), data("8\n"), copyDone},
		saying{parse("copy x from stdin"), bind(), execute(0), data("9\n"), copyDone, sync},
		saying{parse("copy x from stdin"), bind(), execute(0), data("nonsense\n"), copyDone, sync},
		saying{parse("copy x from stdin"), bind(), execute(0), data("9\n"), copyDone},
		saying{parse("copy x from stdin"), bind(), execute(0), sync, sync, copyDone, sync}, saying{q("copy x from stdin"), sync, flush, data("10\n"), sync, copyDone},
		saying{parse("copy x from stdin"), bind(), execute(0), sync, flush, sync, data("11\n"), sync, copyDone},
		saying{parse("copy x from stdin"), bind(), execute(0), data("nonsense\n"), sync, data("12\n"), sync, copyDone},
		saying{parse("copy x from stdin"), bind(), execute(0), sync, data("nonsense"), sync, copyFail, sync},
		saying{q("copy x from stdin"), data("nonsense\n"), sync, sync, copyDone}, saying{q("copy x from stdin; copy x from stdin"), copyDone, sync, copyDone},
		saying{parse("copy nobody from stdin"), bind(), execute(0), sync, sync, data("9\n"), sync, copyDone},
	)
	return all
}

// ending makes sure that all that was said before is answered, whatever it was:
// these empty queries work in every state, and what follows them fails in a failed transaction only.
func ending() saying {
	return saying{copyFail, sync, q(";"), q(";"), q(";"), q("select 'that_is_all'")}
}

// TestRandomConversationsAreThoseOfPostgreSQLItself compares what random clients
// are answered with PostgreSQL's own answers, while another client takes now
// this backend, now that, and leaves its own settings and statement there.
func TestRandomConversationsAreThoseOfPostgreSQLItself(t *testing.T) {
	server, database := testkit.Shared(t)
	worlds := map[config.Mode]world{}
	for _, mode := range []config.Mode{config.Transaction, config.Session} {
		worlds[mode] = start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Mode, p.Size = mode, 2 })
	}
	all := sayings()
	rapid.Check(t, func(rt *rapid.T) {
		rounds := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(all), 1, 6), 1, 5).Draw(rt, "rounds")
		busy := rapid.SliceOfN(rapid.Bool(), len(rounds), len(rounds)).Draw(rt, "busy")
		pieces := rapid.SliceOfN(rapid.Bool(), len(rounds), len(rounds)).Draw(rt, "pieces")
		mode := rapid.SampledFrom([]config.Mode{config.Transaction, config.Session}).Draw(rt, "mode")
		const table = "drop table if exists x; create table x (a int)"

		if err := server.Exec(t.Context(), database, table); err != nil {
			rt.Fatal(err)
		}
		var want []string
		r := direct(drawn{t, rt}, server, database, "application_name", "it")
		for _, round := range rounds {
			want = append(want, r.round(round, false))
		}
		reported := r.parameters
		_ = r.conn.Close()

		w := worlds[mode]
		w.until(t, "the last client is gone", fmt.Sprintf("select count(*) from pg_stat_activity where pid = %d", r.pid), "0")
		if err := server.Exec(t.Context(), database, table); err != nil {
			rt.Fatal(err)
		}
		other := w.login(drawn{t, rt}, "TimeZone", "Africa/Cairo")
		r = w.login(drawn{t, rt}, "application_name", "it")
		for i, round := range rounds {
			if busy[i] {
				other.send(q("begin"), parse("select 'not yours'"), q("set application_name to 'other'"), parse("select 'not yours'"), sync)
			} else {
				other.send(q("rollback"), q("set datestyle to 'sql'"), parse("select 'not yours'"), sync)
			}
			readies := 3
			if got := other.hear(readies); strings.Contains(got, "E:") {
				rt.Fatalf("the other client: %s", got)
			}
			if got := r.round(round, pieces[i]); got != want[i] {
				rt.Errorf("%s mode, round %d:\n   the gateway: %.2000s\nPostgreSQL has: %.2000s", mode, i+1, got, want[i])
				break
			}
		}
		for name, value := range reported {
			if got := r.parameters[name]; got != value {
				rt.Errorf("%s is reported as %q, which should be %q", name, got, value)
			}
		}
		_, _ = r.conn.Close(), other.conn.Close()
		w.quiet(drawn{t, rt})
	})
}

// drawn is the test as those see it who fail it: what was drawn is shown then.
type drawn struct {
	testing.TB
	rt *rapid.T
}

func (d drawn) Fatal(args ...any)                 { d.rt.Fatal(args...) }
func (d drawn) Fatalf(format string, args ...any) { d.rt.Fatalf(format, args...) }
func (d drawn) Errorf(format string, args ...any) { d.rt.Errorf(format, args...) }

// round says all, at once or in pieces, and hears the answers up to those of the ending.
func (r *raw) round(sayings []saying, pieces bool) string {
	r.Helper()
	for _, s := range append(sayings[:len(sayings):len(sayings)], ending()) {
		for _, m := range s {
			r.frontend.Send(m)
			if !pieces {
				continue
			}
			if err := r.frontend.Flush(); err != nil {
				r.Fatal(err)
			}
		}
	}
	if err := r.frontend.Flush(); err != nil {
		r.Fatal(err)
	}
	empties, all := 0, false
	return r.hearUntil(func(word string) bool {
		ready := strings.HasPrefix(word, "Z:")
		switch {
		case word == "EmptyQueryResponse":
			empties++
		case word == "D:that_is_all", word == "E:25P02" && empties >= 2:
			all = true
		case !ready:
			empties = 0
		}
		return all && ready
	})
}

// GoString is how rapid shows it.
func (s saying) GoString() string {
	var words []string
	for _, m := range s {
		words = append(words, fmt.Sprintf("%.80s", strings.TrimPrefix(fmt.Sprintf("%+v", m), "&")))
	}
	return strings.Join(words, "; ")
}
