package unoactor_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// one is the value of a query of one row and column.
func one[T any](t *testing.T, q interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := q.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func execute(t *testing.T, q interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
}, sql string, args ...any) {
	t.Helper()
	if _, err := q.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func TestASessionHasOneBackendFromItsFirstStatementToItsEnd(t *testing.T) {
	db := open(t)
	s := db.NewSession()
	if n := db.Stats().Used; n != 0 {
		t.Errorf("%d leases before the first statement", n)
	}
	execute(t, s, "set application_name = 'mine'")
	pid := one[int](t, s, "select pg_backend_pid()")
	if name := one[string](t, s, "select current_setting('application_name')"); name != "mine" || one[int](t, s, "select pg_backend_pid()") != pid {
		t.Errorf("another backend: %q", name)
	}
	if n := db.Stats().Used; n != 1 {
		t.Errorf("%d leases in the session", n)
	}
	s.Close()
	s.Close()
	if _, err := s.Exec(t.Context(), "select 1"); !errors.Is(err, unoactor.ErrSessionEnded) {
		t.Errorf("after Close: %v", err)
	}
}

func TestNamedArgumentsAndCollectorsWorkInASession(t *testing.T) {
	db := open(t)
	err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		execute(t, s, "create table users (id int, name text); insert into users values (1, 'Ann'), (2, 'Bob')")
		rows, err := s.Query(ctx, "select id, name from users where id = @id", pgx.NamedArgs{"id": 2})
		if err != nil {
			return err
		}
		type user struct {
			ID   int
			Name string
		}
		got, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[user])
		if err != nil || got != (user{2, "Bob"}) {
			t.Errorf("%+v, %v", got, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestASessionThatIsBusySaysWhy(t *testing.T) {
	db := open(t)
	s := db.NewSession()
	defer s.Close()
	rows, err := s.Query(t.Context(), "select generate_series(1, 3)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "select 1"); !errors.Is(err, unoactor.ErrSessionBusy) || !strings.Contains(err.Error(), "rows of an earlier query are open") {
		t.Errorf("with rows open: %v", err)
	}
	rows.Close()
	batch := &pgx.Batch{}
	batch.Queue("select 1")
	results := s.SendBatch(t.Context(), batch)
	if err := s.Begin(t.Context()); !errors.Is(err, unoactor.ErrSessionBusy) {
		t.Errorf("with a batch open: %v", err)
	}
	if err := results.Close(); err != nil {
		t.Error(err)
	}
	var wait sync.WaitGroup
	running := make(chan struct{})
	wait.Go(func() {
		close(running)
		if _, err := s.Exec(context.Background(), "select pg_sleep(10)"); err == nil {
			t.Error("it was not cancelled")
		}
	})
	<-running
	for busy := false; !busy; {
		_, err := s.Exec(t.Context(), "select 1")
		busy = errors.Is(err, unoactor.ErrSessionBusy) && strings.Contains(err.Error(), "another goroutine")
		if err != nil && !busy {
			t.Fatal(err)
		}
	}
	execute(t, db, "select pg_cancel_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()")
	wait.Wait()
	execute(t, s, "select 1")
}

func TestASessionsFunctionEndsItAlsoWhenItPanics(t *testing.T) {
	db := open(t)
	execute(t, db, "create table t (a int)")
	var kept *unoactor.Session
	for name, f := range map[string]func(*unoactor.Session) error{
		"an error":                func(*unoactor.Session) error { return errors.New("of the function") },
		"a transaction left open": func(*unoactor.Session) error { return nil },
		"a panic":                 func(*unoactor.Session) error { panic("of the function") },
	} {
		func() {
			defer func() { _ = recover() }()
			err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
				kept = s
				if err := s.Begin(ctx); err != nil {
					t.Error(err)
				}
				execute(t, s, "insert into t values (1)")
				return f(s)
			})
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		}()
		if _, err := kept.Exec(t.Context(), "select 1"); !errors.Is(err, unoactor.ErrSessionEnded) {
			t.Errorf("%s: %v", name, err)
		}
		if n := one[int](t, db, "select count(*) from t"); n != 0 {
			t.Errorf("%s: %d rows are there", name, n)
		}
	}
}

func TestTransactionsNestAsSavepoints(t *testing.T) {
	db := open(t)
	execute(t, db, "create table t (a int)")
	err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		return s.Tx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(ctx context.Context, s *unoactor.Session) error {
			execute(t, s, "insert into t values (1)")
			if level := one[string](t, s, "select current_setting('transaction_isolation')"); level != "repeatable read" {
				t.Errorf("isolation %s", level)
			}
			inner := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
				execute(t, s, "insert into t values (2)")
				if n := s.InTransaction(); n != 2 {
					t.Errorf("depth %d", n)
				}
				_, err := s.Exec(ctx, "insert into t values (1 / 0)")
				return err
			})
			if pg := (*pgconn.PgError)(nil); !errors.As(inner, &pg) || pg.Code != "22012" {
				t.Errorf("inner: %v", inner)
			}
			if err := s.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable}); err == nil {
				t.Error("a savepoint took an isolation level")
			}
			if err := s.Begin(ctx); err != nil {
				return err
			}
			execute(t, s, "insert into t values (3)")
			return s.Commit(ctx)
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := one[[]int](t, db, "select array_agg(a order by a) from t"); len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("%v", got)
	}
	s := db.NewSession()
	defer s.Close()
	if err := errors.Join(s.Commit(t.Context())); !errors.Is(err, unoactor.ErrNoTransaction) {
		t.Errorf("Commit without Begin: %v", err)
	}
	if err := s.Rollback(t.Context()); !errors.Is(err, unoactor.ErrNoTransaction) {
		t.Errorf("Rollback without Begin: %v", err)
	}
}

func TestAReleaseThatFailsLeavesTheSavepointToBeRolledBackTo(t *testing.T) {
	db := open(t)
	s := db.NewSession()
	defer s.Close()
	ctx := t.Context()
	if err := errors.Join(s.Begin(ctx), s.Begin(ctx)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(ctx, "nonsense"); err == nil {
		t.Fatal("nonsense")
	}
	if err := s.Commit(ctx); err == nil {
		t.Error("a failed savepoint was released")
	}
	if err := s.Rollback(ctx); err != nil {
		t.Error(err)
	}
	execute(t, s, "select 1")
	if err := s.Commit(ctx); err != nil || s.InTransaction() != 0 {
		t.Errorf("%v, depth %d", err, s.InTransaction())
	}
}

func TestWithoutAutocommitTheFirstStatementBeginsWhatTheEndCommits(t *testing.T) {
	db := open(t)
	execute(t, db, "create table t (a int)")
	manual := unoactor.NewSessionFactory(db, unoactor.SessionConfig{Autocommit: unoactor.Off, TxOptions: pgx.TxOptions{IsoLevel: pgx.Serializable}})
	err := manual.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		execute(t, s, "insert into t values (1)")
		if level := one[string](t, s, "select current_setting('transaction_isolation')"); s.InTransaction() != 1 || level != "serializable" {
			t.Errorf("depth %d, %s", s.InTransaction(), level)
		}
		if n := one[int](t, db, "select count(*) from t"); n != 0 {
			t.Errorf("others see %d rows before the end", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	failure := errors.New("of the function")
	err = manual.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		execute(t, s, "insert into t values (2)")
		if err := s.Commit(ctx); err != nil {
			return err
		}
		execute(t, s, "insert into t values (3)")
		return failure
	})
	if !errors.Is(err, failure) {
		t.Error(err)
	}
	s := manual.New(unoactor.SessionConfig{Autocommit: unoactor.On})
	defer s.Close()
	execute(t, s, "insert into t values (4)")
	if got := one[[]int](t, db, "select array_agg(a order by a) from t"); len(got) != 3 || got[2] != 4 {
		t.Errorf("%v", got)
	}
}

func TestASessionGoesOnAfterItsBackendWasKilled(t *testing.T) {
	db := open(t)
	execute(t, db, "create table t (a int)")
	s := db.NewSession()
	defer s.Close()
	ctx := t.Context()
	kill := func() {
		execute(t, db, "select pg_terminate_backend($1, 5000)", one[int](t, s, "select pg_backend_pid()"))
	}
	kill()
	if _, err := s.Exec(ctx, "insert into t values (1)"); err == nil {
		t.Error("the loss was not told")
	}
	execute(t, s, "insert into t values (2)")
	if err := s.Begin(ctx); err != nil {
		t.Fatal(err)
	}
	execute(t, s, "insert into t values (3)")
	kill()
	if _, err := s.Exec(ctx, "insert into t values (4)"); err == nil {
		t.Error("the loss was not told")
	}
	if _, err := s.Exec(ctx, "insert into t values (5)"); !errors.Is(err, unoactor.ErrTransactionLost) {
		t.Errorf("in the lost transaction: %v", err)
	}
	if err := s.Rollback(ctx); err != nil {
		t.Error(err)
	}
	execute(t, s, "insert into t values (6)")
	if err := s.Begin(ctx); err != nil {
		t.Fatal(err)
	}
	kill()
	if err := s.Commit(ctx); err == nil {
		t.Error("a lost transaction was committed")
	}
	if got := one[[]int](t, db, "select array_agg(a order by a) from t"); len(got) != 2 || got[0] != 2 || got[1] != 6 {
		t.Errorf("%v", got)
	}
}

func TestCancellingOneStatementLeavesTheSessionInOrder(t *testing.T) {
	db := open(t)
	s := db.NewSession()
	defer s.Close()
	if err := s.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Exec(ctx, "select pg_sleep(10)"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := s.Rollback(ctx); err != nil {
		t.Errorf("a rollback with an ended context: %v", err)
	}
	execute(t, s, "select 1")
}

func TestAStatementIsNotRepeatedWhereItsSessionsStateIsLost(t *testing.T) {
	server, database := testkit.Shared(t)
	db, err := unoactor.Connect(t.Context(), server.URL(database), config.Pool{Size: 2, Retry: config.Retry{
		MaxRetries: 5, RetryDelay: time.Millisecond, BackoffFactor: 1, RetryableErrors: []string{"connection", "operational"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	s := db.NewSession()
	defer s.Close()
	execute(t, s, "set search_path = elsewhere")
	if _, err := server.TerminateBackends(t.Context(), "pid = "+uitoa(uint32(one[int](t, s, "select pg_backend_pid()")))); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "select 1"); err == nil {
		t.Error("the loss was not told")
	}
	if path := one[string](t, s, "show search_path"); path == "elsewhere" {
		t.Error(path)
	}
}
