package unoactor_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/testkit"
)

// failing opens a pool with retries on a database where fail(n, code) fails its first
// n calls, in whatever transaction, and then returns 7.
func failing(t *testing.T, classes ...string) *unoactor.DB {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, retrying(classes...))
	for _, sql := range []string{
		"create table t (n int)",
		"create sequence calls",
		`create function fail(times int, code text) returns int language plpgsql as $$
			begin
				if nextval('calls') <= times then raise 'on purpose' using errcode = code; end if;
				return 7;
			end $$`,
	} {
		mustExec(t, db, sql)
	}
	return db
}

// calls is how often fail was called since it was last asked.
func calls(t *testing.T, db *unoactor.DB) int {
	t.Helper()
	n := 0
	if err := db.QueryRow(t.Context(), "select case when is_called then last_value else 0 end from calls").Scan(&n); err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "alter sequence calls restart")
	return n
}

func TestAStatementThatTheServerRefusedIsRunAgainHoweverItIsSent(t *testing.T) {
	db := failing(t)
	const sql = "select fail(2, '40001')"
	for name, run := range map[string]func() (int, error){
		"Exec": func() (int, error) { _, err := db.Exec(t.Context(), sql); return 7, err },
		"Query": func() (int, error) {
			rows, err := db.Query(t.Context(), sql)
			if err != nil {
				return 0, err
			}
			return pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
		},
		"QueryRow": func() (n int, err error) {
			err = db.QueryRow(t.Context(), sql).Scan(&n)
			return n, err
		},
		"QueryRow with arguments": func() (n int, err error) {
			err = db.QueryRow(t.Context(), "select fail($1, $2)", 2, "40001").Scan(&n)
			return n, err
		},
		"Query without rows": func() (int, error) {
			rows, err := db.Query(t.Context(), "with f as materialized (select fail(2, '40001') f) select f from f where f = 0")
			if err != nil {
				return 0, err
			}
			for rows.Next() {
				t.Error("it has a row")
			}
			return 7, rows.Err()
		},
		"QueryRow without a row": func() (int, error) {
			err := db.QueryRow(t.Context(), "select f from fail(2, '40001') f where f = 0").Scan(new(int))
			if errors.Is(err, pgx.ErrNoRows) {
				return 7, nil
			}
			return 0, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run()
			if n := calls(t, db); got != 7 || err != nil || n != 3 {
				t.Errorf("got %d after %d calls, %v", got, n, err)
			}
			testkit.CheckNoLeases(t, db.Pool())
		})
	}
}

func TestAQueryOfWhichARowWasSeenIsNotRunAgain(t *testing.T) {
	db := failing(t)
	rows, err := db.Query(t.Context(), "select case when i = 100000 then fail(2, '40001') end from generate_series(1, 100000) i")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for rows.Next() {
		seen++
	}
	if n := calls(t, db); seen != 99999 || !testkit.IsSQLState(rows.Err(), "40001") || n != 1 {
		t.Errorf("%d rows after %d calls, %v", seen, n, rows.Err())
	}
}

func TestAnErrorOfAQueryThatIsRunNoMoreIsThatOfItsRowsToo(t *testing.T) {
	db := failing(t)
	rows, err := db.Query(t.Context(), "select fail(100, '40001')")
	var retry *unoactor.RetryError
	if !errors.As(err, &retry) || retry.Attempts != 6 || rows.Err() != err { //nolint:errorlint // it is that very error
		t.Errorf("%v, %v", err, rows.Err())
	}
}

func TestOnlyATextThatDoesAllOrNothingIsRunAgain(t *testing.T) {
	db := failing(t)
	mustExec(t, db, `create procedure commits() language plpgsql as $$
		begin insert into t values (1); commit; perform fail(2, '40001'); end $$`)
	for name, c := range map[string]struct {
		sql         string
		calls, rows int
	}{
		"several statements":          {"insert into t values (1); select fail(2, '40001')", 3, 1},
		"after comments":              {"-- a; b\n /* c /* d */ e */ insert into t select 1 where fail(2, '40001') = 7;", 3, 1},
		"a setting before":            {"set lock_timeout = '1s'; (select fail(2, '40001')); create table u (n int)", 3, 0},
		"a transaction in the text":   {"begin; insert into t values (1); commit; select fail(2, '40001')", 1, 1},
		"a commit in the text":        {"insert into t values (1); commit; select fail(2, '40001')", 1, 1},
		"a block that commits":        {"do $$ begin insert into t values (1); commit; perform fail(2, '40001'); end $$", 1, 1},
		"a procedure that commits":    {"call commits()", 1, 1},
		"one after a comment":         {"/* select */ call commits()", 1, 1},
		"one after a line of comment": {"-- select\n call commits()", 1, 1},
		"one in capitals":             {"CALL commits()", 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			mustExec(t, db, "truncate t")
			_, err := db.Exec(t.Context(), c.sql)
			var rows int
			if err := db.QueryRow(t.Context(), "select count(*) from t").Scan(&rows); err != nil {
				t.Fatal(err)
			}
			if n := calls(t, db); n != c.calls || rows != c.rows || (err == nil) != (n == 3) {
				t.Errorf("%d calls, %d rows, %v; want %d and %d", n, rows, err, c.calls, c.rows)
			}
		})
	}
}

func TestAnAcquireThatFailedIsRepeatedUnlessItIsForGood(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	behind := func(t *testing.T, change func(*config.Node, *config.Pool)) *unoactor.DB {
		return openWith(t, server, database, func(n *config.Node, p *config.Pool) {
			n.Port = uint16(proxy.Port())
			p.AcquireTimeout = 20 * time.Millisecond
			p.Retry = config.Retry{MaxRetries: 2, RetryDelay: time.Millisecond}
			change(n, p)
		})
	}
	if err := proxy.Refuse(); err != nil {
		t.Fatal(err)
	}
	var retry *unoactor.RetryError
	var acquire *conn.AcquireError
	_, err := behind(t, func(*config.Node, *config.Pool) {}).Exec(t.Context(), "select 1")
	if !errors.As(err, &retry) || retry.Attempts != 3 || !errors.Is(err, conn.ErrTimeout) || !errors.As(err, &acquire) {
		t.Errorf("nobody answers: %v", err)
	}
	_, err = behind(t, func(_ *config.Node, p *config.Pool) { p.Retry.RetryableErrors = []string{"deadlock"} }).Exec(t.Context(), "select 1")
	if errors.As(err, &retry) || !errors.Is(err, conn.ErrTimeout) {
		t.Errorf("a class that is not named: %v", err)
	}
	patient := behind(t, func(n *config.Node, p *config.Pool) {
		n.Breaker = config.Breaker{FailureThreshold: 1, ResetTimeout: 50 * time.Millisecond}
		p.Retry.MaxRetries = 100
		p.Retry.BackoffFactor = 1
		p.Retry.RetryDelay = 20 * time.Millisecond
	})
	served := make(chan error, 1)
	go func() {
		var n int
		served <- patient.QueryRow(t.Context(), "select 1").Scan(&n)
	}()
	for patient.Pool().Slots().Refusals()[conn.RefusedBreaker] == 0 && t.Context().Err() == nil {
		runtime.Gosched()
	}
	if err := proxy.Pass(); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Errorf("it is back: %v", err)
	}
	_, err = behind(t, func(n *config.Node, p *config.Pool) { n.Database, p.AcquireTimeout = "nowhere", time.Minute }).Exec(t.Context(), "select 1")
	if errors.As(err, &retry) || !errors.Is(err, conn.ErrDenied) {
		t.Errorf("no such database: %v", err)
	}
}

func TestAFailureThatIsNotRepeatedIsToldAsItIsThoughOneBeforeItWas(t *testing.T) {
	server, database := testkit.Shared(t)
	db := openWith(t, server, database, func(_ *config.Node, p *config.Pool) {
		p.Retry = config.Retry{MaxRetries: 1, RetryDelay: time.Millisecond}
	})
	runs := 0
	err := db.Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
		runs++
		code := map[int]string{1: "40001", 2: "23505"}[runs]
		_, err := tx.Exec(t.Context(), fmt.Sprintf("do $$ begin raise 'on purpose' using errcode = '%s'; end $$", code))
		return err
	})
	if retry := (*unoactor.RetryError)(nil); runs != 2 || !testkit.IsSQLState(err, "23505") || errors.As(err, &retry) {
		t.Errorf("%d runs, %v", runs, err)
	}
}

func TestAStatementOfADBAllocatesNoMoreThanThatOfALease(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	l, err := db.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	begun, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Rollback(ctx) //nolint:errcheck // read only
	row := func(q interface {
		QueryRow(context.Context, string, ...any) pgx.Row
	}) func() {
		var n int
		return func() {
			if err := q.QueryRow(ctx, "select 1").Scan(&n); err != nil {
				t.Error(err)
			}
		}
	}
	for name, c := range map[string]struct{ lease, db func() }{
		"Exec":                      {func() { _, err = l.Exec(ctx, "select 1") }, func() { _, err = db.Exec(ctx, "select 1") }},
		"QueryRow":                  {row(l), row(db)},
		"QueryRow in a transaction": {row(l), row(begun)},
		"Tx": {func() {
			var tx pgx.Tx
			if tx, err = l.Begin(ctx); err == nil {
				err = tx.Commit(ctx)
			}
		}, func() { err = db.Tx(ctx, pgx.TxOptions{}, func(pgx.Tx) error { return nil }) }},
	} {
		t.Run(name, func(t *testing.T) {
			want := testing.AllocsPerRun(500, c.lease)
			if got := testing.AllocsPerRun(500, c.db); got > want || err != nil {
				t.Errorf("%v allocations, %v on a lease, %v", got, want, err)
			}
		})
	}
}
