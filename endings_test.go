package unoactor_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/testkit"
)

// The endings of work, for every face of a pool and every statement that it has: each
// runs on a pool of one backend, which must be there for the next statement afterwards,
// with nothing left of the work on the server. A new face, statement or ending is a row.

// slow is a statement that does something and takes its time; started is called when its
// server is at it, if it is given the means to tell.
type statement struct {
	name string
	has  func(door) bool
	run  func(ctx context.Context, d door) error // as is usual, with everything closed
	open func(ctx context.Context, d door) error // leaves open what can be left open
}

const slowInsert = "with i as (insert into t values (1) returning pg_sleep(60)) select * from i"

func drain(rows openRows, err error) error {
	if err != nil {
		return err
	}
	defer rows.close()
	for rows.next() {
	}
	return rows.err()
}

func slowBatch() *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue("insert into t values ($1)", 1)
	b.Queue(slowInsert)
	b.Queue("select 2")
	return b
}

// endless gives rows until it is told to stop; each is taken when the server has room.
type endless struct{ stop func() bool }

func (e endless) Next() bool           { return !e.stop() }
func (endless) Values() ([]any, error) { return []any{1}, nil }
func (endless) Err() error             { return nil }

var statements = []statement{
	{
		name: "Exec", has: func(door) bool { return true },
		run: func(ctx context.Context, d door) error { return d.exec(ctx, slowInsert) },
	},
	{
		name: "Exec with arguments", has: func(d door) bool { return !d.literals },
		run: func(ctx context.Context, d door) error {
			return d.exec(ctx, "with i as (insert into t values ($1) returning pg_sleep(60)) select * from i", 1)
		},
	},
	{
		name: "Query", has: func(door) bool { return true },
		run: func(ctx context.Context, d door) error { return drain(d.query(ctx, slowInsert)) },
		open: func(ctx context.Context, d door) error {
			if !d.autocommit { // else it is done
				if err := d.exec(ctx, "insert into t values (1)"); err != nil {
					return err
				}
			}
			rows, err := d.query(ctx, "select repeat('x', 100) from generate_series(1, 100000)")
			if err == nil {
				rows.next()
			}
			return err
		},
	},
	{
		name: "SendBatch", has: func(d door) bool { return d.batch != nil },
		run: func(ctx context.Context, d door) error {
			br := d.batch(ctx, slowBatch())
			_, err := br.Exec()
			if err == nil {
				_, err = br.Exec()
			}
			return errors.Join(err, br.Close())
		},
	},
	{
		name: "SendBatch, closed", has: func(d door) bool { return d.batch != nil },
		run: func(ctx context.Context, d door) error { return d.batch(ctx, slowBatch()).Close() },
	},
	{
		name: "rows of a batch", has: func(d door) bool { return d.batch != nil },
		run: func(ctx context.Context, d door) error {
			b := &pgx.Batch{}
			b.Queue(slowInsert)
			br := d.batch(ctx, b)
			rows, err := br.Query()
			err = drain(pgxRows{rows}, err)
			return errors.Join(err, br.Close())
		},
	},
	{
		name: "CopyFrom", has: func(d door) bool { return d.copyFrom != nil },
		run: func(ctx context.Context, d door) error {
			return d.copyFrom(ctx, pgx.Identifier{"slow"}, []string{"a"}, pgx.CopyFromRows([][]any{{1}}))
		},
	},
	{
		name: "CopyFrom, half way", has: func(d door) bool { return d.copyFrom != nil },
		run: func(ctx context.Context, d door) error {
			return d.copyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, endless{func() bool { return false }})
		},
	},
}

// bench is a pool of one backend on a server, with what it needs.
type endingBench struct {
	db     *unoactor.DB
	server *testkit.Server
	name   string // of its database
}

func endings(t *testing.T, server *testkit.Server, database string, port int) endingBench {
	t.Helper()
	top := topology(server, database)
	top.Nodes[0].Port = uint16(port)
	top.Pools[0].Size, top.Pools[0].AcquireTimeout = 1, 20*time.Second
	sys, err := unoactor.New(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = sys.Close(ctx)
	})
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	return endingBench{db, server, database}
}

func (b endingBench) prepare(t *testing.T) {
	t.Helper()
	if err := b.server.Exec(t.Context(), b.name, `create table if not exists t (a int); create table if not exists slow (a int);
		create or replace function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return new; end $$;
		create or replace trigger slowly before insert on slow for each row execute function slowly()`); err != nil {
		t.Fatal(err)
	}
}

// after asserts that the backend came back, and that nothing is left of the work.
func (b endingBench) after(t *testing.T) {
	t.Helper()
	testkit.CheckNoLeases(t, b.db.Pool())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var n int
	if err := b.db.QueryRow(ctx, "select (select count(*) from t) + (select count(*) from slow)").Scan(&n); err != nil || n != 0 {
		t.Errorf("the next statement: %d rows of the work, %v", n, err)
	}
	for left := "?"; left != "0" && !t.Failed(); {
		var err error
		if left, err = b.server.QueryValue(ctx, b.name, `select count(*) from pg_locks l join pg_stat_activity a using (pid)
			where a.datname = current_database() and a.pid <> pg_backend_pid() and l.mode like '%Exclusive%' and l.locktype = 'relation'`); err != nil {
			t.Errorf("locks stay: %v", err)
		}
	}
}

// busy waits until the server works on a statement of the test's.
func (b endingBench) busy(ctx context.Context) error {
	for {
		n, err := b.server.QueryValue(ctx, b.name, `select count(*) from pg_stat_activity where datname = current_database()
			and pid <> pg_backend_pid() and state = 'active' and (wait_event = 'PgSleep' or query ilike 'copy%')`)
		if err != nil || n != "0" {
			return err
		}
	}
}

func inFace(ctx context.Context, b endingBench, f face, run func(door) error) (autocommit bool, err error) {
	err = f.open(ctx, b.db, func(d door) error { autocommit = d.autocommit; return run(d) })
	return autocommit, err
}

func TestEveryStatementOfEveryFaceTellsTheEndOfItsContextAndGivesItsBackendBack(t *testing.T) {
	server, database := testkit.Shared(t)
	b := endings(t, server, database, server.Port())
	b.prepare(t)
	shutdown := errors.New("the service ends")
	for _, f := range faces {
		for _, s := range statements {
			for _, kind := range []string{"a deadline", "a call"} {
				t.Run(fmt.Sprintf("%s/%s/%s", f.name, s.name, kind), func(t *testing.T) {
					if !hasStatement(t, b, f, s) {
						t.Skip("it has no such statement")
					}
					ctx, cancel := context.WithCancelCause(t.Context())
					want := context.Canceled
					if kind == "a deadline" {
						var stop context.CancelFunc
						ctx, stop = context.WithTimeout(t.Context(), 60*time.Millisecond)
						defer stop()
						want = context.DeadlineExceeded
					} else {
						go func() {
							_ = b.busy(ctx)
							cancel(shutdown)
						}()
					}
					defer cancel(nil)
					_, err := inFace(ctx, b, f, func(d door) error { return s.run(ctx, d) })
					if !errors.Is(err, want) {
						t.Errorf("got %v", err)
					}
					if kind == "a deadline" && !pgconn.Timeout(err) && testkit.IsSQLState(err, "57014") {
						t.Errorf("no timeout to pgconn: %v", err)
					}
					b.after(t)
				})
			}
		}
	}
}

func hasStatement(t *testing.T, b endingBench, f face, s statement) (has bool) {
	t.Helper()
	errSkip := errors.New("asked")
	_ = f.open(t.Context(), b.db, func(d door) error { has = s.has(d); return errSkip })
	return has
}

func TestEveryFaceGivesItsBackendBackWhateverTheWorkLeftOpen(t *testing.T) {
	server, database := testkit.Shared(t)
	b := endings(t, server, database, server.Port())
	b.prepare(t)
	failure := errors.New("of the work")
	left := map[string]func(ctx context.Context, d door) error{
		"nothing": func(ctx context.Context, d door) error { return d.exec(ctx, "lock table t") },
		"rows":    statements[2].open,
		"a batch": func(ctx context.Context, d door) error {
			b := &pgx.Batch{}
			b.Queue("select 1 from t for update")
			b.Queue("select 1/0")
			b.Queue("select 2")
			br := d.batch(ctx, b)
			_, _ = br.Exec()
			_, err := br.Exec()
			return err
		},
		"rows of a batch": func(ctx context.Context, d door) error {
			b := &pgx.Batch{}
			b.Queue("select generate_series(1, 100000)")
			rows, err := d.batch(ctx, b).Query()
			if err == nil {
				rows.Next()
			}
			return err
		},
		"a statement of another goroutine": func(ctx context.Context, d door) error {
			go func() { _ = d.exec(context.WithoutCancel(ctx), slowInsert) }()
			for {
				if n, err := server.QueryValue(ctx, database, "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"); err != nil || n != "0" {
					return err
				}
			}
		},
		"a COPY half way": func(ctx context.Context, d door) error {
			var rows atomic.Int32
			return d.copyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, endless{func() bool {
				if rows.Add(1) > 1000 {
					panic("in the source")
				}
				return false
			}})
		},
		"a COPY whose goroutine ended": func(ctx context.Context, d door) error {
			var rows atomic.Int32
			return d.copyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, endless{func() bool {
				if rows.Add(1) > 1000 {
					runtime.Goexit()
				}
				return false
			}})
		},
		"an argument that panics": func(ctx context.Context, d door) error { return d.exec(ctx, "select $1::text", panicking{}) },
	}
	for _, f := range faces {
		for name, leave := range left {
			for _, end := range []string{"an error", "a panic", "Goexit"} {
				t.Run(fmt.Sprintf("%s/%s/%s", f.name, name, end), func(t *testing.T) {
					switch {
					case strings.Contains(name, "batch") && !hasStatement(t, b, f, statements[3]), strings.Contains(name, "COPY") && !hasStatement(t, b, f, statements[6]):
						t.Skip("it has no such statement")
					case f.name == "DB" && name != "an argument that panics" && !strings.Contains(name, "COPY"), f.name == "sql.DB" && strings.Contains(name, "rows"), name == "nothing" && (f.name == "sql.DB"):
						t.Skip("what a statement of its own leaves open is a lease that is forgotten")
					case f.name == "sql.Conn" && name == "rows", strings.Contains(f.name, "sql") && strings.Contains(name, "goroutine"), strings.Contains(f.name, "bun") && strings.Contains(name, "goroutine"):
						t.Skip("database/sql has it wait")
					}
					done := make(chan struct{})
					go func() {
						defer close(done)
						defer func() { _ = recover() }()
						_, err := inFace(t.Context(), b, f, func(d door) error {
							err := leave(t.Context(), d)
							switch end {
							case "a panic":
								panic("in the work")
							case "Goexit":
								runtime.Goexit()
							}
							return errors.Join(failure, err)
						})
						if err != nil && !errors.Is(err, failure) {
							t.Errorf("got %v", err)
						}
					}()
					<-done
					b.after(t)
				})
			}
		}
	}
}

// panicking is an argument that panics when it is encoded.
type panicking struct{}

func (panicking) Value() (driver.Value, error) { panic("in an argument") }
