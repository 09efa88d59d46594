package config

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Check says everything that can't work in a completed topology, as [*Errors].
// It looks at the topology alone: at no server and no file.
func (t Topology) Check() error {
	var c collector
	t.check(&c)
	return c.err()
}

func (t Topology) check(c *collector) {
	k := checker{collector: c}
	k.nodes(t)
	k.pools(t)
	k.routes(t)
	k.gateway(t.Gateway)
	oneOf(&k, t.Log.Source, "level", "log", t.Log.Level, "trace", "debug", "info", "warn", "error", "off")
	oneOf(&k, t.Log.Source, "format", "log", t.Log.Format, "text", "json")
}

type checker struct{ *collector }

// wrong notes what is wrong with a setting of what. Where there is no file, the
// thing itself is the place.
func (k *checker) wrong(s Source, setting, what, advice, format string, args ...any) {
	line, at := s.of(setting)
	message := what
	if setting != "" {
		message = setting + " of " + what
	}
	k.add(Problem{File: s.File, Line: line, Column: at.from, Width: at.to - at.from,
		What: message + ": " + fmt.Sprintf(format, args...), Advice: advice})
}

func oneOf[S ~string](k *checker, s Source, setting, what string, value S, known ...S) {
	if slices.Contains(known, value) {
		return
	}
	names := make([]string, len(known))
	for i, n := range known {
		names[i] = string(n)
	}
	k.wrong(s, setting, what, didYouMean(string(value), names), "%q is not known", value)
}

func (k *checker) positive(s Source, what string, periods map[string]time.Duration) {
	for setting, d := range periods {
		if d <= 0 {
			k.wrong(s, setting, what, "", "want more than 0, or never")
		}
	}
}

func (k *checker) duplicates(kind string, names []string, sources []Source) {
	first := make(map[string]Source)
	for i, name := range names {
		if name == "" {
			k.wrong(sources[i], "", kind, "give it a name", "it has no name")
		}
		if f, twice := first[name]; twice {
			k.wrong(sources[i], "", fmt.Sprintf("%s %q", kind, name), strings.TrimSpace("the first is at "+f.String()), "there are two of that name")
			continue
		}
		first[name] = sources[i]
	}
}

func (k *checker) nodes(t Topology) {
	if len(t.Nodes) == 0 && len(k.problems) == 0 {
		k.add(Problem{What: "the topology has no node", Advice: `add a block: node "main" { host = "127.0.0.1" }`})
	}
	k.duplicates("node", pluck(t.Nodes, func(n Node) string { return n.Name }), pluck(t.Nodes, func(n Node) Source { return n.Source }))
	for _, n := range t.Nodes {
		what := fmt.Sprintf("node %q", n.Name)
		oneOf(k, n.Source, "role", what, n.Role, Primary, Replica)
		oneOf(k, n.Source, "tls.mode", what, n.TLS.Mode, "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
		k.positive(n.Source, what, map[string]time.Duration{
			"connect_timeout": n.ConnectTimeout, "backoff_min": n.BackoffMin, "backoff_max": n.BackoffMax,
		})
		if n.BackoffMin > n.BackoffMax {
			k.wrong(n.Source, "backoff_min", what, "make it shorter than backoff_max", "%v is longer than backoff_max, %v", n.BackoffMin, n.BackoffMax)
		}
		if n.ConnectTimeout == Never {
			k.wrong(n.Source, "connect_timeout", what, `write a time, such as "5s"`, "an attempt to connect must have an end")
		}
		if (n.TLS.Cert == "") != (n.TLS.Key == "") {
			k.wrong(n.Source, "tls.cert", what, "give both, or none", "a client certificate wants cert and key")
		}
	}
}

// maxBackends is the most that a pool may have: PostgreSQL's own limit of
// max_connections is 262143.
const maxBackends = 10000

func (k *checker) pools(t Topology) {
	if len(t.Pools) == 0 && !slices.ContainsFunc(k.problems, func(p Problem) bool { return p.File != "" }) {
		k.add(Problem{What: "the topology has no pool", Advice: `add a block: pool "default" { node = node.main }`})
	}
	k.duplicates("pool", pluck(t.Pools, func(p Pool) string { return p.Name }), pluck(t.Pools, func(p Pool) Source { return p.Source }))
	nodes := pluck(t.Nodes, func(n Node) string { return n.Name })
	for _, p := range t.Pools {
		what := fmt.Sprintf("pool %q", p.Name)
		if p.Node != "" && !slices.Contains(nodes, p.Node) {
			k.wrong(p.Source, "node", what, didYouMean(p.Node, nodes), "there is no node %q", p.Node)
		} else if p.Node == "" && p.Source.File == "" {
			k.wrong(p.Source, "node", what, didYouMean("", nodes), "it is not given")
		}
		oneOf(k, p.Source, "mode", what, p.Mode, Session, Transaction)
		oneOf(k, p.Source, "profile", what, p.Profile, Light, Medium, Heavy, Batch)
		if _, known := profiles[p.Profile]; !known {
			continue // what it would have given is missing
		}
		if p.Size < 1 {
			k.wrong(p.Source, "size", what, "", "want at least 1, not %d", p.Size)
		}
		if p.MaxOverflow < 0 || p.Hard() > maxBackends {
			k.wrong(p.Source, "max_overflow", what, "", "size + max_overflow is %d, want %d at most and neither below 0", p.Hard(), maxBackends)
		}
		if p.MinIdle < 0 || p.MinIdle > p.Size {
			k.wrong(p.Source, "min_idle", what, "lower it, or raise size", "%d is not between 0 and size, which is %d", p.MinIdle, p.Size)
		}
		k.positive(p.Source, what, map[string]time.Duration{
			"acquire_timeout": p.AcquireTimeout, "max_lifetime": p.MaxLifetime, "idle_timeout": p.IdleTimeout,
			"drain_timeout": p.DrainTimeout, "hooks.timeout": p.Hooks.Timeout,
		})
		if p.Mode == Session && p.Reset == ResetNone {
			k.wrong(p.Source, "reset", what, `write reset = "discard all", or leave it out`,
				"in session mode the next client would find the last one's session state")
		}
	}
}

func (k *checker) routes(t Topology) {
	k.duplicates("route", pluck(t.Routes, func(r Route) string { return r.Name }), pluck(t.Routes, func(r Route) Source { return r.Source }))
	pools := pluck(t.Pools, func(p Pool) string { return p.Name })
	for i, r := range t.Routes {
		what := fmt.Sprintf("route %q", r.Name)
		if r.Pool != "" && !slices.Contains(pools, r.Pool) {
			k.wrong(r.Source, "pool", what, didYouMean(r.Pool, pools), "there is no pool %q", r.Pool)
		}
		oneOf(k, r.Source, "access", what, r.Access, Any, Read, Write)
		if n := strings.Count(r.Entity, "*"); n > 1 || n == 1 && !strings.HasSuffix(r.Entity, "*") {
			k.wrong(r.Source, "entity", what, "put one * at the end, or none", "%q has a * elsewhere than at its end", r.Entity)
		}
		for _, earlier := range t.Routes[:i] {
			if covers(earlier, r) {
				k.wrong(r.Source, "", what, fmt.Sprintf("move it before route %q, or make that one narrower", earlier.Name),
					"it is never reached, since route %q takes all that it would take", earlier.Name)
				break
			}
		}
	}
}

// covers says whether a takes every session that b would take.
func covers(a, b Route) bool {
	for name, value := range a.Labels {
		if v, ok := b.Labels[name]; !ok || v != value {
			return false
		}
	}
	prefix, wild := strings.CutSuffix(a.Entity, "*")
	entity := a.Entity == "" || a.Entity == b.Entity || wild && strings.HasPrefix(b.Entity, prefix) && b.Entity != ""
	return (a.Database == "" || a.Database == b.Database) && (a.User == "" || a.User == b.User) && entity &&
		(cmp.Or(a.Access, Any) == Any || a.Access == b.Access)
}

func (k *checker) gateway(g Gateway) {
	oneOf(k, g.Source, "auth", "gateway", g.Auth, SCRAM, MD5, Trust)
	for _, address := range g.Listen {
		host, port, err := net.SplitHostPort(address)
		if err != nil || port == "" {
			k.wrong(g.Source, "listen", "gateway", `write host:port, such as "127.0.0.1:6432"`, "%q is no address", address)
			continue
		}
		if g.Auth == Trust && !loopback(host) {
			k.wrong(g.Source, "auth", "gateway", `write auth = "scram-sha-256", or listen on 127.0.0.1`,
				"with trust, whoever reaches %s is let in as whoever he says he is", address)
		}
	}
	k.duplicates("user", pluck(g.Users, func(u User) string { return u.Name }), pluck(g.Users, func(u User) Source { return u.Source }))
	for _, u := range g.Users {
		what := fmt.Sprintf("user %q", u.Name)
		stored := u.Password.Reveal()
		switch {
		case g.Auth != Trust && stored == "":
			k.wrong(u.Source, "password", what, "add a password, env(\"...\") or file(\"...\")", "it has none, and auth is %s", g.Auth)
		case g.Auth == MD5 && strings.HasPrefix(stored, "SCRAM-SHA-256$"):
			k.wrong(u.Source, "password", what, `write auth = "scram-sha-256"`, "it is stored for SCRAM, which md5 authentication can't use")
		case g.Auth == SCRAM && strings.HasPrefix(stored, "md5") && len(stored) == 35:
			k.wrong(u.Source, "password", what, `give the password itself, its SCRAM-SHA-256 form, or write auth = "md5"`,
				"it is stored for md5, which SCRAM can't use")
		}
	}
	k.positive(g.Source, "gateway", map[string]time.Duration{
		"login_timeout": g.LoginTimeout, "query_wait": g.QueryWait, "idle_timeout": g.IdleTimeout,
		"idle_in_transaction": g.IdleInTransaction, "drain_timeout": g.DrainTimeout,
	})
	if g.LoginTimeout == Never || g.DrainTimeout == Never {
		k.wrong(g.Source, "", "gateway", `write a time, such as "30s"`, "login_timeout and drain_timeout must have an end")
	}
	if g.MaxClients < 1 {
		k.wrong(g.Source, "max_clients", "gateway", "", "want at least 1, not %d", g.MaxClients)
	}
	if g.MaxMessage < 1<<10 || g.MaxMessage > 1<<30 {
		k.wrong(g.Source, "max_message", "gateway", `write "64MiB", or leave it out`, "want 1 KiB to 1 GiB, not %d bytes", g.MaxMessage)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func pluck[T, U any](from []T, get func(T) U) []U {
	out := make([]U, len(from))
	for i, x := range from {
		out[i] = get(x)
	}
	return out
}
