package gateway

import "sync/atomic"

// counters are written by all clients.
type counters struct {
	clients      atomic.Int64
	transactions atomic.Uint64
	pinned       atomic.Int64
	replays      atomic.Uint64
}

// Stats is what the server has done and is doing.
type Stats struct {
	Clients      int    // connected, logged in or not
	Pinned       int    // of them keep their backend for its session state
	Transactions uint64 // ended, since the start
	Replays      uint64 // requests sent to a second backend because the first was gone
}

// Stats looks at the counters, one after the other.
func (s *Server) Stats() Stats {
	return Stats{
		Clients: int(s.counters.clients.Load()), Pinned: int(s.counters.pinned.Load()),
		Transactions: s.counters.transactions.Load(), Replays: s.counters.replays.Load(),
	}
}
