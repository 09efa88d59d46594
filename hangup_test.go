package unoactor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/testkit"
)

// dooms ends each new backend before its first lease, as a proxy may that lets nobody through.
type dooms struct{ server *testkit.Server }

func (d dooms) OnConnect(ctx context.Context, c *pgx.Conn) error {
	_, err := d.server.TerminateBackends(ctx, fmt.Sprintf("pid = %d", c.PgConn().PID()))
	return err
}

func TestWhereTheServerHangsUpOnEachNewConnectionAStatementIsToldSo(t *testing.T) {
	server, database := testkit.Shared(t)
	top := topology(server, database)
	top.Pools[0].Size = 2
	sys, err := unoactor.New(t.Context(), top, unoactor.WithHooks("default", dooms{server}))
	if err != nil {
		t.Fatal(err)
	}
	closing(t, sys)
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	std := unosql.Open(db)
	defer std.Close()
	for name, exec := range map[string]func(context.Context) error{
		"DB":      func(ctx context.Context) error { _, err := db.Exec(ctx, "select 1"); return err },
		"Session": func(ctx context.Context) error { return db.NewSession().Begin(ctx) },
		"unosql":  func(ctx context.Context) error { _, err := std.ExecContext(ctx, "select 1"); return err },
	} {
		if err := exec(t.Context()); !errors.Is(err, conn.ErrHangsUp) || unoactor.Unknown(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
