package unoactor

import (
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
)

// Claim gives the lease for which an actor was granted a ticket: see
// [messages.Checkout]. It is valid once, for [supervisor.ClaimTime]; the error is
// [supervisor.ErrNoTicket]. If the asker was an actor and ends while it has the lease,
// that is withdrawn.
func (s *System) Claim(t messages.Ticket) (Lease, error) {
	l, err := s.tree.Claim(t)
	return Lease{l}, err
}

// WithTree sets what only the supervision tree knows of, as the host's actor system in
// which it is to be spawned.
func WithTree(set func(*supervisor.Options)) Option {
	return func(s *settings) { s.tree = append(s.tree, set) }
}
