package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func copyInto(table string) []pgproto3.FrontendMessage {
	return []pgproto3.FrontendMessage{parse("copy " + table + " from stdin"), bind(), execute(0)}
}

// copies are what clients send around a COPY, besides what is usual. Each is
// followed by a CopyFail, a Sync and empty queries.
func copies() map[string][]pgproto3.FrontendMessage {
	all := map[string][]pgproto3.FrontendMessage{}
	add := func(name string, start []pgproto3.FrontendMessage, rest ...pgproto3.FrontendMessage) {
		all[name] = append(start[:len(start):len(start)], rest...)
	}
	for what, start := range map[string][]pgproto3.FrontendMessage{
		"extended": copyInto("x"), "simple": {q("copy x from stdin")}, "extended, no table": copyInto("nobody"), "simple, no table": {q("copy nobody from stdin")},
		"behind another statement": append([]pgproto3.FrontendMessage{parse("insert into x values (70)"), bind(), execute(0)}, copyInto("x")...),
		"in a failed transaction":  append([]pgproto3.FrontendMessage{q("begin; select 1/0")}, copyInto("x")...),
		"in a transaction":         append([]pgproto3.FrontendMessage{q("begin")}, copyInto("x")...),
		"twice in a query":         {q("copy x from stdin; copy x from stdin")},
	} {
		for _, n := range []int{0, 1, 3} {
			var syncs []pgproto3.FrontendMessage
			for range n {
				syncs = append(syncs, sync)
			}
			with := func(m ...pgproto3.FrontendMessage) []pgproto3.FrontendMessage {
				return append(append(start[:len(start):len(start)], syncs...), m...)
			}
			add(fmt.Sprintf("%s, %d Syncs, done, Sync", what, n), with(copyDone, sync))
			add(fmt.Sprintf("%s, %d Syncs, done", what, n), with(copyDone))
			add(fmt.Sprintf("%s, %d Syncs, fail, Sync", what, n), with(copyFail, sync))
			add(fmt.Sprintf("%s, %d Syncs, data, done, Sync, select", what, n), with(data("1\n"), copyDone, sync, q("select count(*) from x")))
			add(fmt.Sprintf("%s, data, %d Syncs, done, Sync", what, n), start, append(append([]pgproto3.FrontendMessage{data("1\n")}, syncs...), copyDone, sync)...)
			add(fmt.Sprintf("%s, nonsense, %d Syncs, done, Sync, Sync", what, n), start, append(append([]pgproto3.FrontendMessage{data("nonsense\n")}, syncs...), copyDone, sync, sync)...)
			add(fmt.Sprintf("%s, nonsense without end, %d Syncs, done, Sync", what, n), start, append(append([]pgproto3.FrontendMessage{data("nonsense")}, syncs...), copyDone, sync)...)
			add(fmt.Sprintf("%s, Sync, nonsense, %d Syncs, select", what, n), start, append(append([]pgproto3.FrontendMessage{sync, data("1\nnonsense\n")}, syncs...), copyDone, flush, q("select 5"))...)
			add(fmt.Sprintf("%s, Flush, nonsense, %d Syncs, statement", what, n), start, append(append([]pgproto3.FrontendMessage{flush, data("nonsense\n")}, syncs...), copyDone, parse("select 5"), bind(), execute(0), sync)...)
			add(fmt.Sprintf("%s, %d Syncs, done, COPY again, done, Sync", what, n), with(append(append([]pgproto3.FrontendMessage{copyDone}, start...), data("2\n"), copyDone, sync)...))
		}
	}
	all["no COPY at all"] = []pgproto3.FrontendMessage{parse("select 1"), bind(), execute(0), data("1\n"), copyDone, sync, q("select 2"), data("1\n"), copyFail, copyDone}
	return all
}

// TestAroundACopyTheAnswersAreThoseOfPostgreSQLItself sends each conversation in one write, and in
// pieces, each when the one before has certainly been read.
func TestAroundACopyTheAnswersAreThoseOfPostgreSQLItself(t *testing.T) {
	server, database := testkit.Shared(t)
	w := map[config.Mode]world{}
	for _, mode := range []config.Mode{config.Transaction, config.Session} {
		w[mode] = start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Mode, p.Size = mode, 2 })
	}
	empty := func() {
		if err := server.Exec(t.Context(), database, "truncate x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.Exec(t.Context(), database, "create table x (a int)"); err != nil {
		t.Fatal(err)
	}
	for name, says := range copies() {
		empty()
		pg := direct(t, server, database)
		want := pg.round([]saying{says}, false)
		_ = pg.conn.Close()
		if strings.HasSuffix(want, "EOF") {
			continue // another request in the middle of a COPY
		}
		for mode, w := range w {
			for _, pieces := range []bool{false, true} {
				empty()
				r, other := w.login(t), w.login(t)
				for _, m := range says {
					r.frontend.Send(m)
					if !pieces {
						continue
					}
					if err := r.frontend.Flush(); err != nil {
						t.Fatal(err)
					}
					other.query("select 1") // the gateway was busy meanwhile
				}
				if got := r.round(nil, false); got != want {
					t.Errorf("%s mode, pieces: %v, %s:\n   the gateway: %s\nPostgreSQL has: %s", mode, pieces, name, got, want)
				}
				if got := r.query("rollback; select 'after'"); !strings.Contains(got, "D:after") {
					t.Errorf("%s mode, %s, afterwards: %s", mode, name, got)
				}
				_, _ = r.conn.Close(), other.conn.Close()
				w.quiet(t)
			}
		}
	}
}
