package unoactor_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// What the backends of a pool are, how many there are and for how long they live.
var poolCases = map[string]settingCase{
	"pool.node": {
		before: func(r *rig, n *config.Node, _ *config.Pool) {
			second := *n
			second.Name, second.Port = "second", proxied(r)
			r.kept = func(t *config.Topology) { t.Nodes = append(t.Nodes, second) }
		},
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.Node = "second" },
		sees: func(r *rig) {
			if one[int](r.T, r.db, "select 1") != 1 || r.proxy.Stats().Open == 0 || r.snapshot().Node != "second" {
				r.Error("it did not move")
			}
		},
	},
	"pool.database": {
		after: func(r *rig, _ *config.Node, p *config.Pool) { p.Database = anotherDatabase(r) },
		sees: func(r *rig) {
			if got := one[string](r.T, r.db, "select current_database()"); got != r.kept {
				r.Error(got)
			}
		},
	},
	"pool.user": {
		server: guarded,
		before: func(_ *rig, _ *config.Node, p *config.Pool) { p.User, p.Password = "app", "shared" },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.User = "app2" },
		sees: func(r *rig) {
			if got := one[string](r.T, r.db, "select current_user"); got != "app2" {
				r.Error(got)
			}
		},
	},
	"pool.password": {
		server: guarded,
		before: func(_ *rig, _ *config.Node, p *config.Pool) { p.User, p.Password = "app", "shared" },
		during: newPassword,
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Password = "rotated" },
		sees:   authenticates,
	},
	"pool.mode": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) { p.Reset = config.ResetDiscard },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Mode = config.Session },
		sees: func(r *rig) { // what the gateway asks for each client that logs in
			if got := r.db.Pool().Settings().Mode; got != config.Session {
				r.Error(got)
			}
		},
	},
	"pool.profile": {
		with:   []string{"pool.size", "pool.max_overflow"},
		before: func(_ *rig, _ *config.Node, p *config.Pool) { p.Size, p.Profile = 0, config.Light },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Profile = config.Heavy },
		sees: func(r *rig) {
			if st := r.db.Stats(); st.SoftLimit != 20 || st.HardLimit != 50 {
				r.Errorf("%+v", st)
			}
		},
	},
	"pool.size": {
		during: func(r *rig) { r.acquire(); r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Size = 3 },
		sees:   func(r *rig) { r.acquire() },
	},
	"pool.max_overflow": {
		during: func(r *rig) { r.acquire(); r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.MaxOverflow = 1 },
		sees:   func(r *rig) { r.acquire() },
	},
	"pool.min_idle": {
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.MinIdle = 2 },
		sees:  func(r *rig) { r.eventually("both are open", func() bool { return r.db.Stats().Idle == 2 }) },
	},
	"pool.max_lifetime": {
		ends:   true,
		during: func(r *rig) { r.kept = uint32(one[int](r.T, r.db, "select pg_backend_pid()")) },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.MaxLifetime = 10 * time.Millisecond },
		sees:   func(r *rig) { r.eventually("it is replaced", func() bool { return !r.open(r.kept.(uint32)) }) },
	},
	"pool.idle_timeout": {
		ends:  true,
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.IdleTimeout = 10 * time.Millisecond },
		sees:  func(r *rig) { r.eventually("it is closed", func() bool { return r.db.Stats().Size == 0 }) },
	},
	"pool.keepalive": {
		during: func(r *rig) { r.kept = proven(r) },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.KeepAlive = 10 * time.Millisecond },
		sees:   func(r *rig) { r.eventually("it is pinged", func() bool { return proven(r).After(r.kept.(time.Time)) }) },
	},
	"pool.validate_after_idle": {
		during: func(r *rig) { r.kept = proven(r) },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.ValidateAfterIdle = 10 * time.Millisecond },
		sees: func(r *rig) {
			var last time.Time
			r.eventually("it is pinged before a lease", func() bool {
				if time.Since(last) < 50*time.Millisecond {
					return false // it must be idle for long enough
				}
				last = time.Now()
				return r.db.Ping(r.Context()) == nil && proven(r).After(r.kept.(time.Time))
			})
		},
	},
	"pool.validate_timeout": {
		ends: true,
		before: func(r *rig, n *config.Node, p *config.Pool) {
			n.Port = proxied(r)
			p.ValidateAfterIdle, p.ValidateTimeout, p.AcquireTimeout = 10*time.Millisecond, time.Hour, 2*time.Hour
		},
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.ValidateTimeout = 50 * time.Millisecond },
		sees: func(r *rig) {
			r.proxy.BlackHole()
			var last time.Time
			r.eventually("a ping is given up", func() bool {
				if time.Since(last) < 50*time.Millisecond {
					return false // it must be idle for long enough
				}
				ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
				defer cancel()
				if l, err := r.db.Acquire(ctx); err == nil {
					l.Release()
				}
				last = time.Now()
				for _, s := range r.snapshot().Slots {
					if s.LastCause == messages.Silent {
						return true
					}
				}
				return false
			})
		},
	},
	"pool.drain_timeout": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) { p.DrainTimeout = config.Never },
		during: func(r *rig) { r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.DrainTimeout = 20 * time.Millisecond },
		sees: func(r *rig) {
			if err := r.sys.Remove(r.Context(), "default"); err == nil || !strings.Contains(err.Error(), "1 leases were revoked") {
				r.Error(err)
			}
		},
	},
	"pool.reset": {
		during: func(r *rig) { r.held = r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Reset = config.ResetDiscard },
		sees: func(r *rig) { // on the backend that was there before
			c, err := r.held.Conn()
			if err != nil {
				r.Fatal(err)
			}
			if _, err := c.Exec(r.Context(), "set search_path = left_behind"); err != nil {
				r.Error(err)
			}
			pid := c.PgConn().PID()
			r.held.Release()
			if got := one[string](r.T, r.db, "show search_path"); got == "left_behind" || !r.open(pid) {
				r.Error(got)
			}
		},
	},
	"pool.echo": {
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.Echo = true },
		sees: func(r *rig) {
			if one[int](r.T, r.db, "select 40 + 2") != 42 || !r.log.has("select 40 + 2") {
				r.Error("the statement is not in the log")
			}
		},
	},
	"pool.runtime": {
		after: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.Runtime = map[string]string{"application_name": "changed"}
		},
		sees: func(r *rig) {
			if got := one[string](r.T, r.db, "show application_name"); got != "changed" {
				r.Error(got)
			}
		},
	},
	"pool.labels": {
		after: func(_ *rig, _ *config.Node, p *config.Pool) { p.Labels = map[string]string{"team": "9"} },
		sees: func(r *rig) {
			if got := r.db.Pool().Settings().Labels["team"]; got != "9" {
				r.Error(got)
			}
		},
	},
}

// Who waits for a lease, for how long, and for how long it may last.
var queueCases = map[string]settingCase{
	"pool.acquire_timeout": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.AcquireTimeout, p.ValidateTimeout = time.Hour, time.Millisecond
		},
		during: func(r *rig) { r.acquire(); r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.AcquireTimeout = 20 * time.Millisecond },
		sees: func(r *rig) {
			if _, err := r.db.Acquire(r.Context()); !errors.Is(err, conn.ErrTimeout) {
				r.Error(err)
			}
		},
	},
	"pool.order": {
		before: func(r *rig, _ *config.Node, p *config.Pool) { p.MinIdle = 2 },
		during: func(r *rig) { r.eventually("both are open", func() bool { return r.db.Stats().Idle == 2 }) },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.Order = config.FIFO },
		sees: func(r *rig) {
			const pid = "select pg_backend_pid()"
			one[int](r.T, r.db, pid) // from now on the order is known
			one[int](r.T, r.db, pid)
			if first, second := one[int](r.T, r.db, pid), one[int](r.T, r.db, pid); first == second {
				r.Error("the same one twice")
			}
		},
	},
	"pool.queue_target": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) { p.QueueInterval = 10 * time.Millisecond },
		during: func(r *rig) { r.acquire(); r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.QueueTarget = time.Millisecond },
		sees:   overloaded,
	},
	"pool.queue_interval": {
		before: func(_ *rig, _ *config.Node, p *config.Pool) {
			p.QueueTarget, p.QueueInterval = time.Millisecond, time.Hour
		},
		during: func(r *rig) { r.acquire(); r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.QueueInterval = 10 * time.Millisecond },
		sees:   overloaded,
	},
	"pool.leak_after": {
		during: func(r *rig) { r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.LeakAfter = 20 * time.Millisecond },
		sees:   func(r *rig) { r.eventually("it is told of", func() bool { return r.snapshot().Leaks > 0 }) },
	},
	"pool.reclaim_after": {
		ends:   true,
		during: func(r *rig) { r.held = r.acquire() },
		after:  func(_ *rig, _ *config.Node, p *config.Pool) { p.ReclaimAfter = 20 * time.Millisecond },
		sees: func(r *rig) {
			r.eventually("the lease is revoked", func() bool {
				_, err := r.held.Conn()
				return err != nil
			})
		},
	},
}

func proven(r *rig) time.Time {
	var last time.Time
	for i := range r.db.Pool().Slots().Len() {
		if b := r.db.Pool().Slots().Backend(i); b != nil && b.Proven().After(last) {
			last = b.Proven()
		}
	}
	return last
}

func overloaded(r *rig) {
	r.eventually("somebody is refused early", func() bool {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		_, err := r.db.Acquire(ctx)
		return errors.Is(err, conn.ErrOverloaded)
	})
}
