package unoactor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// heldCommit has the server commit a row into t while nothing comes through the
// proxy: a deferred trigger waits for a lock until it doesn't. Then, with the row
// there for all to see, before is called. It returns what db.Tx did.
func heldCommit(ctx context.Context, t *testing.T, db, direct *unoactor.DB, proxy *testkit.Proxy, before func()) error {
	t.Helper()
	for _, sql := range []string{
		"create table t (n int)",
		`create function wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(7); return null; end $$`,
		"create constraint trigger wait after insert on t deferrable initially deferred for each row execute function wait()",
	} {
		mustExec(t, direct, sql)
	}
	lock, err := direct.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), "select pg_advisory_xact_lock(7)"); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() {
		result <- db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "insert into t values (1)")
			return err
		})
	}()
	reach(t, direct, "select count(*) from pg_locks where locktype = 'advisory' and objid = 7 and not granted", 1)
	proxy.BlackHole()
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	reach(t, direct, "select count(*) from t", 1)
	before()
	return <-result
}

// reach waits until the server counts so many.
func reach(t *testing.T, db *unoactor.DB, sql string, want int) {
	t.Helper()
	for n := -1; n != want; {
		if err := db.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheEndOfAContextDoesNotHideWhatBecameOfACommit(t *testing.T) {
	for name, change := range map[string]func(*config.Node, *config.Pool){
		"with retries":    retrying("connection", "operational", "serialization"),
		"without retries": func(*config.Node, *config.Pool) {},
	} {
		behindProxy := func(t *testing.T) (db, direct *unoactor.DB, proxy *testkit.Proxy) {
			server, database := testkit.Shared(t)
			proxy = testkit.NewProxy(t, server.Addr())
			db = openWith(t, server, database, func(n *config.Node, p *config.Pool) {
				n.Port = uint16(proxy.Port())
				change(n, p)
			})
			return db, openWith(t, server, database, func(*config.Node, *config.Pool) {}), proxy
		}
		t.Run("answered after all, "+name, func(t *testing.T) {
			db, direct, proxy := behindProxy(t)
			ctx, cancel := context.WithCancel(t.Context())
			if err := heldCommit(ctx, t, db, direct, proxy, func() {
				cancel()
				if err := proxy.Pass(); err != nil {
					t.Error(err)
				}
			}); err != nil {
				t.Errorf("it was committed, and yet: %v", err)
			}
		})
		t.Run("never answered, "+name, func(t *testing.T) {
			db, direct, proxy := behindProxy(t)
			ctx, cancel := context.WithCancel(t.Context())
			err := heldCommit(ctx, t, db, direct, proxy, func() {
				cancel()
				proxy.Reset()
				if err := proxy.Pass(); err != nil { // for the cancel request
					t.Error(err)
				}
			})
			var ambiguous *unoactor.AmbiguousCommitError
			if !errors.As(err, &ambiguous) || !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestATransactionThatTheClosureEndedItselfIsNotRunAgain(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, retrying("connection", "serialization"))
	mustExec(t, db, "create table t (n int)")
	kill := func(tx pgx.Tx) error {
		_, err := server.TerminateBackends(t.Context(), fmt.Sprintf("pid = %d", tx.Conn().PgConn().PID()))
		if err == nil {
			_, err = tx.Conn().Exec(t.Context(), "select 1")
		}
		return err
	}
	serialize := func(tx pgx.Tx) error {
		_, err := tx.Conn().Exec(t.Context(), "do $$ begin raise 'on purpose' using errcode = '40001'; end $$")
		return err
	}
	byMethod := func(tx pgx.Tx) error { return tx.Commit(t.Context()) }
	bySQL := func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), "commit"); return err }
	swallowed := func(f func(pgx.Tx) error) func(pgx.Tx) error {
		return func(tx pgx.Tx) error { _ = f(tx); return nil }
	}
	for name, c := range map[string]struct{ end, then func(pgx.Tx) error }{
		"and a connection that is lost":               {byMethod, kill},
		"and a statement that fails":                  {byMethod, serialize},
		"by SQL, and a connection that is lost":       {bySQL, kill},
		"by SQL, and a statement that fails":          {bySQL, serialize},
		"and a connection that is lost unsaid":        {byMethod, swallowed(kill)},
		"by SQL, and one that is lost without a word": {bySQL, swallowed(kill)},
	} {
		t.Run(name, func(t *testing.T) {
			mustExec(t, db, "truncate t")
			runs := 0
			err := db.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
				runs++
				if _, err := tx.Exec(t.Context(), "insert into t values (1)"); err != nil {
					return err
				}
				if err := c.end(tx); err != nil {
					return err
				}
				return c.then(tx)
			})
			var rows int
			if err2 := db.QueryRow(t.Context(), "select count(*) from t").Scan(&rows); runs != 1 || rows != 1 || err == nil || err2 != nil {
				t.Errorf("%d runs, %d rows, %v, %v", runs, rows, err, err2)
			}
		})
	}
}

func TestASecondCommitSaysThatTheTransactionIsOverWhateverBecameOfItsConnection(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, func(*config.Node, *config.Pool) {})
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Pool().ClearIdle(t.Context()); n == 0 || err != nil {
		t.Fatalf("%d closed, %v", n, err)
	}
	if err := tx.Commit(t.Context()); !errors.Is(err, pgx.ErrTxClosed) {
		t.Errorf("%v", err)
	}
}

func TestCommitOnALeasedConnectionTellsWhatNobodyKnowsFromWhatTheServerRefused(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, func(*config.Node, *config.Pool) {})
	for name, kill := range map[string]string{"refused": "raise 'on purpose'", "unanswered": "perform pg_terminate_backend(pg_backend_pid())"} {
		t.Run(name, func(t *testing.T) {
			mustExec(t, db, "create table "+name+" (n int); create function "+name+"() returns trigger language plpgsql as $$ begin "+kill+"; return null; end $$; "+
				"create constraint trigger t after insert on "+name+" deferrable initially deferred for each row execute function "+name+"()")
			l, err := db.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer l.Release()
			tx, err := l.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), "insert into "+name+" values (1)"); err != nil {
				t.Fatal(err)
			}
			err = unoactor.Commit(t.Context(), tx)
			var ambiguous *unoactor.AmbiguousCommitError
			if unanswered := name == "unanswered"; err == nil || errors.As(err, &ambiguous) != unanswered {
				t.Errorf("%v", err)
			}
		})
	}
}
