package unosql_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// openWith is [open] with one backend, whose pool is changed.
func openWith(t *testing.T, change func(*config.Pool)) bench {
	t.Helper()
	server, database := testkit.Shared(t)
	top := topology(server, database)
	top.Pools[0].Size = 1
	change(&top.Pools[0])
	sys, err := unoactor.New(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := sys.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	pool, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	b := bench{DB: unosql.Open(pool), pool: pool, server: server}
	t.Cleanup(func() {
		testkit.CheckNoLeases(t, pool.Pool())
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// useAll runs statements with arguments by each library, so that they would be prepared.
func useAll(t *testing.T, db bench) {
	t.Helper()
	for n := range 3 {
		if got := one[int](t, db, "select $1::int + 1", n); got != n+1 {
			t.Errorf("database/sql: %d", got)
		}
		var got int
		if err := sqlx.NewDb(db.DB, "pgx").GetContext(t.Context(), &got, "select $1::int + 2", n); err != nil || got != n+2 {
			t.Errorf("sqlx: %d, %v", got, err)
		}
		for _, prepare := range []bool{false, true} {
			if err := openGORM(t, db, prepare).Raw("select ?::int + 3", n).Scan(&got).Error; err != nil || got != n+3 {
				t.Errorf("GORM, prepared %v: %d, %v", prepare, got, err)
			}
		}
	}
}

func TestStatementsWorkWhereTheServerForgetsThemBetweenLeases(t *testing.T) {
	for name, change := range map[string]func(*config.Pool){
		"a hook that discards all":      func(p *config.Pool) { p.Hooks.OnCheckin = []string{"discard all"} },
		"a hook that deallocates":       func(p *config.Pool) { p.Hooks.OnCheckin = []string{"select 1", "deallocate prepare all"} },
		"a hook at checkout":            func(p *config.Pool) { p.Hooks.OnCheckout = []string{"discard all"} },
		"a reset that discards":         func(p *config.Pool) { p.Reset = config.ResetDiscard },
		"a reset of one's own":          func(p *config.Pool) { p.Reset = "deallocate all" },
		"a reset of several statements": func(p *config.Pool) { p.Reset = "reset all; DEALLOCATE ALL" },
	} {
		t.Run(name, func(t *testing.T) { useAll(t, openWith(t, change)) })
	}
}

func TestStatementsWorkAfterSomebodyHasDiscardedThem(t *testing.T) {
	for _, discard := range []string{"deallocate all", "DEALLOCATE PREPARE ALL", "discard all", "/* x */ discard all;", "select 1; deallocate all", "deallocate all; select 1", "discard plans"} {
		t.Run(discard, func(t *testing.T) {
			db := openWith(t, func(*config.Pool) {})
			s, err := db.PrepareContext(t.Context(), "select $1::int + 4")
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for n := range 3 {
				useAll(t, db)
				db.must(t, discard)
				if got := one[int](t, statement{s}, "", n); got != n+4 {
					t.Errorf("a prepared statement: %d", got)
				}
				c, err := db.Conn(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, by := range []func() error{
					func() error { _, err := c.ExecContext(t.Context(), discard); return err },
					func() error {
						if strings.Contains(discard, "; ") {
							return nil // only without arguments, by Exec
						}
						rows, err := c.QueryContext(t.Context(), discard)
						if err != nil {
							return err
						}
						return errors.Join(rows.Close(), rows.Err())
					},
				} {
					var got int
					first := c.QueryRowContext(t.Context(), "select $1::int", n).Scan(&got)
					if err := errors.Join(first, by(), c.QueryRowContext(t.Context(), "select $1::int", n).Scan(&got)); err != nil || got != n {
						t.Errorf("on the same connection: %d, %v", got, err)
					}
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// statement is a querier of one text.
type statement struct{ *sql.Stmt }

func (s statement) QueryRowContext(ctx context.Context, _ string, args ...any) *sql.Row {
	return s.Stmt.QueryRowContext(ctx, args...)
}
