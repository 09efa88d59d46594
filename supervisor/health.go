package supervisor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/unoactor/unoactor/actors"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// Health is how a pool is, in a word.
type Health uint8

// The states of health. The worst of several is the greatest.
const (
	OK       Health = iota
	Warning         // it serves, and somebody should look
	Critical        // it does not serve, or soon will not
)

var healths = [...]string{"OK", "WARNING", "CRITICAL"}

func (h Health) String() string { return healths[h] }

// HealthStatus is how a pool is, and why.
type HealthStatus struct {
	Status  Health
	Details []string // sentences, the most serious first; none while all is well
	// Metrics are figures by name: pool_utilization (used / hard limit, 0 to 1),
	// size, used, idle, waiting, soft_limit, hard_limit, restarts, leaks, breaker,
	// node_up, paused, last_error ("" if there is none).
	Metrics map[string]any
}

// fullAt is the utilisation of the hard limit from which on the health of a pool is a warning.
const fullAt = 0.8

// recentLeak is for how long after a leak the health of its pool is a warning.
const recentLeak = time.Minute

// vitals are all that assess knows of a pool.
type vitals struct {
	stats    conn.Stats
	node     actors.NodeView
	closed   bool
	readOnly bool
	refused  error // why the pool can't connect now, nil if it can
	failure  *conn.Failure
	lastLeak time.Time
	leaks    uint64
	restarts uint64
	now      time.Time
}

// assess returns the health of a pool. It is a pure function.
func assess(v vitals) HealthStatus {
	var found []finding
	add := func(is bool, h Health, format string, args ...any) {
		if is {
			found = append(found, finding{h, fmt.Sprintf(format, args...)})
		}
	}
	st, n := v.stats, v.node
	serves := st.Idle+st.Used > 0
	add(v.closed, Critical, "the pool is closed")
	add(n.Breaker == messages.BreakerOpen, Critical, "the breaker of node %q is open until %s: %v", n.Name, n.Next.Format(time.TimeOnly), n.Err)
	add(!n.Up && !serves, Critical, "node %q can't be connected to, for %v: %v", n.Name, v.now.Sub(n.Since).Round(time.Second), n.Err)
	add(v.refused != nil && !serves, Critical, "the pool can't connect: %v", v.refused)
	add(!n.Up && serves, Warning, "node %q can't be connected to, for %v, but %d backends serve: %v", n.Name, v.now.Sub(n.Since).Round(time.Second), st.Size, n.Err)
	add(v.refused != nil && serves, Warning, "the pool can't open more backends: %v", v.refused)
	add(v.readOnly, Warning, "the server takes no writes, though node %q is a primary", n.Name)
	add(st.Waiting > 0, Warning, "%d wait for a lease", st.Waiting)
	add(st.Utilisation() >= fullAt, Warning, "%d of at most %d backends are in use", st.Used, st.HardLimit)
	add(st.Paused, Warning, "the pool is paused")
	add(n.Up && v.refused == nil && v.failure != nil, Warning, "the last attempt to connect failed: %v", errorOf(v.failure))
	add(!v.lastLeak.IsZero() && v.now.Sub(v.lastLeak) < recentLeak, Warning, "a lease was reported as leaked %v ago", v.now.Sub(v.lastLeak).Round(time.Second))
	slices.SortStableFunc(found, func(a, b finding) int { return cmp.Compare(b.health, a.health) })

	s := HealthStatus{Metrics: v.metrics()}
	for _, f := range found {
		s.Status = max(s.Status, f.health)
		s.Details = append(s.Details, f.text)
	}
	return s
}

type finding struct {
	health Health
	text   string
}

func errorOf(f *conn.Failure) error {
	if f == nil {
		return nil
	}
	return f.Err
}

func (v vitals) metrics() map[string]any {
	last := ""
	if err := cmp.Or(errorOf(v.failure), v.refused, v.node.Err); err != nil {
		last = err.Error()
	}
	st := v.stats
	return map[string]any{
		"pool_utilization": st.Utilisation(), "size": st.Size, "used": st.Used, "idle": st.Idle, "waiting": st.Waiting,
		"soft_limit": st.SoftLimit, "hard_limit": st.HardLimit, "restarts": v.restarts, "leaks": v.leaks,
		"breaker": v.node.Breaker.String(), "node_up": v.node.Up, "paused": st.Paused, "last_error": last,
	}
}

// Health returns how the pool is, as far as is known without a question to the server. Safe for
// concurrent use.
func (p *Pool) Health() HealthStatus {
	view := p.view.Load()
	v := vitals{
		stats: p.Stats(), node: *p.node.Load().view.Load(), closed: view.draining, readOnly: view.readOnly, refused: view.refused,
		failure: p.slots.LastFailure(), leaks: p.leaks.Load(), now: time.Now(),
	}
	if at := p.lastLeak.Load(); at > 0 {
		v.lastLeak = time.Unix(0, at)
	}
	for _, s := range view.slots {
		v.restarts += s.restarts
	}
	return assess(v)
}
