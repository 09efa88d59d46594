package unoactor_test

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

// The blocks within a pool.
var blockCases = map[string]settingCase{
	"pool.sizing.step": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) { p.Size, p.MaxOverflow = 1, 3 },
		during: func(r *rig) { r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Sizing.Step = 2 },
		sees: func(r *rig) {
			r.eventually("it grows", func() bool { return r.db.Stats().SoftLimit == 4 || r.db.Stats().SoftLimit == 3 })
		},
	},
	"pool.sizing.grow_at": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Size, p.MaxOverflow, p.Sizing = 4, 3, config.Sizing{Step: 1, GrowAt: 1, ShrinkAt: 0.01}
		},
		during: func(r *rig) { r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Sizing.GrowAt = 0.2 },
		sees:   func(r *rig) { r.eventually("it grows", func() bool { return r.db.Stats().SoftLimit > 4 }) },
	},
	"pool.sizing.grow_waiting": {
		cold: true,
		before: func(r *rig, n *config.Node, p *config.Pool) {
			down(r, n, p)
			p.Size, p.MaxOverflow, p.Sizing = 4, 3, config.Sizing{Step: 1, GrowWaiting: 1000}
		},
		during: refused,
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Sizing.GrowWaiting = 1 },
		sees:   func(r *rig) { r.eventually("it grows", func() bool { return r.db.Stats().SoftLimit > 4 }) },
	},
	"pool.sizing.shrink_at": {
		ends: true,
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Size, p.MaxOverflow, p.Sizing = 1, 3, config.Sizing{Step: 3, GrowAt: 1, ShrinkAt: 0.1, CoolDown: 20 * time.Millisecond}
		},
		during: grown,
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Sizing.ShrinkAt = 0.5 },
		sees:   func(r *rig) { r.eventually("it shrinks", func() bool { return r.db.Stats().SoftLimit < 4 }) },
	},
	"pool.sizing.cool_down": {
		ends: true,
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Size, p.MaxOverflow, p.Sizing = 1, 3, config.Sizing{Step: 3, GrowAt: 1, ShrinkAt: 0.5, CoolDown: time.Hour}
		},
		during: grown,
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Sizing.CoolDown = 20 * time.Millisecond },
		sees:   func(r *rig) { r.eventually("it shrinks", func() bool { return r.db.Stats().SoftLimit < 4 }) },
	},
	"pool.retry.max_retries": {
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.Retry.MaxRetries = 2 },
		sees:  repeats(3),
	},
	"pool.retry.retry_delay": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Retry = config.Retry{MaxRetries: 2, RetryDelay: time.Hour}
		},
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.Retry.RetryDelay = time.Millisecond },
		sees:  repeats(3),
	},
	"pool.retry.backoff_factor": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Retry = config.Retry{MaxRetries: 2, RetryDelay: time.Millisecond, BackoffFactor: 1e7}
		},
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.Retry.BackoffFactor = 1 },
		sees:  repeats(3),
	},
	"pool.retry.retryable_errors": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Retry = config.Retry{MaxRetries: 2, RetryableErrors: []string{"deadlock"}}
		},
		after: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Retry.RetryableErrors = []string{"deadlock", "serialization"}
		},
		sees: repeats(3),
	},
	"pool.hooks.on_connect": {
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.Hooks.OnConnect = []string{"set search_path = hooked"} },
		sees:  hooked,
	},
	"pool.hooks.on_checkout": {
		after: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Hooks.OnCheckout = []string{"set search_path = hooked"}
		},
		sees: hooked,
	},
	"pool.hooks.on_checkin": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) { p.Size = 1 },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Hooks.OnCheckin = []string{"set search_path = hooked"} },
		sees: func(r *rig) {
			one[int](r.T, r.db, "select 1")
			hooked(r)
		},
	},
	"pool.hooks.before_close": {
		during: func(r *rig) {
			if _, err := r.db.Exec(r.Context(), "create table closed ()"); err != nil {
				r.Fatal(err)
			}
		},
		after: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Hooks.BeforeClose = []string{"insert into closed default values"}
		},
		sees: func(r *rig) {
			one[int](r.T, r.db, "select 1")
			if n, err := r.db.Pool().ClearIdle(r.Context()); n == 0 || err != nil {
				r.Error(n, err)
			}
			if one[int](r.T, r.db, "select count(*) from closed") == 0 {
				r.Error("the hook did not run")
			}
		},
	},
	"pool.hooks.timeout": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Hooks.OnCheckout, p.Hooks.Timeout = []string{"select pg_sleep(0.2)"}, time.Hour
		},
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.Hooks.Timeout = 20 * time.Millisecond },
		sees: func(r *rig) {
			var hook *conn.HookError
			if _, err := r.db.Acquire(r.Context()); !errors.As(err, &hook) || !hook.Lost {
				r.Error(err)
			}
		},
	},
}

// grown makes the pool grow to four backends and leaves one of them leased.
func grown(r *rig) {
	held := []unoactor.Lease{r.acquire(), r.acquire(), r.acquire(), r.acquire()}
	r.eventually("it has grown", func() bool { return r.db.Stats().SoftLimit == 4 })
	for _, l := range held[1:] {
		l.Release()
	}
}

// repeats runs a transaction that fails for its isolation, and counts.
func repeats(want int) func(*rig) {
	return func(r *rig) {
		ctx, cancel := context.WithTimeout(r.Context(), 15*time.Second)
		defer cancel()
		n := 0
		err := r.db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error {
			n++
			_, err := tx.Exec(ctx, "do $$ begin raise sqlstate '40001'; end $$")
			return err
		})
		var pg *pgconn.PgError
		if n != want || !errors.As(err, &pg) || pg.Code != "40001" {
			r.Errorf("ran %d times, want %d: %v", n, want, err)
		}
	}
}

func hooked(r *rig) {
	if got := one[string](r.T, r.db, "show search_path"); got != "hooked" {
		r.Error(got)
	}
}
