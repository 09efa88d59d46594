package config

import "math"

// setting is a line of a block: the name that it has in a file, what a reload
// does about it, and its field. The tables below are the schema, and all that
// knows settings by name looks here: the reader, [Compare] and the documentation's
// test.
type setting[T any] struct {
	name   string
	reload Reload
	of     func(*T) field
}

var nodeSettings = []setting[Node]{
	{"host", Drained, func(n *Node) field { return word(&n.Host) }},
	{"port", Drained, func(n *Node) field { return number(&n.Port, 1, math.MaxUint16) }},
	{"socket", Drained, func(n *Node) field { return field{set: word(&n.Host).set} }}, // a host that begins with /
	{"database", Drained, func(n *Node) field { return word(&n.Database) }},
	{"user", Drained, func(n *Node) field { return word(&n.User) }},
	{"password", Drained, func(n *Node) field { return text(&n.Password) }},
	{"role", Live, func(n *Node) field { return word(&n.Role) }},
	{"require_auth", Drained, func(n *Node) field { return word(&n.RequireAuth) }},
	{"connect_timeout", Live, func(n *Node) field { return period(&n.ConnectTimeout) }},
	{"backoff_min", Live, func(n *Node) field { return period(&n.BackoffMin) }},
	{"backoff_max", Live, func(n *Node) field { return period(&n.BackoffMax) }},
	{"labels", Live, func(n *Node) field { return table(&n.Labels) }},
}

var breakerSettings = []setting[Breaker]{
	{"failure_threshold", Live, func(b *Breaker) field { return number(&b.FailureThreshold, 0, math.MaxInt32) }},
	{"trip_timeout", Live, func(b *Breaker) field { return period(&b.TripTimeout) }},
	{"reset_timeout", Live, func(b *Breaker) field { return period(&b.ResetTimeout) }},
}

var tlsSettings = []setting[TLS]{
	{"mode", Drained, func(t *TLS) field { return word(&t.Mode) }},
	{"ca", Drained, func(t *TLS) field { return text(&t.CA) }},
	{"cert", Drained, func(t *TLS) field { return text(&t.Cert) }},
	{"key", Drained, func(t *TLS) field { return text(&t.Key) }},
	{"server_name", Drained, func(t *TLS) field { return text(&t.ServerName) }},
}

var poolSettings = []setting[Pool]{
	{"node", Drained, func(p *Pool) field { return word(&p.Node) }},
	{"database", Drained, func(p *Pool) field { return word(&p.Database) }},
	{"user", Drained, func(p *Pool) field { return word(&p.User) }},
	{"password", Drained, func(p *Pool) field { return text(&p.Password) }},
	{"mode", Live, func(p *Pool) field { return word(&p.Mode) }},
	{"profile", Live, func(p *Pool) field { return word(&p.Profile) }},
	{"size", Live, func(p *Pool) field { return number(&p.Size, 1, maxBackends) }},
	{"max_overflow", Live, func(p *Pool) field { return number(&p.MaxOverflow, 0, maxBackends) }},
	{"min_idle", Live, func(p *Pool) field { return number(&p.MinIdle, 0, maxBackends) }},
	{"acquire_timeout", Live, func(p *Pool) field { return period(&p.AcquireTimeout) }},
	{"max_lifetime", Live, func(p *Pool) field { return period(&p.MaxLifetime) }},
	{"idle_timeout", Live, func(p *Pool) field { return period(&p.IdleTimeout) }},
	{"keepalive", Live, func(p *Pool) field { return period(&p.KeepAlive) }},
	{"validate_after_idle", Live, func(p *Pool) field { return period(&p.ValidateAfterIdle) }},
	{"validate_timeout", Live, func(p *Pool) field { return period(&p.ValidateTimeout) }},
	{"order", Live, func(p *Pool) field { return word(&p.Order) }},
	{"queue_target", Live, func(p *Pool) field { return period(&p.QueueTarget) }},
	{"queue_interval", Live, func(p *Pool) field { return period(&p.QueueInterval) }},
	{"leak_after", Live, func(p *Pool) field { return period(&p.LeakAfter) }},
	{"reclaim_after", Live, func(p *Pool) field { return period(&p.ReclaimAfter) }},
	{"drain_timeout", Live, func(p *Pool) field { return period(&p.DrainTimeout) }},
	{"reset", Live, func(p *Pool) field { return word(&p.Reset) }},
	{"echo", Drained, func(p *Pool) field { return truth(&p.Echo) }},
	{"runtime", Drained, func(p *Pool) field { return table(&p.Runtime) }},
	{"labels", Live, func(p *Pool) field { return table(&p.Labels) }},
}

var sizingSettings = []setting[Sizing]{
	{"step", Live, func(s *Sizing) field { return number(&s.Step, 0, maxBackends) }},
	{"grow_at", Live, func(s *Sizing) field { return fraction(&s.GrowAt) }},
	{"grow_waiting", Live, func(s *Sizing) field { return number(&s.GrowWaiting, 1, math.MaxInt32) }},
	{"shrink_at", Live, func(s *Sizing) field { return fraction(&s.ShrinkAt) }},
	{"cool_down", Live, func(s *Sizing) field { return period(&s.CoolDown) }},
}

var retrySettings = []setting[Retry]{
	{"max_retries", Live, func(r *Retry) field { return number(&r.MaxRetries, 0, maxRetries) }},
	{"retry_delay", Live, func(r *Retry) field { return period(&r.RetryDelay) }},
	{"backoff_factor", Live, func(r *Retry) field { return factor(&r.BackoffFactor) }},
	{"retryable_errors", Live, func(r *Retry) field { return texts(&r.RetryableErrors, 1) }},
}

var hookSettings = []setting[Hooks]{
	{"on_connect", Drained, func(h *Hooks) field { return texts(&h.OnConnect, 0) }},
	{"on_checkout", Drained, func(h *Hooks) field { return texts(&h.OnCheckout, 0) }},
	{"on_checkin", Drained, func(h *Hooks) field { return texts(&h.OnCheckin, 0) }},
	{"before_close", Drained, func(h *Hooks) field { return texts(&h.BeforeClose, 0) }},
	{"timeout", Drained, func(h *Hooks) field { return period(&h.Timeout) }},
}

var routeSettings = []setting[Route]{
	{"database", Live, func(r *Route) field { return text(&r.Database) }},
	{"user", Live, func(r *Route) field { return text(&r.User) }},
	{"entity", Live, func(r *Route) field { return text(&r.Entity) }},
	{"access", Live, func(r *Route) field { return word(&r.Access) }},
	{"labels", Live, func(r *Route) field { return table(&r.Labels) }},
	{"pool", Live, func(r *Route) field { return text(&r.Pool) }},
}

var gatewaySettings = []setting[Gateway]{
	{"listen", Refused, func(g *Gateway) field { return texts(&g.Listen, 1) }},
	{"socket", Refused, func(g *Gateway) field { return text(&g.Socket) }},
	{"socket_mode", Refused, func(g *Gateway) field { return text(&g.SocketMode) }},
	{"socket_group", Refused, func(g *Gateway) field { return text(&g.SocketGroup) }},
	{"auth", Live, func(g *Gateway) field { return word(&g.Auth) }},
	{"max_clients", Live, func(g *Gateway) field { return number(&g.MaxClients, 1, math.MaxInt32) }},
	{"max_logins", Live, func(g *Gateway) field { return number(&g.MaxLogins, 1, math.MaxInt32) }},
	{"max_logins_per_address", Live, func(g *Gateway) field { return number(&g.MaxLoginsPerAddress, 1, math.MaxInt32) }},
	{"login_timeout", Live, func(g *Gateway) field { return period(&g.LoginTimeout) }},
	{"query_wait", Live, func(g *Gateway) field { return period(&g.QueryWait) }},
	{"idle_timeout", Live, func(g *Gateway) field { return period(&g.IdleTimeout) }},
	{"idle_in_transaction", Live, func(g *Gateway) field { return period(&g.IdleInTransaction) }},
	{"write_timeout", Live, func(g *Gateway) field { return period(&g.WriteTimeout) }},
	{"drain_timeout", Live, func(g *Gateway) field { return period(&g.DrainTimeout) }},
	{"max_message", Live, func(g *Gateway) field { return size(&g.MaxMessage) }},
}

var userSettings = []setting[User]{
	{"password", Live, func(u *User) field { return text(&u.Password) }},
}

var logSettings = []setting[Log]{
	{"level", Live, func(l *Log) field { return word(&l.Level) }},
	{"format", Refused, func(l *Log) field { return word(&l.Format) }},
}

// elsewhere is what other poolers call a setting, for advice only: a file that
// says so is told our name.
var elsewhere = map[string]string{
	"pool_size": "size", "pool_overflow": "max_overflow", "pool_timeout": "acquire_timeout",
	"pool_recycle": "max_lifetime", "recycle": "max_lifetime",
}

// settingsOf binds the settings of a block to one struct.
func settingsOf[T any](to *T, settings []setting[T]) map[string]field {
	fields := make(map[string]field, len(settings))
	for _, s := range settings {
		fields[s.name] = s.of(to)
	}
	return fields
}
