package unosql_test

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/testkit"
)

func TestTransactionsHaveTheIsolationAndAccessThatWereAskedFor(t *testing.T) {
	db := open(t)
	for level, want := range map[sql.IsolationLevel]string{
		sql.LevelDefault: "read committed", sql.LevelReadUncommitted: "read uncommitted", sql.LevelReadCommitted: "read committed",
		sql.LevelRepeatableRead: "repeatable read", sql.LevelSnapshot: "repeatable read", sql.LevelSerializable: "serializable",
	} {
		for _, readOnly := range []bool{false, true} {
			tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: level, ReadOnly: readOnly})
			if err != nil {
				t.Fatal(err)
			}
			if got := one[string](t, tx, "show transaction_isolation"); got != want {
				t.Errorf("%v: %s", level, got)
			}
			if got := one[string](t, tx, "show transaction_read_only") == "on"; got != readOnly {
				t.Errorf("%v: read only: %v", level, got)
			}
			if err := tx.Commit(); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelLinearizable}); err == nil || !strings.Contains(err.Error(), "Linearizable") {
		t.Errorf("%v", err)
	}
}

func TestTransactionsCommitAndRollBack(t *testing.T) {
	db := open(t)
	db.must(t, "create table t (a int unique deferrable initially deferred)")
	in := func(end func(*sql.Tx) error, statements ...string) error {
		t.Helper()
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range statements {
			_, _ = tx.ExecContext(t.Context(), s)
		}
		return end(tx)
	}
	if err := in((*sql.Tx).Commit, "insert into t values (1)"); err != nil {
		t.Error(err)
	}
	if err := in((*sql.Tx).Rollback, "insert into t values (2)"); err != nil {
		t.Error(err)
	}
	if err := in((*sql.Tx).Commit, "insert into t values (1)"); !testkit.IsSQLState(err, "23505") {
		t.Errorf("refused at COMMIT: %v", err)
	}
	if err := in((*sql.Tx).Commit, "nonsense"); !errors.Is(err, pgx.ErrTxCommitRollback) {
		t.Errorf("after a statement that failed: %v", err)
	}
	if got := one[int](t, db, "select count(*) from t"); got != 1 {
		t.Errorf("%d rows", got)
	}
}

func TestACommitWithoutAnAnswerIsAmbiguousAndNotRepeated(t *testing.T) {
	db := open(t)
	db.must(t, "create table t (a int)",
		"create function die() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$",
		"create constraint trigger die after insert on t deferrable initially deferred for each row execute function die()")
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "insert into t values (1)"); err != nil {
		t.Fatal(err)
	}
	var ambiguous *unoactor.AmbiguousCommitError
	if err := tx.Commit(); !errors.As(err, &ambiguous) {
		t.Errorf("COMMIT: %v", err)
	}
	// The same without BEGIN: the statement is its own COMMIT. It was sent, so once is all.
	db.must(t, "create sequence runs", "create function count_runs() returns trigger language plpgsql as $$ begin perform nextval('runs'); return null; end $$",
		"create trigger count_runs before insert on t execute function count_runs()")
	if _, err := db.ExecContext(t.Context(), "insert into t values ($1)", 2); err == nil {
		t.Error("the statement's death was not told")
	}
	if got := one[int](t, db, "select last_value from runs"); got != 1 {
		t.Errorf("run %d times", got)
	}
}

// onTx gives a *sql.DB that works on the connection of a transaction.
func onTx(t *testing.T, tx pgx.Tx) *sql.DB {
	t.Helper()
	db := unosql.OpenFunc(func(context.Context) (*pgx.Conn, func(), error) { return tx.Conn(), func() {}, nil })
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestADBOfOneConnectionTakesPartInItsTransaction(t *testing.T) {
	outer := open(t)
	outer.must(t, "create table t (a int)")
	tx, err := outer.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db := onTx(t, tx)
	insert := func(q interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
	}, n int) {
		t.Helper()
		if _, err := q.ExecContext(t.Context(), "insert into t values ($1)", n); err != nil {
			t.Fatal(err)
		}
	}
	insert(db, 1)
	for n, end := range map[int]func(*sql.Tx) error{2: (*sql.Tx).Commit, 4: (*sql.Tx).Rollback} {
		within, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		insert(within, n)
		if n == 4 {
			if _, err := within.ExecContext(t.Context(), "nonsense"); err == nil {
				t.Error("nonsense succeeded")
			}
		}
		if err := end(within); err != nil {
			t.Error(err)
		}
	}
	if _, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true}); err == nil || !strings.Contains(err.Error(), "in a transaction already") {
		t.Errorf("options: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	within, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	insert(within, 8)
	cancel()
	if err := within.Commit(); err == nil {
		t.Error("committed after its context's end")
	}
	for db.Stats().InUse > 0 { // database/sql rolls back in the background
		runtime.Gosched()
	}
	if got := one[int](t, db, "select sum(a) from t"); got != 3 {
		t.Errorf("in the transaction: %d", got)
	}
	if got := one[int](t, outer, "select count(*) from t"); got != 0 {
		t.Errorf("outside of it, before its end: %d rows", got)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := one[int](t, outer, "select sum(a) from t"); got != 3 {
		t.Errorf("after its end: %d", got)
	}
}

func TestOpenFuncCallsAcquireAndWhatItReturnsOnceAUse(t *testing.T) {
	outer := open(t)
	acquired, released := 0, 0
	no := errors.New("no connection today")
	db := unosql.OpenFunc(func(ctx context.Context) (*pgx.Conn, func(), error) {
		if acquired == 3 {
			return nil, nil, no
		}
		l, err := outer.pool.Acquire(ctx)
		if err != nil {
			return nil, nil, err
		}
		c, err := l.Conn()
		acquired++
		return c, func() { released++; l.Release() }, err
	})
	defer db.Close()
	for range 3 {
		if got := one[int](t, db, "select 1"); got != 1 {
			t.Errorf("%d", got)
		}
	}
	if acquired != 3 || released != 3 {
		t.Errorf("%d acquired, %d released", acquired, released)
	}
	if err := db.PingContext(t.Context()); !errors.Is(err, no) {
		t.Errorf("%v", err)
	}
}
