package conn_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// hook does the same at every turn.
type hook struct {
	do    func(context.Context) error
	calls *[4]atomic.Int32
	at    int // 0 connect, 1 checkout, 2 checkin, 3 close
}

func (h hook) run(ctx context.Context, at int) error {
	h.calls[at].Add(1)
	if at != h.at || h.do == nil {
		return nil
	}
	return h.do(ctx)
}

func (h hook) OnConnect(ctx context.Context, _ *pgx.Conn) error   { return h.run(ctx, 0) }
func (h hook) OnCheckout(ctx context.Context, _ *pgx.Conn) error  { return h.run(ctx, 1) }
func (h hook) OnCheckin(ctx context.Context, _ *pgx.Conn) error   { return h.run(ctx, 2) }
func (h hook) BeforeClose(ctx context.Context, _ *pgx.Conn) error { return h.run(ctx, 3) }

var misdeeds = map[string]func(context.Context) error{
	"error": func(context.Context) error { return errPurpose },
	"panic": func(context.Context) error { panic("on purpose") },
	"hang":  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	"late":  func(ctx context.Context) error { <-ctx.Done(); return nil },
}

func hooked(h hook) func(*config.Pool, *conn.DialerOptions) {
	return func(p *config.Pool, o *conn.DialerOptions) {
		p.Hooks.Timeout = 30 * time.Millisecond
		o.Hooks = []conn.Hook{h}
	}
}

func TestHooksRunAtTheirTurns(t *testing.T) {
	var calls [4]atomic.Int32
	s, _, _, _ := slots(t, 1, hooked(hook{calls: &calls, at: -1}))
	for range 3 {
		l, _ := acquire(t, s)
		l.Release()
	}
	l, _ := acquire(t, s)
	s.Retire(0, messages.LifetimeOver)
	l.Release()
	if c, o, i, b := calls[0].Load(), calls[1].Load(), calls[2].Load(), calls[3].Load(); c != 1 || o != 4 || i != 3 && i != 4 || b != 1 {
		t.Errorf("connect %d, checkout %d, checkin %d, close %d", c, o, i, b)
	}
}

func TestAConnectHookThatFailsFailsTheConnect(t *testing.T) {
	for name, do := range misdeeds {
		t.Run(name, func(t *testing.T) {
			var calls [4]atomic.Int32
			_, _, d, _ := slots(t, 0, func(p *config.Pool, o *conn.DialerOptions) {
				p.Size = 1
				hooked(hook{do: do, calls: &calls})(p, o)
			})
			_, err := d.Dial(t.Context(), 1)
			want := messages.HookFailed
			if name == "hang" || name == "late" {
				want = messages.Broken // it may be the server that is slow
			}
			var failed *conn.HookError
			if !errors.As(err, &failed) || conn.Classify(err) != want || failed.Hook != "conn_test.hook" || !strings.Contains(err.Error(), `on_connect of pool "default"`) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestACheckoutHookThatFailsIsTriedOnOneOtherBackend(t *testing.T) {
	for name, do := range misdeeds {
		t.Run(name, func(t *testing.T) {
			var calls [4]atomic.Int32
			s, k, _, _ := slots(t, 3, hooked(hook{do: do, calls: &calls, at: 1}))
			_, err := s.Acquire(t.Context())
			var failed *conn.HookError
			if !errors.As(err, &failed) || calls[1].Load() != 2 {
				t.Errorf("%v after %d tries", err, calls[1].Load())
			}
			if got := k.causes(); len(got) != 2 || s.Stats().Idle != 1 {
				t.Errorf("causes %v, %+v", got, s.Stats())
			}
		})
	}
}

func TestACheckinHookThatFailsEndsTheBackendAndNobodySeesIt(t *testing.T) {
	for name, do := range misdeeds {
		t.Run(name, func(t *testing.T) {
			var calls [4]atomic.Int32
			s, k, _, _ := slots(t, 1, hooked(hook{do: do, calls: &calls, at: 2}))
			l, _ := acquire(t, s)
			l.Release()
			if got := k.causes(); len(got) != 2 || got[0] != messages.Dirty || got[1] != messages.HookFailed {
				t.Errorf("causes %v", got)
			}
			if st := s.Stats(); st.Size != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

func TestHooksWrittenInSQL(t *testing.T) {
	s, _, _, _ := slots(t, 1, func(p *config.Pool, _ *conn.DialerOptions) {
		p.Hooks = config.Hooks{
			OnConnect:  []string{"create temporary table log (what text)", "insert into log values ('connect')"},
			OnCheckout: []string{"insert into log values ('checkout')"}, OnCheckin: []string{"insert into log values ('checkin')"},
		}
	})
	l, _ := acquire(t, s)
	l.Release()
	l, b := acquire(t, s)
	defer l.Release()
	var got string
	if err := b.Conn().QueryRow(t.Context(), "select string_agg(what, ' ') from log").Scan(&got); err != nil || got != "connect checkout checkin checkout" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAHookThatLeavesATransactionOpenFails(t *testing.T) {
	_, _, d, _ := slots(t, 0, func(p *config.Pool, _ *conn.DialerOptions) {
		p.Size, p.Hooks.OnConnect = 1, []string{"begin"}
	})
	if _, err := d.Dial(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "leave a transaction open") {
		t.Errorf("got %v", err)
	}
}

// almostHook has a method of the right name that nobody would call.
type almostHook struct{}

func (almostHook) OnConnect(context.Context) error { return nil }

func TestAHookThatWouldNeverBeCalledIsRefused(t *testing.T) {
	_, err := conn.NewDialer(config.Node{Host: "127.0.0.1"}, config.Pool{Name: "main"}, conn.DialerOptions{Hooks: []conn.Hook{almostHook{}}})
	if err == nil || !strings.Contains(err.Error(), `pool "main": the hook conn_test.almostHook has none of the methods of a hook`) {
		t.Errorf("%v", err)
	}
}
