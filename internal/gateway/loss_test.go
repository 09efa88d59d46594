package gateway_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestConformance21AClientThatDiesLeavesNothingBehind(t *testing.T) {
	half, _ := q("insert into x select 7 -- " + strings.Repeat("x", 100000)).Encode(nil)
	for name, does := range map[string]func(*raw){
		"in a query":              func(r *raw) { r.send(q("select pg_sleep(600)")) },
		"in two queries":          func(r *raw) { r.send(q("select pg_sleep(600)"), q("select pg_sleep(600)")) },
		"in a batch":              func(r *raw) { r.send(parse("select pg_sleep(600)"), bind(), execute(0), flush) },
		"in a transaction":        func(r *raw) { r.query("begin; lock table x; select pg_advisory_xact_lock(1)") },
		"in a failed transaction": func(r *raw) { r.query("begin; lock table x"); r.query("select 1/0") },
		"in a query of one":       func(r *raw) { r.query("begin; lock table x"); r.send(q("select pg_sleep(600)")) },
		"in COPY IN":              func(r *raw) { r.send(q("copy x from stdin"), data("1\n")) },
		"in COPY IN, extended":    func(r *raw) { r.send(parse("copy x from stdin"), bind(), execute(0), sync, data("1\n")) },
		"in COPY OUT":             func(r *raw) { r.send(q("copy (select generate_series(1, 100000000)) to stdout")) },
		"in a great result":       func(r *raw) { r.send(q("select repeat('x', 1000) from generate_series(1, 10000000)")) },
		"in a message":            func(r *raw) { r.write(half[:50000]) },
		"in a message of COPY": func(r *raw) {
			r.send(q("copy x from stdin"))
			r.hearUntil(is("CopyInResponse"))
			r.write([]byte{'d', 0, 1, 0, 0, '7'})
		},
		"with an advisory lock":    func(r *raw) { r.query("select pg_advisory_lock(1)") },
		"while it waits for locks": func(r *raw) { r.query("begin; lock table x"); r.send(q("select pg_advisory_xact_lock(99)")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, database := testkit.Shared(t)
			w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Size = 2 })
			if err := server.Exec(t.Context(), database, "create table x (a int primary key)"); err != nil {
				t.Fatal(err)
			}
			blocker, err := pgx.Connect(t.Context(), server.URL(database))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := blocker.Exec(t.Context(), "select pg_advisory_lock(99)"); err != nil {
				t.Fatal(err)
			}
			r := w.login(t)
			does(r)
			w.until(t, "its backend is leased", "select count(*) > 0 from pg_stat_activity where datname = '"+database+"' and backend_type = 'client backend'", "true")
			_ = r.conn.Close()
			began := time.Now()
			other := w.login(t)
			other.expect("insert into x values (7) returning a", "7") // no lock
			_ = other.conn.Close()
			if err := blocker.Close(t.Context()); err != nil {
				t.Error(err)
			}
			w.quiet(t)
			if d := time.Since(began); d > 8*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

func is(want string) func(string) bool { return func(word string) bool { return word == want } }

func TestConformance27AClientInATransactionHearsOfALostServerAndGoesOn(t *testing.T) {
	server := testkit.Postgres(t)
	w := start(t, server, "postgres", nil)
	idle, inside, kept := w.login(t), w.login(t), w.login(t)
	idle.query("select 1")
	inside.query("begin")
	kept.query("listen news")
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if got := inside.query("select 1"); got != "E:08006 Z:I" && got != "E:57P01 Z:I" && got != "T E:57P01 Z:I" {
		t.Errorf("in a transaction: %s", got)
	}
	if got := kept.hear(1); !strings.HasPrefix(got, "FATAL:") {
		t.Errorf("with a backend of its own: %s", got)
	}
	// A batch that finds no server fails as a whole, up to its Sync.
	inside.send(parse("select 1"), bind(), execute(0), flush)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	inside.send(sync)
	if got := inside.hear(1); !strings.HasSuffix(got, "Z:I") {
		t.Errorf("a batch: %s", got)
	}
	for _, r := range []*raw{idle, inside} {
		for {
			got := r.query("select 'served'")
			if strings.Contains(got, "D:served") {
				break
			}
			if !strings.HasPrefix(got, "E:57P03") || ctx.Err() != nil {
				t.Fatal(got)
			}
		}
	}
}

func TestABackendThatIsTerminatedEndsOnlyTheTransactionInIt(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	r := w.login(t)
	r.query("begin")
	terminate := func(what string) {
		where := "datname = '" + database + "' and " + what
		w.until(t, "it is there", "select count(*) from pg_stat_activity where "+where, "1")
		if _, err := server.TerminateBackends(t.Context(), where); err != nil {
			t.Fatal(err)
		}
	}
	terminate("state = 'idle in transaction'")
	if got := r.query("insert into x values (1)"); got != "E:57P01 Z:I" && got != "E:08006 Z:I" {
		t.Error(got)
	}
	r.send(q("select pg_sleep(60)"), q("select 'second'"))
	terminate("state = 'active' and query like 'select pg_sleep%'") // not one that is being connected
	if got := r.hear(2); got != "E:57P01 Z:I E:08006 Z:I" && got != "T E:57P01 Z:I E:08006 Z:I" {
		t.Error(got)
	}
	r.expect("select 'served'", "served")
}

func TestConformance24And26ACancelHitsOnlyTheStatementThatItIsMeantFor(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Size = 1 })
	target, other := w.login(t), w.login(t)
	ctx, stop := context.WithCancel(t.Context())
	hit := make(chan string, 1)
	go func() {
		for ctx.Err() == nil {
			other.frontend.SendQuery(&pgproto3.Query{String: "select pg_sleep(0.001)"})
			if err := other.frontend.Flush(); err != nil {
				hit <- err.Error()
				return
			}
			for done := false; !done; {
				m, err := other.frontend.Receive()
				if err != nil {
					hit <- err.Error()
					return
				}
				if e, ok := m.(*pgproto3.ErrorResponse); ok {
					hit <- e.Message
					return
				}
				_, done = m.(*pgproto3.ReadyForQuery)
			}
		}
		hit <- ""
	}()
	cancelled := 0
	for i := range 100 {
		if i%10 > 0 {
			target.send(q("select pg_sleep(0.002)")) // it may be over before it is cancelled
		} else {
			target.send(q("select pg_sleep(60)"))
			w.until(t, "it runs", "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active' and datname = '"+database+"'", "1")
		}
		w.cancel(t, target.pid, []byte("none"))
		w.cancel(t, target.pid, target.secret)
		switch got := target.hear(1); got {
		case "E:57014 Z:I", "T E:57014 Z:I":
			cancelled++
		case "T D: C:SELECT_1 Z:I":
		default:
			t.Fatal(got)
		}
	}
	stop()
	if got := <-hit; got != "" {
		t.Errorf("another client was hit: %s", got)
	}
	if cancelled < 10 {
		t.Errorf("%d of 100 were cancelled", cancelled)
	}
}

func TestConformance25And28WhoWaitsForABackendIsCancelledAtOnceOrHearsOfTheLimit(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, g *config.Gateway) { p.Size, g.QueryWait = 1, 2*time.Second })
	holder, waiter := w.login(t), w.login(t)
	holder.query("begin")
	began := time.Now()
	waiter.send(q("select 1"))
	for w.tree.Snapshot().Pools[0].Stats.Waiting == 0 {
		<-time.After(time.Millisecond)
	}
	w.cancel(t, waiter.pid, waiter.secret)
	if got := waiter.hear(1); got != "E:57014 Z:I" || time.Since(began) > time.Second {
		t.Errorf("%s after %v", got, time.Since(began))
	}
	if got := waiter.query("select 1"); got != "E:57014 Z:I" {
		t.Error(got)
	}
	waiter.send(parse("select 1"), bind(), execute(0), sync, q("select 2"))
	if got := waiter.hear(2); !strings.HasPrefix(got, "E:57014 Z:I E:57014 Z:I") {
		t.Error(got)
	}
	holder.query("commit")
	waiter.expect("select 'served'", "served")
}

func TestShutdownEndsTheIdleAndLetsTransactionsFinishForAWhile(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	idle, finishes, stays, knocks := w.login(t), w.login(t), w.login(t), w.dial(t)
	finishes.query("begin")
	stays.query("begin")
	down := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	go func() { down <- w.gateway.Shutdown(ctx) }()
	if got := idle.hear(1); got != "FATAL:57P01 EOF" {
		t.Errorf("idle: %s", got)
	}
	if got := knocks.hear(1); got != "FATAL:57P03 EOF" && got != "EOF" {
		t.Errorf("at the door: %s", got)
	}
	finishes.expect("select 1", "1")
	if got := finishes.query("commit"); got != "C:COMMIT Z:I" {
		t.Error(got)
	}
	if got := finishes.hear(1); got != "FATAL:57P01 EOF" {
		t.Errorf("finished: %s", got)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
	if got := stays.hear(1); got != "EOF" {
		t.Errorf("out of time: %s", got)
	}
	w.quiet(t)
}

func TestAStatementThatRanForLongIsNotSentAgainWhenItsBackendIsTerminated(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, nil)
	r := w.login(t)
	r.send(q("select count(*) from generate_series(1, 1000000000) as runs_for_long"))
	w.until(t, "it has run for long", "select count(*) from pg_stat_activity where query like '%runs_for_long' and now() - query_start > '3 s' and pid <> pg_backend_pid()", "1")
	if _, err := server.TerminateBackends(t.Context(), "datname = '"+database+"' and query like '%runs_for_long'"); err != nil {
		t.Fatal(err)
	}
	if got := r.hear(1); got != "T E:57P01 Z:I" {
		t.Error(got)
	}
	r.expect("select 1", "1")
}
