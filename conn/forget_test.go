package conn_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/testkit"
)

// tracer is a tracer that does nothing.
type tracer struct{}

func (tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// sqlHook is a hook in Go that runs SQL at one turn.
type sqlHook struct{ connect, checkout, checkin string }

func (h sqlHook) run(ctx context.Context, c *pgx.Conn, sql string) error {
	if sql == "" {
		return nil
	}
	_, err := c.Exec(ctx, sql)
	return err
}
func (h sqlHook) OnConnect(ctx context.Context, c *pgx.Conn) error  { return h.run(ctx, c, h.connect) }
func (h sqlHook) OnCheckout(ctx context.Context, c *pgx.Conn) error { return h.run(ctx, c, h.checkout) }
func (h sqlHook) OnCheckin(ctx context.Context, c *pgx.Conn) error  { return h.run(ctx, c, h.checkin) }

func TestStatementsWithParametersGoOnAfterTheServerHasForgottenThem(t *testing.T) {
	for name, change := range map[string]func(*config.Pool, *conn.DialerOptions){
		"reset = deallocate all":        func(p *config.Pool, _ *conn.DialerOptions) { p.Reset = "deallocate all" },
		"reset = discard all":           func(p *config.Pool, _ *conn.DialerOptions) { p.Reset = config.ResetDiscard },
		"reset in capitals, of several": func(p *config.Pool, _ *conn.DialerOptions) { p.Reset = "DEALLOCATE ALL; select 1" },
		"reset by a block":              func(p *config.Pool, _ *conn.DialerOptions) { p.Reset = "do $$ begin execute 'deallocate all'; end $$" },
		"on_checkin = discard all":      func(p *config.Pool, _ *conn.DialerOptions) { p.Hooks.OnCheckin = []string{"discard all"} },
		"on_checkin = deallocate all": func(p *config.Pool, _ *conn.DialerOptions) {
			p.Hooks.OnCheckin = []string{"deallocate all", "select 1"}
		},
		"on_checkout = discard all": func(p *config.Pool, _ *conn.DialerOptions) { p.Hooks.OnCheckout = []string{"discard all"} },
		"a hook in Go, at checkin":  func(_ *config.Pool, o *conn.DialerOptions) { o.Hooks = []conn.Hook{sqlHook{checkin: "discard all"}} },
		"a hook in Go, at checkout": func(_ *config.Pool, o *conn.DialerOptions) {
			o.Hooks = []conn.Hook{sqlHook{checkout: "deallocate all"}}
		},
		"traced": func(p *config.Pool, o *conn.DialerOptions) {
			o.Tracer, o.Hooks = tracer{}, []conn.Hook{sqlHook{checkin: "discard all"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _, _ := slots(t, 1, change)
			for range 4 {
				l, b := acquire(t, s)
				for range 2 {
					var n int
					if err := b.Conn().QueryRow(t.Context(), "select $1::int", 7).Scan(&n); err != nil || n != 7 {
						t.Errorf("%d, %v", n, err)
					}
				}
				l.Release()
			}
		})
	}
}

func TestAHolderMayHaveTheServerForgetItsStatements(t *testing.T) {
	for name, do := range map[string]func(context.Context, *pgx.Conn) error{
		"discard all": func(ctx context.Context, c *pgx.Conn) error { _, err := c.Exec(ctx, "discard all"); return err },
		"deallocate all, in a transaction that is rolled back": func(ctx context.Context, c *pgx.Conn) error {
			for _, sql := range []string{"begin", "deallocate all", "rollback"} {
				if _, err := c.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		},
		"by a query": func(ctx context.Context, c *pgx.Conn) error {
			rows, err := c.Query(ctx, "DEALLOCATE PREPARE ALL")
			if err != nil {
				return err
			}
			rows.Close()
			return rows.Err()
		},
		"by a batch": func(ctx context.Context, c *pgx.Conn) error {
			b := &pgx.Batch{}
			b.Queue("select 1")
			b.Queue("deallocate all")
			return c.SendBatch(ctx, b).Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _, _ := slots(t, 1, nil)
			l, b := acquire(t, s)
			defer l.Release()
			if _, err := b.Conn().Prepare(t.Context(), "mine", "select 1"); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := b.Conn().Exec(t.Context(), "select $1::int", 7); err != nil {
					t.Error(err)
				}
				if err := do(t.Context(), b.Conn()); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := b.Conn().Exec(t.Context(), "mine"); testkit.IsSQLState(err, "26000") {
				t.Errorf("pgx believes that it is still prepared: %v", err)
			}
		})
	}
}

// What is deallocated behind everybody's back fails once, and not for the next holder.
func TestAStatementThatTheServerHasNotGotIsForgottenWithTheLease(t *testing.T) {
	s, _, _, _ := slots(t, 1, nil)
	l, b := acquire(t, s)
	for _, sql := range []string{"select $1::int", "select $1::int + 1"} {
		if _, err := b.Conn().Exec(t.Context(), sql, 7); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Conn().PgConn().Exec(t.Context(), "do $$ begin execute 'deallocate all'; end $$").ReadAll(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Conn().Exec(t.Context(), "select $1::int", 7); !testkit.IsSQLState(err, "26000") {
		t.Fatalf("%v", err)
	}
	l.Release()
	l, b = acquire(t, s)
	defer l.Release()
	if _, err := b.Conn().Exec(t.Context(), "select $1::int + 1", 7); err != nil {
		t.Error(err)
	}
}
