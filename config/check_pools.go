package config

import (
	"fmt"
	"maps"
	"slices"
)

// maxBackends is the most that one pool may have: a slip of the finger is likelier
// than a PostgreSQL with a greater max_connections.
const maxBackends = 10000

// ownParameters are the startup parameters that are settings, or nobody's to set.
var ownParameters = map[string]string{
	"user": "write user = ... in the pool", "database": "write database = ... in the pool",
	"password": "write password = ... in the pool", "replication": "a pool can't hold replication connections",
}

func (k *checker) pools(t Topology) {
	if len(t.Pools) == 0 && !k.misread {
		k.add(Problem{What: "the topology has no pool", Advice: `add a block: pool "default" { node = node.main }`})
	}
	names(k, "pool", t.Pools, func(p Pool) (string, Source) { return p.Name, p.Source })
	nodes := pluck(t.Nodes, func(n Node) string { return n.Name })
	for _, p := range t.Pools {
		what := fmt.Sprintf("pool %q", p.Name)
		if p.Node == "" || !slices.Contains(nodes, p.Node) {
			k.unknownName(p.Source, "node", what, p.Node, "node", nodes)
		}
		oneOf(k, p.Source, "mode", what, p.Mode, Session, Transaction)
		oneOf(k, p.Source, "profile", what, p.Profile, Light, Medium, Heavy, Batch)
		if _, known := profiles[p.Profile]; known { // else what it would have given is missing
			k.sizes(p, what)
			k.timings(p.Source, what, timing{"max_lifetime", p.MaxLifetime, false})
		}
		k.timings(p.Source, what, timing{"acquire_timeout", p.AcquireTimeout, false}, timing{"idle_timeout", p.IdleTimeout, false},
			timing{"drain_timeout", p.DrainTimeout, false}, timing{"hooks.timeout", p.Hooks.Timeout, true})
		k.pings(p, what)
		k.queue(p, what)
		k.leaks(p, what)
		k.sizing(p, what)
		k.retry(p, what)
		if p.Mode == Session && p.Reset == ResetNone {
			k.wrong(p.Source, "reset", what, `write reset = "discard all", or leave it out`,
				"in session mode the next client would find the last one's session state")
		}
		for _, name := range slices.Sorted(maps.Keys(p.Runtime)) {
			if advice, own := ownParameters[name]; own {
				k.wrong(p.Source, "runtime", what, advice, "%s is not a run-time parameter", quote(p.Source, "runtime", name))
			}
		}
	}
}

func (k *checker) sizes(p Pool, what string) {
	if p.Size < 1 {
		k.wrong(p.Source, "size", what, "", "want at least 1, not %d", p.Size)
		return
	}
	switch {
	case p.MaxOverflow < 0:
		k.wrong(p.Source, "max_overflow", what, "", "want at least 0, not %d", p.MaxOverflow)
	case p.Size > maxBackends || p.Hard() > maxBackends:
		setting := "max_overflow"
		if _, given := p.Source.settings[setting]; !given {
			setting = "size"
		}
		k.wrong(p.Source, setting, what, "", "size + max_overflow is %d, want %d at most", p.Hard(), maxBackends)
	}
	if p.MinIdle < 0 || p.MinIdle > p.Size {
		k.wrong(p.Source, "min_idle", what, "lower it, or raise size", "%d is not between 0 and size, which is %d", p.MinIdle, p.Size)
	}
}

func (k *checker) pings(p Pool, what string) {
	validate := timing{"validate_timeout", p.ValidateTimeout, true}
	k.timings(p.Source, what, timing{"keepalive", p.KeepAlive, false}, timing{"validate_after_idle", p.ValidateAfterIdle, false}, validate)
	k.within(p, what, validate)
}

func (k *checker) queue(p Pool, what string) {
	oneOf(k, p.Source, "order", what, p.Order, LIFO, FIFO)
	target, interval := timing{"queue_target", p.QueueTarget, false}, timing{"queue_interval", p.QueueInterval, true}
	k.timings(p.Source, what, target, interval)
	k.within(p, what, target)
	k.inOrder(p.Source, what, target, interval)
}

func (k *checker) leaks(p Pool, what string) {
	report, revoke := timing{"leak_after", p.LeakAfter, false}, timing{"reclaim_after", p.ReclaimAfter, false}
	k.timings(p.Source, what, report, revoke)
	k.inOrder(p.Source, what, report, revoke)
}

func pluck[T, U any](from []T, get func(T) U) []U {
	out := make([]U, len(from))
	for i, x := range from {
		out[i] = get(x)
	}
	return out
}
