package unoactor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// openWith starts a system on the server with changed settings of its pool.
func openWith(t *testing.T, server *testkit.Server, database string, change func(*config.Node, *config.Pool)) *unoactor.DB {
	t.Helper()
	top := topology(server, database)
	change(&top.Nodes[0], &top.Pools[0])
	sys, err := unoactor.New(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sys.Close(context.Background()) })
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func retrying(classes ...string) func(*config.Node, *config.Pool) {
	return func(_ *config.Node, p *config.Pool) {
		p.Retry = config.Retry{MaxRetries: 5, RetryDelay: time.Millisecond, RetryableErrors: classes}
	}
}

func mustExec(t *testing.T, db *unoactor.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestTransactionsThatCannotBeSerializedAreRunAgain(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, retrying())
	mustExec(t, db, "create table account (id int primary key, balance int); insert into account values (1, 100)")
	var runs atomic.Int64
	var both, all sync.WaitGroup
	both.Add(2)
	for range 2 {
		all.Go(func() {
			first := true
			err := db.Tx(t.Context(), pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
				runs.Add(1)
				var balance int
				if err := tx.QueryRow(t.Context(), "select balance from account where id = 1").Scan(&balance); err != nil {
					return err
				}
				if first { // both have read before one writes
					first = false
					both.Done()
					both.Wait()
				}
				_, err := tx.Exec(t.Context(), "update account set balance = $1 where id = 1", balance-10)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var balance int
	if err := db.QueryRow(t.Context(), "select balance from account where id = 1").Scan(&balance); err != nil || balance != 80 || runs.Load() != 3 {
		t.Errorf("balance %d after %d runs, %v; want 80 after 3", balance, runs.Load(), err)
	}
}

func TestTransactionsThatDeadlockAreRunAgain(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, func(n *config.Node, p *config.Pool) {
		retrying("deadlock")(n, p)
		p.Runtime = map[string]string{"deadlock_timeout": "20ms"}
	})
	mustExec(t, db, "create table t (id int primary key, n int); insert into t values (1, 0), (2, 0)")
	var both, all sync.WaitGroup
	both.Add(2)
	for i := range 2 {
		all.Go(func() {
			first := true
			err := db.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
				for _, id := range []int{1 + i, 2 - i} {
					if _, err := tx.Exec(t.Context(), "update t set n = n + 1 where id = $1", id); err != nil {
						return err
					}
					if first { // both hold one row before they want the other
						first = false
						both.Done()
						both.Wait()
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var sum int
	if err := db.QueryRow(t.Context(), "select sum(n) from t").Scan(&sum); err != nil || sum != 4 {
		t.Errorf("sum %d, %v", sum, err)
	}
}

func TestWhatIsRepeatedIsWhatTheSettingsName(t *testing.T) {
	server, database := testkit.Shared(t)
	raise := func(code string) string {
		return fmt.Sprintf("select raise('%s')", code)
	}
	for name, c := range map[string]struct {
		classes  []string
		code     string
		attempts int
	}{
		"an SQLSTATE that is named":           {[]string{"23505"}, "23505", 6},
		"one that is not":                     {[]string{"23505"}, "23503", 1},
		"a class":                             {[]string{"operational"}, "55P03", 6},
		"another class":                       {[]string{"deadlock"}, "55P03", 1},
		"serialization failures, by default":  {nil, "40001", 6},
		"no constraint violation, by default": {nil, "23505", 1},
	} {
		t.Run(name, func(t *testing.T) {
			db := openWith(t, server, database, retrying(c.classes...))
			mustExec(t, db, `create or replace function raise(code text) returns int language plpgsql as
				$$ begin raise 'on purpose' using errcode = code; end $$`)
			n := 0
			err := db.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
				n++
				_, err := tx.Exec(t.Context(), raise(c.code))
				return err
			})
			var retry *unoactor.RetryError
			if n != c.attempts || !testkit.IsSQLState(err, c.code) || errors.As(err, &retry) != (c.attempts > 1) {
				t.Errorf("%d attempts, %v", n, err)
			}
			if retry != nil && retry.Attempts != c.attempts {
				t.Errorf("the error tells of %d attempts", retry.Attempts)
			}
			_, err = db.Exec(t.Context(), raise(c.code))
			if errors.As(err, &retry) != (c.attempts > 1) || !testkit.IsSQLState(err, c.code) {
				t.Errorf("a statement: %v", err)
			}
		})
	}
}

func TestARetryThatWaitsEndsWithItsContext(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, func(_ *config.Node, p *config.Pool) {
		p.Retry = config.Retry{MaxRetries: 5, RetryDelay: time.Hour}
	})
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		n++
		defer time.AfterFunc(20*time.Millisecond, cancel)
		_, err := tx.Exec(ctx, "do $$ begin raise 'on purpose' using errcode = '40001'; end $$")
		return err
	})
	if !errors.Is(err, context.Canceled) || !testkit.IsSQLState(err, "40001") || n != 1 {
		t.Errorf("%d attempts, %v", n, err)
	}
}

func TestAnErrorOfTheClosureIsReturnedAsItIs(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, retrying())
	mine, n := errors.New("mine"), 0
	if err := db.Tx(t.Context(), pgx.TxOptions{}, func(pgx.Tx) error { n++; return mine }); err != mine || n != 1 { //nolint:errorlint // it is that very error
		t.Errorf("%d attempts, %v", n, err)
	}
}

func TestACommitThatIsNotAnsweredIsToldAsSuchAndNeverRepeated(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	db := openWith(t, server, database, func(n *config.Node, p *config.Pool) {
		n.Port = uint16(proxy.Port())
		retrying("connection", "operational", "serialization")(n, p)
	})
	direct := openWith(t, server, database, func(*config.Node, *config.Pool) {})
	mustExec(t, direct, "create table t (n int)")
	for name, transaction := range map[string]func() error{
		"Tx": func() error {
			return db.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "insert into t values (1)")
				proxy.CutAfter(1, testkit.ToClient)
				return err
			})
		},
		"Begin": func() error {
			tx, err := db.Begin(t.Context())
			if err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), "insert into t values (1)"); err != nil {
				return err
			}
			proxy.CutAfter(1, testkit.ToClient)
			return tx.Commit(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			mustExec(t, direct, "truncate t")
			err := transaction()
			if err2 := proxy.Pass(); err2 != nil {
				t.Fatal(err2)
			}
			var ambiguous *unoactor.AmbiguousCommitError
			if !errors.As(err, &ambiguous) {
				t.Fatalf("%v", err)
			}
			rows := -1
			for rows != 1 && t.Context().Err() == nil { // the server commits when it has read COMMIT
				if err := direct.QueryRow(t.Context(), "select count(*) from t").Scan(&rows); err != nil {
					t.Fatal(err)
				}
				if rows > 1 {
					t.Fatalf("%d rows: the transaction was repeated", rows)
				}
			}
		})
	}
}

func TestAConnectionThatIsLostBeforeCommitIsRepeatedWhole(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, retrying("connection"))
	mustExec(t, db, "create table t (n int)")
	n := 0
	err := db.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
		n++
		if _, err := tx.Exec(t.Context(), "insert into t values (1)"); err != nil {
			return err
		}
		if n == 1 {
			if _, err := server.TerminateBackends(t.Context(), fmt.Sprintf("pid = %d", tx.Conn().PgConn().PID())); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), "select 1")
			return err
		}
		return nil
	})
	var rows int
	if err2 := db.QueryRow(t.Context(), "select count(*) from t").Scan(&rows); err != nil || err2 != nil || n != 2 || rows != 1 {
		t.Errorf("%d attempts, %d rows, %v, %v", n, rows, err, err2)
	}
}

func TestAStatementThatReachedTheServerIsNotSentAgain(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	direct := openWith(t, server, database, func(*config.Node, *config.Pool) {})
	mustExec(t, direct, "create table t (n int)")
	for name, run := range map[string]func(*unoactor.DB) error{
		"a simple query": func(db *unoactor.DB) error {
			_, err := db.Exec(t.Context(), "insert into t values (1)")
			return err
		},
		"an extended one": func(db *unoactor.DB) error {
			_, err := db.Exec(t.Context(), "insert into t values ($1)", 1)
			return err
		},
		"one with a row": func(db *unoactor.DB) error {
			return db.QueryRow(t.Context(), "insert into t values (1) returning n").Scan(new(int))
		},
	} {
		t.Run(name, func(t *testing.T) {
			mustExec(t, direct, "truncate t")
			db := openWith(t, server, database, func(n *config.Node, p *config.Pool) {
				n.Port = uint16(proxy.Port())
				p.Size = 1
				retrying("connection", "operational")(n, p)
			})
			if err := run(db); err != nil { // so that it is prepared
				t.Fatal(err)
			}
			proxy.CutAfter(1, testkit.ToClient)
			err := run(db)
			if err2 := proxy.Pass(); err2 != nil {
				t.Fatal(err2)
			}
			if err == nil {
				t.Error("nobody answered, and yet it succeeded")
			}
			rows := 0
			for rows != 2 && t.Context().Err() == nil { // the server executes what it has read
				if err := direct.QueryRow(t.Context(), "select count(*) from t").Scan(&rows); err != nil {
					t.Fatal(err)
				}
				if rows > 2 {
					t.Fatalf("%d rows: it was sent again", rows)
				}
			}
			mustExec(t, db, "select 1") // by now a repetition would have been executed
			if err := direct.QueryRow(t.Context(), "select count(*) from t").Scan(&rows); err != nil || rows != 2 {
				t.Errorf("%d rows, %v", rows, err)
			}
		})
	}
}
