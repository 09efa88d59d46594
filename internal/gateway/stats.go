package gateway

import "sync/atomic"

// counters are written by all clients.
type counters struct {
	transactions atomic.Uint64
	pinned       atomic.Int64
	replays      atomic.Uint64
	refused      atomic.Uint64
	declined     atomic.Uint64
}

// Stats is what the server has done and is doing.
type Stats struct {
	Clients      int    // logged in
	Logins       int    // connected and not logged in: on their way, or refused and not told yet
	Pinned       int    // clients that keep their backend for its session state
	Transactions uint64 // ended, since the start
	Replays      uint64 // requests sent to a second backend because the first was gone
	Refused      uint64 // logins that were refused for a wrong password or an unknown user
	Declined     uint64 // connections that were sent away before they could say anything
}

// Stats looks at the counters, one after the other.
func (s *Server) Stats() Stats {
	clients, logins := s.door.lobby.count()
	return Stats{
		Clients: clients, Logins: logins, Pinned: int(s.counters.pinned.Load()),
		Transactions: s.counters.transactions.Load(), Replays: s.counters.replays.Load(),
		Refused: s.counters.refused.Load(), Declined: s.counters.declined.Load(),
	}
}
