package config

// Reload says what becomes of a change of a setting while the system runs.
type Reload string

// The kinds of reload. The tables of settings.go classify each setting.
const (
	// Live: it is taken up at once, or by the next backend, lease or client that it
	// concerns. No backend is replaced for it.
	Live Reload = "live"
	// Drained: the next backend that is opened has it, and those that were opened before are
	// replaced as they come back. A lease that is out, and what runs in it, comes to its end
	// on the old one.
	Drained Reload = "drained"
	// Refused: only a new process takes it up.
	Refused Reload = "refused"
)

// Reloads says what becomes of a change of each setting, by the block and its name, as a
// [Delta] has it: pool.size, pool.retry.max_retries, node.tls.mode.
func Reloads() map[string]Reload {
	all := make(map[string]Reload)
	classify(all, "node.", nodeSettings)
	classify(all, "node.tls.", tlsSettings)
	classify(all, "node.breaker.", breakerSettings)
	classify(all, "pool.", poolSettings)
	classify(all, "pool.sizing.", sizingSettings)
	classify(all, "pool.retry.", retrySettings)
	classify(all, "pool.hooks.", hookSettings)
	classify(all, "route.", routeSettings)
	classify(all, "gateway.", gatewaySettings)
	classify(all, "user.", userSettings)
	classify(all, "log.", logSettings)
	return all
}

func classify[T any](into map[string]Reload, prefix string, table []setting[T]) {
	for _, s := range table {
		into[prefix+s.name] = s.reload
	}
}
