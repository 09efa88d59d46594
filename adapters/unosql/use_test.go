package unosql_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

func TestEachUseIsALeaseAndNothingIsKeptIdleWhateverIsSet(t *testing.T) {
	db := open(t)
	db.SetMaxIdleConns(3)
	db.must(t, "create table t (a int); insert into t select generate_series(1, 100000)")
	if got := db.pool.Stats().Used; got != 0 {
		t.Errorf("%d leases after a statement", got)
	}
	rows, err := db.QueryContext(t.Context(), "select a from t")
	if err != nil || !rows.Next() {
		t.Fatal(err, rows.Err())
	}
	if got := db.pool.Stats().Used; got != 1 {
		t.Errorf("%d leases while rows are open", got)
	}
	if err := rows.Close(); err != nil { // before their end
		t.Error(err)
	}
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first, second := one[int](t, c, "select pg_backend_pid()"), one[int](t, c, "select pg_backend_pid()"); first != second {
		t.Errorf("a *sql.Conn is of two backends: %d and %d", first, second)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if stats, used := db.Stats(), db.pool.Stats().Used; stats.OpenConnections != 0 || used != 0 {
		t.Errorf("%d connections are kept, %d leases", stats.OpenConnections, used)
	}
}

func TestASQLLimitOfOpenConnectionsQueuesAndLosesNobody(t *testing.T) {
	db := open(t)
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := db.ExecContext(t.Context(), "select 1"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestManyGoroutinesShareAPoolOfFour(t *testing.T) {
	db := open(t)
	db.must(t, "create table t (a int primary key, n int not null default 0); insert into t select generate_series(0, 3)")
	prepared, err := db.PrepareContext(t.Context(), "update t set n = n + 1 where a = $1")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	const goroutines, rounds = 16, 20
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for range rounds {
				if _, err := prepared.ExecContext(t.Context(), g%4); err != nil {
					t.Error(err)
				}
				rows, err := db.QueryContext(t.Context(), "select a, n from t")
				if err != nil {
					t.Error(err)
					continue
				}
				rows.Next()
				rows.Close()
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					t.Error(err)
					continue
				}
				if _, err := tx.StmtContext(t.Context(), prepared).ExecContext(t.Context(), g%4); err != nil {
					t.Error(err)
				}
				if err := tx.Rollback(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := one[int](t, db, "select sum(n) from t"); got != goroutines*rounds {
		t.Errorf("%d updates", got)
	}
}

func TestAStmtIsItsTextAndIsPreparedOnceWhereItRuns(t *testing.T) {
	db := open(t)
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stmt, err := c.PrepareContext(t.Context(), "select $1::int + 1")
	if err != nil {
		t.Fatal(err)
	}
	const known = "select count(*) from pg_prepared_statements where statement = 'select $1::int + 1'"
	if got := one[int](t, c, known); got != 0 {
		t.Errorf("%d on the server before its first use", got)
	}
	for i := range 3 {
		var got int
		if err := stmt.QueryRowContext(t.Context(), i).Scan(&got); err != nil || got != i+1 {
			t.Errorf("%d, %v", got, err)
		}
	}
	if err := stmt.Close(); err != nil {
		t.Error(err)
	}
	if got := one[int](t, c, known); got != 1 {
		t.Errorf("%d on the server after its end", got)
	}
	wrong, err := c.PrepareContext(t.Context(), "nonsense")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wrong.ExecContext(t.Context()); !testkit.IsSQLState(err, "42601") {
		t.Errorf("nonsense: %v", err)
	}
	if err := wrong.Close(); err != nil {
		t.Error(err)
	}
}

func TestErrorsAreFoundByTheirTypes(t *testing.T) {
	db := open(t)
	var pg *pgconn.PgError
	if _, err := db.ExecContext(t.Context(), "select 1 / $1::int", 0); !errors.As(err, &pg) || pg.Code != "22012" {
		t.Errorf("Exec: %v", err)
	}
	if err := db.QueryRowContext(t.Context(), "select 1 / (2 - n) from generate_series(1, 2) n offset 1").Scan(new(int)); !errors.As(err, &pg) || pg.Code != "22012" {
		t.Errorf("in the first row: %v", err)
	}
	rows, err := db.QueryContext(t.Context(), "select 1 / (2 - n) from generate_series(1, 2) n")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
	}
	if err := errors.Join(rows.Err(), rows.Close()); !errors.As(err, &pg) || pg.Code != "22012" {
		t.Errorf("in the second row: %v", err)
	}
	if err := db.QueryRowContext(t.Context(), "select 1 where false").Scan(new(int)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row: %v", err)
	}
	if err := db.QueryRowContext(t.Context(), "insert into pg_temp.nothing values (1)").Scan(new(int)); !testkit.IsSQLState(err, "42P01") {
		t.Errorf("no table: %v", err)
	}

	if err := db.pool.Pool().Pause(t.Context(), supervisor.Wait); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	var acquire *conn.AcquireError
	if _, err := db.ExecContext(ctx, "select 1"); !errors.As(err, &acquire) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no backend: %v", err)
	}
	db.pool.Pool().Resume()
	if _, err := db.Driver().Open("postgres://"); err == nil {
		t.Error("a data source name was opened")
	}
}

func TestTheEndOfAContextCancelsOnTheServerAndTheBackendLivesOn(t *testing.T) {
	db := open(t)
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	pid := one[int](t, c, "select pg_backend_pid()")
	run := map[string]func(context.Context) error{
		"Exec": func(ctx context.Context) error { _, err := c.ExecContext(ctx, "select pg_sleep(600)"); return err },
		"Query": func(ctx context.Context) error {
			return c.QueryRowContext(ctx, "select pg_sleep(600)").Scan(new(string))
		},
		"a transaction": func(ctx context.Context) error {
			tx, err := c.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(t.Context(), "create table lost (a int)")
			if err != nil {
				t.Error(err)
			}
			_, err = tx.ExecContext(ctx, "select pg_sleep(600)")
			if end := tx.Rollback(); !errors.Is(end, sql.ErrTxDone) && end != nil {
				t.Error(end)
			}
			return err
		},
	}
	for name, f := range run {
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- f(ctx) }()
		for sleeping := 0; sleeping == 0; {
			sleeping = one[int](t, db, "select count(*) from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", pid)
		}
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) || !testkit.IsSQLState(err, "57014") {
			t.Errorf("%s: %v", name, err)
		}
		for state := ""; state != "idle"; { // database/sql rolls back in the background
			state = one[string](t, db, "select state from pg_stat_activity where pid = $1", pid)
		}
		if got := one[int](t, c, "select pg_backend_pid()"); got != pid {
			t.Errorf("%s: backend %d became %d", name, pid, got)
		}
	}
	if one[bool](t, c, "select to_regclass('lost') is not null") {
		t.Error("what a cancelled transaction did is there")
	}
}

func TestABackendThatWasKilledBetweenUsesIsNotNoticed(t *testing.T) {
	db := open(t)
	for range 8 {
		db.kill(t, one[int](t, db, "select pg_backend_pid()"))
		if err := db.PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		db.kill(t, one[int](t, db, "select pg_backend_pid()"))
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABackendThatWasKilledUnderAConnectionOrTransactionIsAnError(t *testing.T) {
	db := open(t)
	db.must(t, "create table t (a int)")
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "insert into t values (1)"); err != nil {
		t.Fatal(err)
	}
	db.kill(t, one[int](t, tx, "select pg_backend_pid()"))
	if _, err := tx.ExecContext(t.Context(), "insert into t values (2)"); err == nil {
		t.Error("a statement of a transaction that is lost succeeded")
	}
	if _, err := tx.ExecContext(t.Context(), "insert into t values (3)"); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("on a connection that is closed: %v", err)
	}
	if err := tx.Commit(); err == nil {
		t.Error("a transaction that is lost was committed")
	}
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db.kill(t, one[int](t, c, "select pg_backend_pid()"))
	if err := c.PingContext(t.Context()); err == nil {
		t.Error("the killed answered")
	}
	if err := c.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		t.Error(err)
	}
	if got := one[int](t, db, "select count(*) from t"); got != 0 {
		t.Errorf("%d rows", got)
	}
}

func TestAConnectionThatWasLostWhenItWasGivenIsGivenBackForAnother(t *testing.T) {
	outer := open(t)
	given := 0
	db := unosql.OpenFunc(func(ctx context.Context) (*pgx.Conn, func(), error) {
		l, err := outer.pool.Acquire(ctx)
		if err != nil {
			return nil, nil, err
		}
		c, err := l.Conn()
		if given++; given%2 == 1 && err == nil {
			err = c.Close(ctx)
		}
		return c, l.Release, err
	})
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "select 1"); err != nil {
		t.Error(err)
	}
	if got := one[int](t, db, "select 2"); got != 2 {
		t.Errorf("%d", got)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil || given != 6 {
		t.Errorf("%d given, %v", given, err)
	}
}

func TestALeaseThatThePoolTookBackSaysSo(t *testing.T) {
	db := open(t)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "create table lost (a int)"); err != nil {
		t.Fatal(err)
	}
	db.pool.Pool().Invalidate(supervisor.Hard)
	for db.pool.Pool().Leased() > 0 {
		runtime.Gosched()
	}
	var stale *conn.StaleLeaseError
	if _, err := tx.ExecContext(t.Context(), "select 1"); !errors.As(err, &stale) || !stale.Revoked {
		t.Errorf("%v", err)
	}
	if err := tx.Commit(); !errors.As(err, &stale) {
		t.Errorf("COMMIT: %v", err)
	}
	if one[bool](t, db, "select to_regclass('lost') is not null") {
		t.Error("what the transaction did is there")
	}
}

func TestRawReachesPgxHereAndInPgxsOwnPackage(t *testing.T) {
	db := open(t)
	copyRows := func(c *pgx.Conn) error {
		if _, err := c.Exec(t.Context(), "create temporary table t (a int)"); err != nil {
			return err
		}
		n, err := c.CopyFrom(t.Context(), pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromRows([][]any{{1}, {2}}))
		if n != 2 {
			t.Errorf("%d rows", n)
		}
		return err
	}
	config, err := db.server.Config("")
	if err != nil {
		t.Fatal(err)
	}
	theirs := stdlib.OpenDB(*config)
	defer theirs.Close()
	for _, door := range []*sql.DB{db.DB, theirs} {
		c, err := door.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := unosql.Raw(c, copyRows); err != nil {
			t.Error(err)
		}
		if got := one[int](t, c, "select sum(a) from t"); got != 3 {
			t.Errorf("%d", got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
