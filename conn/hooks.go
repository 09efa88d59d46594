package conn

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// Hook runs code of the program's at some points of a backend's life. It implements one or more of
// [ConnectHook], [CheckoutHook], [CheckinHook] and [CloseHook]. A backend whose hook fails, panics
// or runs for longer than the pool's hooks.timeout is closed. Hooks of different backends run at the
// same time, so the methods must be safe for concurrent use.
type Hook any

// ConnectHook runs on each new backend, before its first lease. Its error is the pool's failure to
// connect: see [HookError].
type ConnectHook interface {
	OnConnect(context.Context, *pgx.Conn) error
}

// CheckoutHook runs at each checkout, on the goroutine of the acquirer. If it fails, the acquirer gets
// another backend, once, and then the error.
type CheckoutHook interface {
	OnCheckout(context.Context, *pgx.Conn) error
}

// CheckinHook runs after each lease, in the background, when the backend was reset.
type CheckinHook interface {
	OnCheckin(context.Context, *pgx.Conn) error
}

// CloseHook runs before a backend that still works is closed. Its error is dropped.
type CloseHook interface {
	BeforeClose(context.Context, *pgx.Conn) error
}

// checkHooks returns an error for a hook that would never be called, such as one whose methods have
// other parameters than the interfaces.
func checkHooks(hooks []Hook) error {
	for _, h := range hooks {
		_, connects := h.(ConnectHook)
		_, checksOut := h.(CheckoutHook)
		_, checksIn := h.(CheckinHook)
		_, closes := h.(CloseHook)
		if !connects && !checksOut && !checksIn && !closes {
			return fmt.Errorf("the hook %T has none of the methods of a hook: write OnConnect, OnCheckout, OnCheckin or BeforeClose, "+
				"each func(context.Context, *pgx.Conn) error", h)
		}
	}
	return nil
}

// HookError is the error of a hook.
type HookError struct {
	Hook string // its Go type or function, or the setting that holds its SQL, such as hooks.on_connect
	Err  error
	// Lost says that the connection was lost while the hook ran, or that the hook ran for too
	// long: the fault may be the server's rather than the hook's.
	Lost bool
}

func (e *HookError) Error() string { return "hook " + e.Hook + ": " + e.Err.Error() }

// Unwrap returns the hook's own error.
func (e *HookError) Unwrap() error { return e.Err }

type hookFunc = func(context.Context, *pgx.Conn) error

// hookGrace is how long a hook may take to return after its deadline.
const hookGrace = time.Second

// run calls one hook, f, on a goroutine of its own, and returns a [*HookError] if it failed, panicked or
// overran its time. A hook that does not return by then is left alone with the backend, whose socket
// is closed.
func (d *Dialer) run(ctx context.Context, h Hook, f hookFunc, b *Backend) error {
	ctx, cancel := context.WithTimeout(ctx, d.pool.Hooks.Timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		var err error
		returned := false
		defer func() {
			if !returned {
				err = Panicked(recover())
			}
			done <- err
		}()
		err = f(ctx, b.Conn())
		returned = true
	}()
	select {
	case err := <-done:
		return d.hookFailure(ctx, h, b, err)
	case <-ctx.Done():
	}
	grace := time.NewTimer(hookGrace)
	defer grace.Stop()
	select {
	case err := <-done:
		return d.hookFailure(ctx, h, b, err)
	case <-grace.C:
	}
	b.abandoned.Store(true)
	b.pg.Conn().Close()
	return &HookError{hookName(h), fmt.Errorf("overran its %v and did not stop: %w", d.pool.Hooks.Timeout, ctx.Err()), true}
}

func (d *Dialer) hookFailure(ctx context.Context, h Hook, b *Backend, err error) error {
	switch {
	case err != nil:
		return &HookError{hookName(h), err, ctx.Err() != nil || b.pg.IsClosed()}
	case ctx.Err() != nil:
		return &HookError{hookName(h), fmt.Errorf("overran its %v: %w", d.pool.Hooks.Timeout, ctx.Err()), true}
	}
	return nil
}

// hookName is the name by which a hook's author knows it.
func hookName(h Hook) string {
	switch h.(type) {
	case onConnect:
		return "hooks.on_connect"
	case onCheckout:
		return "hooks.on_checkout"
	case onCheckin:
		return "hooks.on_checkin"
	case beforeClose:
		return "hooks.before_close"
	}
	if v := reflect.ValueOf(h); v.Kind() == reflect.Func {
		if f := runtime.FuncForPC(v.Pointer()); f != nil {
			return f.Name()
		}
	}
	return fmt.Sprintf("%T", h)
}

// cause is what the failure means while a backend is connected: Broken if the fault may be the
// server's or the network's, and HookFailed otherwise. An error of SQL is judged as one of a startup.
func (e *HookError) cause() messages.Cause {
	var pg *pgconn.PgError
	if e.Lost || errors.As(e.Err, &pg) && !Follows(judgeAnswer(pg)).AtOnce {
		return messages.Broken
	}
	return messages.HookFailed
}

// denies returns whether the server refused the hook's own SQL.
func (e *HookError) denies() bool {
	return e.cause() == messages.HookFailed && isA[*pgconn.PgError](e.Err)
}

// HasCheckoutHooks returns whether some hook runs at checkouts.
func (d *Dialer) HasCheckoutHooks() bool { return len(pick[CheckoutHook](d.hooks)) > 0 }

// runCheckoutHooks runs the checkout hooks with which the backend was dialed.
func (b *Backend) runCheckoutHooks(ctx context.Context) error {
	d := b.dialer
	for _, h := range pick[CheckoutHook](d.hooks) {
		if err := d.run(ctx, h, h.OnCheckout, b); err != nil {
			return fmt.Errorf("on_checkout of pool %q: %w", d.pool.Name, err)
		}
	}
	return nil
}

func connectHooks(hooks []Hook) []ConnectHook { return pick[ConnectHook](hooks) }
func checkinHooks(hooks []Hook) []CheckinHook { return pick[CheckinHook](hooks) }
func closeHooks(hooks []Hook) []CloseHook     { return pick[CloseHook](hooks) }

func pick[T any](hooks []Hook) []T {
	var out []T
	for _, h := range hooks {
		if t, ok := h.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

// statements are hooks written as SQL.
type (
	onConnect   []string
	onCheckout  []string
	onCheckin   []string
	beforeClose []string
)

func (s onConnect) OnConnect(ctx context.Context, c *pgx.Conn) error     { return script(ctx, c, s) }
func (s onCheckout) OnCheckout(ctx context.Context, c *pgx.Conn) error   { return script(ctx, c, s) }
func (s onCheckin) OnCheckin(ctx context.Context, c *pgx.Conn) error     { return script(ctx, c, s) }
func (s beforeClose) BeforeClose(ctx context.Context, c *pgx.Conn) error { return script(ctx, c, s) }

func sqlHooks(h config.Hooks) []Hook {
	var hooks []Hook
	if len(h.OnConnect) > 0 {
		hooks = append(hooks, onConnect(h.OnConnect))
	}
	if len(h.OnCheckout) > 0 {
		hooks = append(hooks, onCheckout(h.OnCheckout))
	}
	if len(h.OnCheckin) > 0 {
		hooks = append(hooks, onCheckin(h.OnCheckin))
	}
	if len(h.BeforeClose) > 0 {
		hooks = append(hooks, beforeClose(h.BeforeClose))
	}
	return hooks
}

// script runs statements in one round trip, by the simple protocol. It returns an error if they leave
// a transaction open.
func script(ctx context.Context, c *pgx.Conn, statements []string) error {
	if err := runOwn(ctx, c, strings.Join(statements, ";\n")); err != nil {
		return err
	}
	if c.PgConn().TxStatus() != 'I' {
		return errors.New("the statements leave a transaction open")
	}
	return nil
}
