package config

import (
	"cmp"
	"time"
)

// Profile names a row of the sizing table.
type Profile string

// The profiles: backends kept, overflow, lifetime.
const (
	Light  Profile = "light"  // 5 + 10, 1 h
	Medium Profile = "medium" // 10 + 20, 30 min; the default
	Heavy  Profile = "heavy"  // 20 + 30, 15 min
	Batch  Profile = "batch"  // 30 + 50, 10 min
)

var profiles = map[Profile]struct {
	size, overflow int
	lifetime       time.Duration
}{
	Light:  {5, 10, time.Hour},
	Medium: {10, 20, 30 * time.Minute},
	Heavy:  {20, 30, 15 * time.Minute},
	Batch:  {30, 50, 10 * time.Minute},
}

// Complete returns a copy of t in which every setting that was left at its
// zero value has its default, and every pool the database, user and password
// of its node. It checks nothing.
func (t Topology) Complete() Topology {
	nodes := make(map[string]Node, len(t.Nodes))
	out := t
	out.Nodes = make([]Node, len(t.Nodes))
	for i, n := range t.Nodes {
		out.Nodes[i] = n.complete()
		nodes[n.Name] = out.Nodes[i]
	}
	out.Pools = make([]Pool, len(t.Pools))
	for i, p := range t.Pools {
		out.Pools[i] = p.complete(nodes[p.Node])
	}
	out.Routes = make([]Route, len(t.Routes))
	for i, r := range t.Routes {
		set(&r.Access, Any)
		out.Routes[i] = r
	}
	out.Gateway = t.Gateway.complete()
	set(&out.Log.Level, "info")
	set(&out.Log.Format, "text")
	return out
}

func (n Node) complete() Node {
	set(&n.Host, "127.0.0.1")
	set(&n.Port, 5432)
	set(&n.Role, Primary)
	set(&n.TLS.Mode, "prefer")
	set(&n.ConnectTimeout, 5*time.Second)
	set(&n.BackoffMin, 100*time.Millisecond)
	set(&n.BackoffMax, 15*time.Second)
	if n.Breaker.FailureThreshold != 0 {
		n.Breaker = n.Breaker.complete()
	}
	return n
}

// applyProfile sets size and overflow of a pool in a file, where it is known
// what was written, be it 0:
//
//	neither written          both from the profile, which is medium if not written
//	max_overflow only        size from the profile
//	size, and a profile      overflow from the profile
//	size only                no overflow: a bare size is the whole of the pool
//
// In Go zero is not written, so there a Size without MaxOverflow has none.
func (p *Pool) applyProfile(sized, overflows bool) {
	profile := profiles[cmp.Or(p.Profile, Medium)]
	if overflows && !sized {
		p.Size = profile.size
	}
	if sized && !overflows && p.Profile != "" {
		p.MaxOverflow = profile.overflow
	}
}

func (p Pool) complete(n Node) Pool {
	set(&p.Database, n.Database)
	set(&p.User, n.User)
	set(&p.Password, n.Password)
	set(&p.Mode, Transaction)
	set(&p.Profile, Medium)
	profile := profiles[p.Profile]
	if p.Size == 0 {
		p.Size = profile.size
		set(&p.MaxOverflow, profile.overflow)
	}
	set(&p.MaxLifetime, profile.lifetime)
	set(&p.AcquireTimeout, 30*time.Second)
	set(&p.IdleTimeout, 10*time.Minute)
	set(&p.KeepAlive, 2*time.Minute)
	set(&p.ValidateAfterIdle, 30*time.Second)
	set(&p.ValidateTimeout, min(time.Second, max(p.AcquireTimeout/2, 1))) // in time to lend another instead
	set(&p.Order, LIFO)
	set(&p.QueueTarget, Never)
	set(&p.QueueInterval, time.Second)
	set(&p.LeakAfter, Never)
	set(&p.ReclaimAfter, Never)
	if p.Sizing.Step != 0 {
		p.Sizing = p.Sizing.complete()
	}
	if p.Retry.MaxRetries != 0 {
		p.Retry = p.Retry.complete()
	}
	if p.Mode == Session {
		set(&p.Reset, ResetDiscard)
	}
	set(&p.Reset, ResetRollback)
	set(&p.Hooks.Timeout, 5*time.Second)
	set(&p.DrainTimeout, 10*time.Second)
	return p
}

// The blocks below are off while the setting that turns them on is 0, and then
// have no defaults, so that what is written for nothing is found.

func (b Breaker) complete() Breaker {
	set(&b.TripTimeout, time.Minute)
	set(&b.ResetTimeout, 30*time.Second)
	return b
}

func (s Sizing) complete() Sizing {
	set(&s.GrowAt, 0.8)
	set(&s.GrowWaiting, 1)
	set(&s.ShrinkAt, 0.5)
	set(&s.CoolDown, 30*time.Second)
	return s
}

func (r Retry) complete() Retry {
	set(&r.RetryDelay, 100*time.Millisecond)
	set(&r.BackoffFactor, 2)
	if len(r.RetryableErrors) == 0 {
		r.RetryableErrors = []string{"connection", "serialization", "deadlock"}
	}
	return r
}

func (g Gateway) complete() Gateway {
	if len(g.Listen) == 0 {
		g.Listen = []string{"127.0.0.1:6432"}
	}
	set(&g.Auth, SCRAM)
	if g.Auth == Trust {
		set(&g.SocketMode, "0700")
	}
	set(&g.SocketMode, "0777")
	set(&g.MaxClients, 10000)
	set(&g.MaxLogins, max(200, g.MaxClients/5))
	set(&g.MaxLoginsPerAddress, max(1, g.MaxLogins/2))
	set(&g.LoginTimeout, 15*time.Second)
	set(&g.QueryWait, 2*time.Minute)
	set(&g.IdleTimeout, Never)
	set(&g.IdleInTransaction, Never)
	set(&g.WriteTimeout, Never)
	set(&g.DrainTimeout, 30*time.Second)
	set(&g.MaxMessage, 1<<30)
	return g
}

// set gives *p the default when it was left at its zero value.
func set[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}
