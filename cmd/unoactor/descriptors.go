package main

import (
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/config"
)

// connectionsFor is how many connections of clients a limit of open files carries
// besides the backends of the topology, and how many there may be by its settings. For each backend
// a descriptor is kept, and one for a cancel request; some are for what else there is.
func connectionsFor(limit int, t config.Topology) (carried, allowed int) {
	backends := 0
	for _, p := range t.Pools {
		backends += p.Hard()
	}
	carried = max(limit-2*backends-min(320, limit/4), 8)
	return carried, t.Gateway.MaxClients + t.Gateway.MaxLogins
}

// limitConnections returns how many connections the gateway may have, 0 if the
// process has descriptors for all, and warns if it has not.
func limitConnections(t config.Topology, log hclog.Logger) int {
	limit, known := openFiles()
	if !known {
		return 0
	}
	carried, allowed := connectionsFor(limit, t)
	if carried >= allowed {
		return 0
	}
	log.Warn("the limit of open files does not carry all the clients that the gateway may have", "limit", limit, "carries", carried,
		"max_clients", t.Gateway.MaxClients, "max_logins", t.Gateway.MaxLogins,
		"do", "raise the hard limit (ulimit -Hn; LimitNOFILE in a unit of systemd), or lower max_clients")
	return carried
}
