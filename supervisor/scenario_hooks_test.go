package supervisor_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// A function as each of the hooks.
type (
	bOnConnect   func(context.Context, *pgx.Conn) error
	bOnCheckout  func(context.Context, *pgx.Conn) error
	bOnCheckin   func(context.Context, *pgx.Conn) error
	bBeforeClose func(context.Context, *pgx.Conn) error
)

func (f bOnConnect) OnConnect(ctx context.Context, c *pgx.Conn) error     { return f(ctx, c) }
func (f bOnCheckout) OnCheckout(ctx context.Context, c *pgx.Conn) error   { return f(ctx, c) }
func (f bOnCheckin) OnCheckin(ctx context.Context, c *pgx.Conn) error     { return f(ctx, c) }
func (f bBeforeClose) BeforeClose(ctx context.Context, c *pgx.Conn) error { return f(ctx, c) }

// bFuse makes a hook fail as long as there are faults left.
type bFuse struct {
	faults atomic.Int32
	failed atomic.Int32
}

func (f *bFuse) hook(fault func(context.Context) error) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, c *pgx.Conn) error {
		if f.faults.Load() > 0 && f.faults.Add(-1) >= 0 {
			f.failed.Add(1)
			return fault(ctx)
		}
		return c.Ping(ctx)
	}
}

const forever = 1 << 30

var errHook = errors.New("the hook fails on purpose")

// A hook that fails, panics or hangs costs the backend it runs on, and nothing
// else: not the process, not the slot, not who comes next.
func TestScenario17_Hooks(t *testing.T) {
	faults := map[string]func(context.Context) error{
		"error":   func(context.Context) error { return errHook },
		"panic":   func(context.Context) error { panic(errHook) },
		"overrun": func(ctx context.Context) error { <-ctx.Done(); return nil },
		"hang":    func(context.Context) error { <-t.Context().Done(); return nil },
		"stops":   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	}
	turns := map[string]struct {
		hook func(func(context.Context, *pgx.Conn) error) conn.Hook
		test func(*testing.T, *bFuse, *supervisor.Pool, *testkit.Server)
	}{
		"on_connect":   {func(f func(context.Context, *pgx.Conn) error) conn.Hook { return bOnConnect(f) }, hookOnConnect},
		"on_checkout":  {func(f func(context.Context, *pgx.Conn) error) conn.Hook { return bOnCheckout(f) }, hookOnCheckout},
		"on_checkin":   {func(f func(context.Context, *pgx.Conn) error) conn.Hook { return bOnCheckin(f) }, hookOnCheckin},
		"before_close": {func(f func(context.Context, *pgx.Conn) error) conn.Hook { return bBeforeClose(f) }, hookBeforeClose},
	}
	for turn, of := range turns {
		for name, fault := range faults {
			t.Run(turn+"/"+name, func(t *testing.T) {
				t.Parallel()
				server, database := testkit.Shared(t)
				fuse := &bFuse{}
				hook := of.hook(fuse.hook(fault))
				options := supervisor.Options{Dialer: func(config.Pool) conn.DialerOptions { return conn.DialerOptions{Hooks: []conn.Hook{hook}} }}
				sys, p := bStart(t, server, database, options, func(_ *config.Node, p *config.Pool) {
					p.Size, p.Hooks.Timeout = 2, 300*time.Millisecond
				})
				of.test(t, fuse, p, server)
				if fuse.failed.Load() == 0 {
					t.Error("the hook never failed")
				}
				fuse.faults.Store(0)
				for _, l := range acquireAll(t, p, 2) { // no slot was lost
					b, err := l.Backend()
					if err != nil {
						t.Fatal(err)
					}
					bExec(t, b, "select 1")
					l.Release()
				}
				testkit.CheckNoLeases(t, p)
				bClose(t, sys)
				testkit.CheckNoBackends(t, server, database)
			})
		}
	}
}

// hookOnConnect: the connect counts as failed.
func hookOnConnect(t *testing.T, fuse *bFuse, p *supervisor.Pool, server *testkit.Server) {
	fuse.faults.Store(forever)
	_, err := p.Acquire(t.Context())
	var acquire *conn.AcquireError
	var hook *conn.HookError
	if !errors.As(err, &acquire) || !errors.As(err, &hook) || acquire.LastFailure == nil {
		t.Errorf("who waits for it learns %v", err)
	}
	fuse.faults.Store(0)
	eventually(t, "what failed is closed, and another serves", func() bool {
		_, err := query(t.Context(), p, "select 'x'")
		backends, failed := server.Backends(t.Context(), bOurs(p.Config().Database))
		return err == nil && failed == nil && len(backends) == p.Stats().Size
	})
}

// hookOnCheckout: another backend is tried once, then the caller gets the error.
func hookOnCheckout(t *testing.T, fuse *bFuse, p *supervisor.Pool, _ *testkit.Server) {
	if err := p.WarmUp(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	fuse.faults.Store(1)
	l, err := p.Acquire(t.Context())
	if err != nil {
		t.Fatalf("one backend failed, and no other was tried: %v", err)
	}
	l.Release()
	eventually(t, "it is replaced", func() bool { return p.Stats().Idle == 2 })
	before := fuse.failed.Load()
	fuse.faults.Store(forever)
	_, err = p.Acquire(t.Context())
	var hook *conn.HookError
	if !errors.As(err, &hook) {
		t.Errorf("both failed: %v", err)
	}
	if n := fuse.failed.Load() - before; n != 2 {
		t.Errorf("%d backends were tried", n)
	}
	fuse.faults.Store(0)
	eventually(t, "three were replaced", func() bool { return p.Snapshot().Restarts == 3 })
}

// hookOnCheckin: who releases sees nothing, who comes next gets another backend.
func hookOnCheckin(t *testing.T, fuse *bFuse, p *supervisor.Pool, _ *testkit.Server) {
	fuse.faults.Store(1)
	l, b := bLease(t, p)
	pid := b.PID()
	l.Release()
	eventually(t, "it is replaced", func() bool { return p.Snapshot().Restarts == 1 && p.Stats().Idle > 0 })
	for _, l := range acquireAll(t, p, 2) {
		if b, err := l.Backend(); err != nil || b.PID() == pid {
			t.Errorf("a backend whose hook failed is lent again, %v", err)
		}
		defer l.Release()
	}
}

// hookBeforeClose: the backend is closed all the same.
func hookBeforeClose(t *testing.T, fuse *bFuse, p *supervisor.Pool, server *testkit.Server) {
	if err := p.WarmUp(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	fuse.faults.Store(forever)
	if n, err := p.ClearIdle(t.Context()); n != 2 || err != nil {
		t.Errorf("%d are closed, %v", n, err)
	}
	backends, err := server.Backends(t.Context(), bOurs(p.Config().Database))
	if err != nil || len(backends) != 0 {
		t.Errorf("left: %v, %v", backends, err)
	}
	if n := fuse.failed.Load(); n != 2 {
		t.Errorf("the hook ran %d times", n)
	}
}

// A connect hook that always fails is tried less and less often.
func TestScenario17_AConnectHookThatFailsIsBackedOff(t *testing.T) {
	server := &bServer{answer: func(sql string) *pgproto3.ErrorResponse {
		if sql == "select fails" {
			return testkit.Error("ERROR", "42883", "no such thing")
		}
		return nil
	}}
	bBubble(t, server, func(n *config.Node, p *config.Pool) {
		n.BackoffMin, n.BackoffMax = time.Second, time.Minute
		p.MinIdle, p.Hooks.OnConnect = 4, []string{"select fails"}
	}, func(t *testing.T, _ *supervisor.System, p *supervisor.Pool) {
		for range 600 {
			if _, err := p.Acquire(t.Context()); !testkit.IsSQLState(err, "42883") {
				t.Fatal(err)
			}
			time.Sleep(6007 * time.Millisecond) //nolint:forbidigo // in a bubble, this is how time passes
		}
		// Up to four a minute, or a little more often: waits are jittered.
		if _, most, _, entered := server.seen(); entered < 60 || entered > 600 || most > 4 {
			t.Errorf("%d attempts in an hour, %d at once", entered, most)
		}
	})
}
