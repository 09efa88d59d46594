package gateway_test

import (
	"errors"
	"net"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func (w world) pgx(t *testing.T, mode pgx.QueryExecMode) *pgx.Conn {
	t.Helper()
	c, err := pgx.ParseConfig("postgres://dev@" + net.JoinHostPort(w.host, w.port) + "/default?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	c.DefaultQueryExecMode = mode
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestConformance10PgxWithoutNamedStatementsWorksInTransactionMode(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(p *config.Pool, _ *config.Gateway) { p.Size = 3 })
	ctx := t.Context()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeExec, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			c, noise := w.pgx(t, mode), w.login(t)
			for _, sql := range []string{"drop table if exists y", "create table y (a int, b text)"} {
				if _, err := c.Exec(ctx, sql); err != nil {
					t.Fatal(err)
				}
			}
			n, err := c.CopyFrom(ctx, pgx.Identifier{"y"}, []string{"a", "b"}, pgx.CopyFromSlice(1000, func(i int) ([]any, error) { return []any{int32(i), "b"}, nil }))
			if err != nil || n != 1000 {
				t.Errorf("CopyFrom: %d, %v", n, err)
			}
			for i := range 20 {
				noise.query("select 1")
				var got int
				if err := c.QueryRow(ctx, "select a from y where a = $1", i).Scan(&got); err != nil || got != i {
					t.Fatal(got, err)
				}
			}
			err = pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "update y set b = $1 where a = $2", "c", 7)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			batch := &pgx.Batch{}
			batch.Queue("select b from y where a = $1", 7)
			batch.Queue("select b from y where a = $1", 8)
			results := c.SendBatch(ctx, batch)
			var seven, eight string
			err = errors.Join(err, results.QueryRow().Scan(&seven), results.QueryRow().Scan(&eight), results.Close(), c.Close(ctx))
			if err != nil || seven != "c" || eight != "b" {
				t.Error(seven, eight, err)
			}
			_ = noise.conn.Close()
			w.quiet(t)
		})
	}
}

func TestConformance11NamedStatementsAreRefusedInTransactionModeAndTheSessionLives(t *testing.T) {
	both(t, func(t *testing.T, w world) {
		ctx := t.Context()
		c := w.pgx(t, pgx.QueryExecModeCacheStatement)
		var n int
		err := c.QueryRow(ctx, "select $1::int", 7).Scan(&n)
		if w.tree.Topology().Pools[0].Mode == config.Session {
			if err != nil || n != 7 {
				t.Error(n, err)
			}
			if err := c.QueryRow(ctx, "select $1::int", 8).Scan(&n); err != nil || n != 8 {
				t.Error(n, err)
			}
		} else {
			var pg *pgconn.PgError
			if !errors.As(err, &pg) || pg.Code != "0A000" || pg.Hint == "" || pg.Detail == "" {
				t.Errorf("%v", err)
			}
			if err := c.QueryRow(ctx, "select $1::int", pgx.QueryExecModeExec, 9).Scan(&n); err != nil || n != 9 {
				t.Errorf("afterwards: %d, %v", n, err)
			}
			tx, err := c.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = tx.QueryRow(ctx, "select $1::int", 7).Scan(&n)
			err = tx.QueryRow(ctx, "select 1", pgx.QueryExecModeExec).Scan(&n)
			if !errors.As(err, &pg) || pg.Code != "25P02" {
				t.Errorf("in a transaction that is aborted: %v", err)
			}
			if err := tx.Rollback(ctx); err != nil {
				t.Error(err)
			}
		}
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		w.quiet(t)
	})
}

func TestConformance8UnknownDatabasesAreRefused(t *testing.T) {
	server, database := testkit.Shared(t)
	w := startWith(t, server, database, config.Route{Name: "only", Database: "default", Pool: "default"}, nil)
	r := w.dial(t)
	r.write(slices.Concat([]byte{0, 0, 0, 35, 0, 3, 0, 0}, []byte("user\x00dev\x00database\x00nowhere\x00\x00")))
	if got := r.hear(1); got != "FATAL:3D000 EOF" {
		t.Error(got)
	}
	w.login(t).expect("select 1", "1")
}

func TestConformanceLimitOfClients(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) { g.MaxClients = 1 })
	first := w.login(t)
	second := w.dial(t)
	second.write(slices.Concat([]byte{0, 0, 0, 18, 0, 3, 0, 0}, []byte("user\x00dev\x00\x00")))
	if got := second.hear(1); got != "FATAL:53300 EOF" {
		t.Error(got)
	}
	first.expect("select 1", "1")
}
