package gateway

import "sync/atomic"

// counters are those of the door; [drive.Counters] are those of clients that are in.
type counters struct {
	refused  atomic.Uint64
	declined atomic.Uint64
}

// Stats is what the server has done and is doing.
type Stats struct {
	Clients      int    // logged in
	Logins       int    // connected and not logged in: on their way, or refused and not told yet
	Pinned       int    // clients that keep their backend for its session state
	Transactions uint64 // ended, since the start
	Replays      uint64 // requests sent to a second backend because the first was lost
	Refused      uint64 // logins that were refused for a wrong password or an unknown user
	Declined     uint64 // connections that were sent away before they could say anything
}

// Stats reads the counters, one after the other.
func (s *Server) Stats() Stats {
	drive := &s.shared.Counters
	clients, logins := s.door.lobby.count()
	return Stats{
		Clients: clients, Logins: logins, Pinned: int(drive.Pinned.Load()),
		Transactions: drive.Transactions.Load(), Replays: drive.Replays.Load(),
		Refused: s.counters.refused.Load(), Declined: s.counters.declined.Load(),
	}
}
