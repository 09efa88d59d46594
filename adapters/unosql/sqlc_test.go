package unosql_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor"
)

// What sqlc generates takes an interface of few methods. These are of the shape of those
// for database/sql and for pgx, and so are the queries on them.
type (
	sqlDBTX interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
		PrepareContext(context.Context, string) (*sql.Stmt, error)
		QueryContext(context.Context, string, ...any) (*sql.Rows, error)
		QueryRowContext(context.Context, string, ...any) *sql.Row
	}
	pgxDBTX interface {
		Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
		Query(context.Context, string, ...any) (pgx.Rows, error)
		QueryRow(context.Context, string, ...any) pgx.Row
	}
)

// Below a pool, a lease and its transactions, code for pgx needs no adapter.
var (
	_ pgxDBTX = (*unoactor.DB)(nil)
	_ pgxDBTX = unoactor.Lease{}
	_ pgxDBTX = pgx.Tx(nil)
)

type task struct {
	ID   int32
	Name string
	Done sql.NullBool
}

const (
	createTask = "insert into tasks (name) values ($1) returning id, name, done"
	listTasks  = "select id, name, done from tasks order by id"
	finishTask = "update tasks set done = true where id = $1"
)

// sqlQueries is what it makes for database/sql.
type sqlQueries struct{ db sqlDBTX }

func (q *sqlQueries) withTx(tx *sql.Tx) *sqlQueries { return &sqlQueries{db: tx} }

func (q *sqlQueries) create(ctx context.Context, name string) (task, error) {
	var i task
	err := q.db.QueryRowContext(ctx, createTask, name).Scan(&i.ID, &i.Name, &i.Done)
	return i, err
}

func (q *sqlQueries) list(ctx context.Context) ([]task, error) {
	rows, err := q.db.QueryContext(ctx, listTasks)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []task
	for rows.Next() {
		var i task
		if err := rows.Scan(&i.ID, &i.Name, &i.Done); err != nil {
			return nil, err
		}
		items = append(items, i)
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	return items, rows.Err()
}

func (q *sqlQueries) finish(ctx context.Context, id int32) (int64, error) {
	result, err := q.db.ExecContext(ctx, finishTask, id)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// pgxQueries is what it makes for pgx.
type pgxQueries struct{ db pgxDBTX }

func (q *pgxQueries) withTx(tx pgx.Tx) *pgxQueries { return &pgxQueries{db: tx} }

func (q *pgxQueries) create(ctx context.Context, name string) (task, error) {
	var i task
	err := q.db.QueryRow(ctx, createTask, name).Scan(&i.ID, &i.Name, &i.Done)
	return i, err
}

func (q *pgxQueries) list(ctx context.Context) ([]task, error) {
	rows, err := q.db.Query(ctx, listTasks)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []task
	for rows.Next() {
		var i task
		if err := rows.Scan(&i.ID, &i.Name, &i.Done); err != nil {
			return nil, err
		}
		items = append(items, i)
	}
	return items, rows.Err()
}

func (q *pgxQueries) finish(ctx context.Context, id int32) (int64, error) {
	tag, err := q.db.Exec(ctx, finishTask, id)
	return tag.RowsAffected(), err
}

// queries is what both can do.
type queries interface {
	create(context.Context, string) (task, error)
	list(context.Context) ([]task, error)
	finish(context.Context, int32) (int64, error)
}

// work has a task created, finished and listed.
func work(t *testing.T, q queries, before int) {
	t.Helper()
	made, err := q.create(t.Context(), "write")
	if err != nil || made.Name != "write" || made.Done.Valid {
		t.Fatalf("%+v, %v", made, err)
	}
	if n, err := q.finish(t.Context(), made.ID); n != 1 || err != nil {
		t.Errorf("%d finished, %v", n, err)
	}
	if all, err := q.list(t.Context()); err != nil || len(all) != before+1 || !all[before].Done.Bool {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestCodeAsSqlcGeneratesItRunsOnBothFaces(t *testing.T) {
	db, ctx := open(t), t.Context()
	db.must(t, "create table tasks (id int generated always as identity primary key, name text not null, done bool)")
	onSQL, onPool := &sqlQueries{db: db}, &pgxQueries{db: db.pool}
	work(t, onSQL, 0)
	work(t, onPool, 1)

	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	work(t, onSQL.withTx(tx), 2)
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	l, err := db.pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Release()
	work(t, &pgxQueries{db: l}, 2)
	leased, err := l.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	work(t, onPool.withTx(leased), 3)
	if err := leased.Commit(ctx); err != nil {
		t.Error(err)
	}
	if all, err := onSQL.list(ctx); err != nil || len(all) != 4 {
		t.Errorf("%+v, %v", all, err)
	}
}
