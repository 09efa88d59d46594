package unoactor_test

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
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/testkit"
)

func TestStatementsEachLeaseABackendAndGiveItBack(t *testing.T) {
	db, ctx := open(t), t.Context()
	if tag, err := db.Exec(ctx, "create table t (a int); insert into t select generate_series(1, 3)"); err != nil || tag.RowsAffected() != 3 {
		t.Fatalf("%v, %v", tag, err)
	}
	rows, err := db.Query(ctx, "select a from t order by a")
	if err != nil {
		t.Fatal(err)
	}
	if n := db.Stats().Used; n != 1 {
		t.Errorf("%d leases while rows are open", n)
	}
	if got, err := pgx.CollectRows(rows, pgx.RowTo[int]); err != nil || len(got) != 3 || got[2] != 3 {
		t.Errorf("%v, %v", got, err)
	}
	rows, err = db.Query(ctx, "select a from t")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	rows.Close() // before the end
	rows.Close()
	var n int
	if err := db.QueryRow(ctx, "select a from t where a > $1", 99).Scan(&n); !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("no row: %v", err)
	}
	var pg *pgconn.PgError
	if err := db.QueryRow(ctx, "select 1 / $1::int", 0).Scan(&n); !errors.As(err, &pg) || pg.Code != "22012" {
		t.Errorf("division: %v", err)
	}
	if _, err := db.Exec(ctx, "nonsense"); !errors.As(err, &pg) || pg.Code != "42601" {
		t.Errorf("nonsense: %v", err)
	}
	if err := db.QueryRow(ctx, "select 'text'").Scan(&n); err == nil {
		t.Error("text was scanned into a number")
	}
}

func TestBatchesAndCopies(t *testing.T) {
	db, ctx := open(t), t.Context()
	if _, err := db.Exec(ctx, "create table t (a int, b text)"); err != nil {
		t.Fatal(err)
	}
	n, err := db.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a", "b"}, pgx.CopyFromSlice(1000, func(i int) ([]any, error) { return []any{i, "x"}, nil }))
	if err != nil || n != 1000 {
		t.Fatalf("%d, %v", n, err)
	}
	b := &pgx.Batch{}
	sum := 0
	b.Queue("select sum(a) from t").QueryRow(func(row pgx.Row) error { return row.Scan(&sum) })
	b.Queue("delete from t where a >= $1", 10)
	if err := db.SendBatch(ctx, b).Close(); err != nil || sum != 499500 {
		t.Errorf("%d, %v", sum, err)
	}
	if _, err := db.CopyFrom(ctx, pgx.Identifier{"missing"}, []string{"a"}, pgx.CopyFromRows(nil)); err == nil {
		t.Error("a copy into nothing succeeded")
	}
	failing := &pgx.Batch{}
	failing.Queue("select 1 / 0")
	if err := db.SendBatch(ctx, failing).Close(); err == nil {
		t.Error("a failing batch succeeded")
	}
}

func TestTxCommitsRollsBackAndSurvivesAPanic(t *testing.T) {
	db, ctx := open(t), t.Context()
	if _, err := db.Exec(ctx, "create table t (a int)"); err != nil {
		t.Fatal(err)
	}
	insert := func(tx pgx.Tx) { _, _ = tx.Exec(ctx, "insert into t values (1)") }
	wrong := errors.New("on purpose")
	if err := db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { insert(tx); return wrong }); !errors.Is(err, wrong) {
		t.Errorf("rolled back with %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		_ = db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { insert(tx); panic("on purpose") })
	}()
	if err := db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { insert(tx); return nil }); err != nil {
		t.Error(err)
	}
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	insert(tx)
	if err := tx.Rollback(ctx); err != nil {
		t.Error(err)
	}
	var n int
	if err := db.QueryRow(ctx, "select count(*) from t").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
	err = db.Tx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, "insert into t values (2)"); return err })
	if !testkit.IsSQLState(err, "25006") {
		t.Errorf("a write in a read-only transaction: %v", err)
	}
}

func TestAContextThatEndsCancelsOnTheServerAndIsTold(t *testing.T) {
	db := open(t)
	if err := db.Ping(t.Context()); err != nil { // so that the time below is not spent on connecting
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := db.Exec(ctx, "select pg_sleep(600)")
	if !errors.Is(err, context.DeadlineExceeded) || !testkit.IsSQLState(err, "57014") {
		t.Errorf("Exec: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	rows, err := db.Query(ctx, "select pg_sleep(600)")
	if err == nil {
		for rows.Next() {
			t.Error("a row")
		}
		err = rows.Err()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Query: %v", err)
	}
	if _, err := db.Exec(ctx, "select 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that had ended: %v", err)
	}
}

func TestALeaseKeepsItsSessionAndIsDeadAfterRelease(t *testing.T) {
	db, ctx := open(t), t.Context()
	l, err := db.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Exec(ctx, "create temporary table mine (a int)"); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := l.QueryRow(ctx, "select count(*) from mine").Scan(&n); err != nil {
		t.Error(err)
	}
	l.Release()
	l.Release() // does nothing
	var stale *conn.StaleLeaseError
	for name, err := range map[string]error{
		"Exec":     second(l.Exec(ctx, "select 1")),
		"Query":    second(l.Query(ctx, "select 1")),
		"QueryRow": l.QueryRow(ctx, "select 1").Scan(&n),
		"Batch":    l.SendBatch(ctx, &pgx.Batch{}).Close(),
		"Copy":     second(l.CopyFrom(ctx, pgx.Identifier{"t"}, nil, nil)),
		"Begin":    second(l.Begin(ctx)),
	} {
		if !errors.As(err, &stale) {
			t.Errorf("%s after release: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestABackendThatWasKilledWhileIdleIsNotNoticedByAStatement(t *testing.T) {
	server, database := testkit.Shared(t)
	sys, err := unoactor.New(t.Context(), topology(server, database))
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(context.Background())
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		var pid int
		if err := db.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		gone := fmt.Sprintf("pid = %d", pid)
		if _, err := server.TerminateBackends(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		for backends := []testkit.BackendInfo{{}}; len(backends) > 0; { // until its process has ended
			if backends, err = server.Backends(t.Context(), gone); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := sys.Snapshot().Pools[0].Restarts; n < 5 { // the last ones may be under way
		t.Errorf("the tree tells of %d restarts", n)
	}
}

// lines is a log that several goroutines write.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestAnUnknownPoolIsToldWhichThereAre(t *testing.T) {
	server, database := testkit.Shared(t)
	sys, err := unoactor.New(t.Context(), topology(server, database))
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(context.Background())
	if _, err := sys.DB("analytics"); err == nil || !strings.Contains(err.Error(), `"default"`) {
		t.Errorf("got %v", err)
	}
	if _, err := unoactor.New(t.Context(), config.Topology{Nodes: []config.Node{{Name: "main"}}}); err == nil || !strings.Contains(err.Error(), "the topology has no pool") {
		t.Errorf("a topology with a node and no pool: %v", err)
	}
}
