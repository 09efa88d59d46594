package testkit_test

import (
	"context"
	"errors"
	"fmt"
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

// production is a database with a table of one row, and its pool.
func production(t *testing.T, size int) *unoactor.DB {
	t.Helper()
	server, database := testkit.Shared(t)
	db, err := unoactor.Connect(t.Context(), server.URL(database), config.Pool{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		testkit.CheckNoLeases(t, db.Pool())
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := db.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	run(t, db, "create table counters (id int primary key, n int not null, unique (n) deferrable initially deferred); insert into counters values (1, 0)")
	return db
}

func run(t *testing.T, q interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
}, sql string, args ...any) {
	t.Helper()
	if _, err := q.Exec(t.Context(), sql, args...); err != nil {
		t.Errorf("%s: %v", sql, err)
	}
}

func value[T any](t *testing.T, q interface {
	QueryRow(context.Context, string, ...any) pgx.Row
}, sql string, args ...any) (v T) {
	t.Helper()
	if err := q.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	return v
}

func TestTwoHundredParallelTestsWriteTheSameRowAndNoneSeesAnother(t *testing.T) {
	db := production(t, 8)
	t.Run("all", func(t *testing.T) {
		var wait sync.WaitGroup
		for i := range 200 {
			wait.Go(func() {
				t.Run(fmt.Sprint(i), func(t *testing.T) {
					box := testkit.Sandbox(t, db)
					run(t, box.DB(), "update counters set n = n + $1 where id = 1", i)
					run(t, box.DB(), "insert into counters values (2, -1)")
					err := box.DB().Tx(t.Context(), pgx.TxOptions{}, func(tx pgx.Tx) error {
						_, err := tx.Exec(t.Context(), "update counters set n = n + 1000 where id = 1")
						return err
					})
					if n := value[int](t, box.DB(), "select n from counters where id = 1"); err != nil || n != i+1000 {
						t.Errorf("%d, want %d: %v", n, i+1000, err)
					}
				})
			})
		}
		wait.Wait()
	})
	if n := value[int](t, db, "select sum(n) from counters"); n != 0 {
		t.Errorf("%d is left of the tests", n)
	}
}

func TestTransactionsInASandboxAreSavepoints(t *testing.T) {
	db := production(t, 2)
	box := testkit.Sandbox(t, db)
	ctx := t.Context()
	failure := errors.New("of the function")
	err := box.DB().Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
		run(t, s, "insert into counters values (2, 2)")
		outer := s.Tx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(ctx context.Context, s *unoactor.Session) error {
			run(t, s, "insert into counters values (3, 3)")
			inner := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
				run(t, s, "insert into counters values (4, 4)")
				return failure
			})
			if !errors.Is(inner, failure) {
				t.Error(inner)
			}
			return nil
		})
		rolledBack := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			run(t, s, "insert into counters values (5, 5)")
			return failure
		})
		if !errors.Is(rolledBack, failure) {
			t.Error(rolledBack)
		}
		return outer
	})
	if got := value[[]int](t, box.DB(), "select array_agg(id order by id) from counters"); err != nil || fmt.Sprint(got) != "[1 2 3]" {
		t.Errorf("%v, %v", got, err)
	}
	if n := value[int](t, db, "select count(*) from counters"); n != 1 {
		t.Errorf("others see %d rows", n)
	}
	readOnly := box.DB().Tx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "delete from counters")
		return err
	})
	if pg := (*pgconn.PgError)(nil); !errors.As(readOnly, &pg) || pg.Code != "25006" {
		t.Errorf("read only: %v", readOnly)
	}
	run(t, box.DB(), "delete from counters where id = 3") // it was read only for that transaction
}

func TestWhatLooksLikeTheEndOfATransactionIsNoneInASandbox(t *testing.T) {
	db := testkit.Sandbox(t, production(t, 1)).DB()
	run(t, db, "create function one() returns int language sql begin atomic select case when true then 1 end; end")
	run(t, db, "select 'a; commit; b' -- ; commit")
	run(t, db, "/* begin; */ insert into counters values (one() + 1, 5)")
	if n := value[int](t, db, "select sum(n) from counters"); n != 5 {
		t.Errorf("%d", n)
	}
}

func TestAFailedStatementUndoesItselfOnly(t *testing.T) {
	box := testkit.Sandbox(t, production(t, 2))
	ctx := t.Context()
	run(t, box.DB(), "insert into counters values (2, 2)")
	for _, sql := range []string{"insert into counters values (3, 3), (2, 4)", "nonsense", "select 1 / 0"} {
		if _, err := box.DB().Exec(ctx, sql); err == nil {
			t.Errorf("%s: no error", sql)
		}
	}
	if _, err := box.DB().Exec(ctx, "insert into counters values ($1, $2)", 2, 5); err == nil {
		t.Error("no error by the extended protocol")
	}
	batch := &pgx.Batch{}
	batch.Queue("insert into counters values (6, 6)")
	batch.Queue("insert into counters values ($1, 6)", 2)
	if err := box.DB().SendBatch(ctx, batch).Close(); err == nil {
		t.Error("no error of the batch")
	}
	if got := value[[]int](t, box.DB(), "select array_agg(id order by id) from counters"); fmt.Sprint(got) != "[1 2]" {
		t.Errorf("%v", got)
	}
	failed := box.DB().Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		run(t, tx, "insert into counters values (7, 7)")
		_, err := tx.Exec(ctx, "nonsense")
		if _, after := tx.Exec(ctx, "select 1"); err == nil || after == nil || !strings.Contains(after.Error(), "25P02") {
			t.Errorf("%v, then %v", err, after)
		}
		return nil // so that it commits
	})
	if !errors.Is(failed, pgx.ErrTxCommitRollback) {
		t.Errorf("the commit of a failed transaction: %v", failed)
	}
	deferred := box.DB().Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
		run(t, tx, "insert into counters values (8, 2)") // unique, but not before the commit
		return nil
	})
	if pg := (*pgconn.PgError)(nil); !errors.As(deferred, &pg) || pg.Code != "23505" {
		t.Errorf("a deferred constraint: %v", deferred)
	}
	if n := value[int](t, box.DB(), "select count(*) from counters"); n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestRowsCopiesAndManyGoroutinesWorkInASandbox(t *testing.T) {
	box := testkit.Sandbox(t, production(t, 2))
	db, ctx := box.DB(), t.Context()
	n, err := db.CopyFrom(ctx, pgx.Identifier{"counters"}, []string{"id", "n"}, pgx.CopyFromSlice(5000, func(i int) ([]any, error) { return []any{i + 10, i + 100000}, nil }))
	if err != nil || n != 5000 {
		t.Fatalf("%d, %v", n, err)
	}
	if _, err := db.CopyFrom(ctx, pgx.Identifier{"counters"}, []string{"id", "n"}, pgx.CopyFromRows([][]any{{20, 7}})); err == nil {
		t.Error("a copy of what is there succeeded")
	}
	rows, err := db.Query(ctx, "select id from counters where id > $1 order by id", 1)
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := pgx.CollectRows(rows, pgx.RowTo[int]); err != nil || len(ids) != 5000 {
		t.Errorf("%d, %v", len(ids), err)
	}
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for range 20 {
				err := db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, "update counters set n = n + $1 where id = 1", i)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if n := value[int](t, db, "select n from counters where id = 1"); n != 20*28 {
		t.Errorf("%d", n)
	}
}

func TestCodeThatHasTheDatabaseItselfIsAllowedIn(t *testing.T) {
	db := production(t, 4)
	box := testkit.Sandbox(t, db)
	ctx := box.Allow(t.Context())
	handler := make(chan error)
	go func() { // as a server would call it
		handler <- db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
			_, err := s.Exec(ctx, "update counters set n = 42")
			return err
		})
	}()
	if err := <-handler; err != nil {
		t.Error(err)
	}
	_, err := db.Exec(ctx, "insert into counters values (2, 7)")
	if err = errors.Join(err, db.Ping(ctx)); err != nil {
		t.Error(err)
	}
	if n := value[int](t, box.DB(), "select sum(n) from counters"); n != 49 {
		t.Errorf("in the sandbox: %d", n)
	}
	if n := value[int](t, db, "select sum(n) from counters"); n != 0 {
		t.Errorf("outside: %d", n)
	}
}

func TestWhatASandboxCanNotDoIsRefusedWithAHint(t *testing.T) {
	box := testkit.Sandbox(t, production(t, 2))
	for sql, want := range map[string]string{
		"vacuum": "25001",
		"create index concurrently i on counters (n)":       "25001",
		"begin; insert into counters values (2, 2); commit": "0A000",
		"prepare transaction 'x'":                           "0A000",
		"commit and chain":                                  "0A000",
	} {
		_, err := box.DB().Exec(t.Context(), sql)
		if pg := (*pgconn.PgError)(nil); !errors.As(err, &pg) || pg.Code != want || pg.Hint == "" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	l, err := box.DB().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	c, err := l.Conn()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Prepare(t.Context(), "b", "begin"); err == nil || !strings.Contains(err.Error(), "0A000") {
		t.Errorf("a prepared BEGIN: %v", err)
	}
	if _, err := c.Prepare(t.Context(), "b", "select count(*) from counters"); err != nil {
		t.Errorf("after it: %v", err)
	}
	if n := value[int](t, box.DB(), "select count(*) from counters"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestASessionInATransactionKeepsTheOthersWaiting(t *testing.T) {
	box := testkit.Sandbox(t, production(t, 2), testkit.SandboxOptions{TurnTime: 10 * time.Millisecond})
	first := box.DB().NewSession()
	defer first.Close()
	second := box.DB().NewSession()
	defer second.Close()
	run(t, second, "select 1")
	if err := first.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := second.Exec(t.Context(), "select 1")
	if pg := (*pgconn.PgError)(nil); !errors.As(err, &pg) || pg.Code != "55P03" || pg.Hint == "" {
		t.Errorf("%v", err)
	}
	if err := first.Commit(t.Context()); err != nil {
		t.Error(err)
	}
	run(t, second, "select 1")
}

func TestACancelledStatementLeavesTheSandboxInOrder(t *testing.T) {
	box := testkit.Sandbox(t, production(t, 2))
	run(t, box.DB(), "insert into counters values (2, 2)")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel) // more or less: it sleeps for longer
	if _, err := box.DB().Exec(ctx, "select pg_sleep(100)"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if n := value[int](t, box.DB(), "select count(*) from counters"); n != 2 {
		t.Errorf("%d rows", n)
	}
}

// failing is a test that notes its failures instead of failing.
type failing struct {
	testing.TB
	cleanups []func()
	errors   []string
}

func (f *failing) Helper()          {}
func (f *failing) Cleanup(c func()) { f.cleanups = append(f.cleanups, c) }
func (f *failing) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *failing) end() {
	for _, c := range f.cleanups {
		c()
	}
}

func TestALeaseThatIsLeftOpenFailsTheTestAndHarmsNoOther(t *testing.T) {
	db := production(t, 1)
	f := &failing{TB: t}
	s := testkit.Sandbox(f, db).DB().NewSession()
	defer s.Close()
	run(t, s, "begin")
	run(t, s, "insert into counters values (2, 2)")
	f.end()
	if len(f.errors) != 1 || !strings.Contains(f.errors[0], "a lease or a session was left open") {
		t.Errorf("%q", f.errors)
	}
	if _, err := s.Exec(t.Context(), "select 1"); err == nil {
		t.Error("the sandbox is over")
	}
	if n := value[int](t, db, "select count(*) from counters"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestASandboxWhoseBackendIsKilledFailsAsAConnectionDoes(t *testing.T) {
	db := production(t, 2)
	f := &failing{TB: t}
	box := testkit.Sandbox(f, db)
	run(t, db, "select pg_terminate_backend($1, 5000)", value[int](t, box.DB(), "select pg_backend_pid()"))
	if _, err := box.DB().Exec(t.Context(), "insert into counters values (2, 2)"); err == nil {
		t.Error("a dead backend answered")
	}
	f.end()
	if n := value[int](t, db, "select count(*) from counters"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func FuzzControlOf(f *testing.F) {
	for _, sql := range []string{"begin", " /* x */ START  transaction isolation level serializable read only;", "commit and chain", "rollback to savepoint a",
		"abort work", "end; select 1", "select 'begin'", "prepare transaction 'x'", "insert into begin values ('commit;')", ";;", "$$", "savepoint a; release a"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if strings.ContainsAny(sql, "'\"$") || strings.Contains(sql, "--") || strings.Contains(sql, "/*") {
			testkit.ControlOf(sql) // it ends, and panics not
			return
		}
		if alone := testkit.ControlOf(sql); alone != testkit.ControlOf("/* x */ "+sql+";") {
			t.Errorf("%q: a comment and a semicolon change it", sql)
		}
	})
}
