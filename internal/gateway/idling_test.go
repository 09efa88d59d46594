package gateway_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// drips sends a byte now and then, until the test or the connection ends.
func drips(r *raw) {
	go func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for range ticker.C {
			if _, err := r.conn.Write([]byte{'x'}); err != nil {
				return
			}
		}
	}()
}

var longQuery = []byte{'Q', 0, 0x10, 0, 0}

func TestWhoSaysNothingCompleteWhileABackendWaitsIsEnded(t *testing.T) {
	copying := func(r *raw) {
		r.send(q("create temp table x (a text)"), q("copy x from stdin"))
		r.hearUntil(is("CopyInResponse"))
	}
	for name, does := range map[string]func(*raw){
		"in a transaction, byte by byte": func(r *raw) { r.query("begin"); r.write(longQuery); drips(r) },
		"in a transaction, a part of a long message": func(r *raw) {
			r.query("begin")
			r.write(append(longQuery, strings.Repeat("x", 20000)...))
		},
		"in a transaction, a part of a long message and then byte by byte": func(r *raw) {
			r.query("begin")
			r.write(append(longQuery, strings.Repeat("x", 20000)...))
			drips(r)
		},
		"in a part of a long message":        func(r *raw) { r.write(append(longQuery, strings.Repeat("x", 20000)...)) },
		"in a batch, with a Flush":           func(r *raw) { r.send(parse("select 1"), flush); r.hearUntil(is("ParseComplete")) },
		"in a batch, without":                func(r *raw) { r.send(parse("select 1"), bind()) },
		"in a batch, byte by byte":           func(r *raw) { r.send(parse("select 1"), bind()); r.write(longQuery); drips(r) },
		"in a batch that failed":             func(r *raw) { r.send(parse("selec"), flush); r.hearUntil(is("E:42601")) },
		"in a part of a Parse":               func(r *raw) { r.write(append([]byte{'P', 0, 0x10, 0, 0, 0}, strings.Repeat("x", 20000)...)) },
		"in a COPY":                          copying,
		"in a COPY, after some of it":        func(r *raw) { copying(r); r.send(data("1\n")) },
		"in a COPY, in the middle of a line": func(r *raw) { copying(r); r.write([]byte{'d', 0, 0, 0x10, 0, 'x'}) },
		"in a COPY, byte by byte":            func(r *raw) { copying(r); r.write([]byte{'d', 0, 0x10, 0, 0}); drips(r) },
		"in a COPY, in a part of a long message": func(r *raw) {
			copying(r)
			r.write(append([]byte{'d', 0, 0x10, 0, 0}, strings.Repeat("x", 20000)...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, database := testkit.Shared(t)
			w := start(t, server, database, func(p *config.Pool, g *config.Gateway) {
				p.Size, g.IdleInTransaction = 1, 400*time.Millisecond
			})
			r := w.login(t)
			does(r)
			if got := r.hearUntil(func(string) bool { return false }); !strings.HasSuffix(got, "FATAL:25P03 EOF") {
				t.Error(got)
			}
			w.quiet(t)
		})
	}
}

func TestBytesThatCompleteNothingAreNoSignOfLife(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) { g.IdleTimeout = 400 * time.Millisecond })
	for name, does := range map[string]func(*raw){
		"byte by byte":                   func(r *raw) { r.write(longQuery); drips(r) },
		"a part of a long message":       func(r *raw) { r.write(append(longQuery, strings.Repeat("x", 20000)...)) },
		"a batch without an end":         func(r *raw) { r.send(parse("select 1"), flush); r.hearUntil(is("ParseComplete")) },
		"byte by byte, after an answer":  func(r *raw) { r.query("select 1"); r.write(longQuery); drips(r) },
		"byte by byte, while it listens": func(r *raw) { r.query("listen news"); r.write(longQuery); drips(r) },
	} {
		r := w.login(t)
		does(r)
		if got := r.hearUntil(func(string) bool { return false }); !strings.HasSuffix(got, "FATAL:57P05 EOF") {
			t.Errorf("%s: %s", name, got)
		}
	}
	w.quiet(t)
}

func TestWhoGoesOnToSpeakIsNotIdle(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
		g.IdleInTransaction, g.IdleTimeout, g.WriteTimeout = 3*time.Second, 3*time.Second, 3*time.Second
	})
	r := w.login(t)
	r.query("create temp table x (a text)")
	r.send(q("copy x from stdin"))
	r.hearUntil(is("CopyInResponse"))
	for range 10 {
		r.send(data("1\n"))
		<-time.After(400 * time.Millisecond)
	}
	r.send(&pgproto3.CopyDone{}, q("begin"))
	if got := r.hear(2); got != "C:COPY_10 Z:I C:BEGIN Z:T" {
		t.Error(got)
	}
	// The server takes longer than a client may, of which a pause before is no part.
	r.send(q("select pg_sleep(4)"))
	if got := r.hear(1); !strings.HasSuffix(got, "Z:T") {
		t.Error(got)
	}
	r.expect("select 1", "1")
}

func TestWhoTakesNothingOfWhatItIsSentIsEnded(t *testing.T) {
	for name, does := range map[string]func(*raw){
		"a result": func(r *raw) { r.send(q("select repeat('x', 1000) from generate_series(1, 1000000)")) },
		"a batch": func(r *raw) {
			r.send(parse("select repeat('x', 1000) from generate_series(1, 1000000)"), bind(), execute(0), flush)
		},
		"a COPY":                func(r *raw) { r.send(q("copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout")) },
		"answers to many Syncs": func(r *raw) { r.write(slices.Repeat([]byte{'S', 0, 0, 0, 4}, 100000)) },
	} {
		t.Run(name, func(t *testing.T) {
			server, database := testkit.Shared(t)
			w := start(t, server, database, func(p *config.Pool, g *config.Gateway) { p.Size, g.WriteTimeout = 1, 400*time.Millisecond })
			r := w.login(t)
			if name == "answers to many Syncs" {
				go func() {
					for {
						if _, err := r.conn.Write(slices.Repeat([]byte{'S', 0, 0, 0, 4}, 10000)); err != nil {
							return
						}
					}
				}()
			} else {
				does(r)
			}
			w.quiet(t)
			w.login(t).expect("select 1", "1")
		})
	}
}

func TestWhatAServerIsSlowToTakeIsNoSilenceOfTheClient(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
		g.IdleInTransaction, g.IdleTimeout = 3*time.Second, 3*time.Second // of which filling the sockets' buffers takes a part
	})
	r := w.login(t)
	for _, sql := range []string{
		"create temp table x (a text)",
		"create function pg_temp.slow() returns trigger language plpgsql as 'begin perform pg_sleep(4); return new; end'",
		"create trigger t before insert on x for each row when (new.a = 'slow') execute function pg_temp.slow()",
	} {
		if got := r.query(sql); !strings.HasSuffix(got, "Z:I") || strings.Contains(got, "E:") {
			t.Fatal(got)
		}
	}
	r.send(q("copy x from stdin"))
	r.hearUntil(is("CopyInResponse"))
	many := data(strings.Repeat(strings.Repeat("x", 99999)+"\n", 320)) // more than the sockets' buffers hold
	r.send(data("slow\n"), many)
	r.send(&pgproto3.CopyDone{})
	if got := r.hear(1); got != "C:COPY_321 Z:I" {
		t.Error(got)
	}
}
