package unoactor

import (
	"github.com/unoactor/unoactor/messages"
)

// Claim gives the lease for which an actor was granted a ticket: see
// [messages.Checkout]. A ticket is valid once, and for [supervisor.ClaimTime]; else the
// error is [supervisor.ErrNoTicket]. If it was an actor that asked, the lease is revoked
// when that ends, whoever claimed it: its late use is a [*conn.StaleLeaseError]. Claim
// does not block, and is safe for concurrent use.
func (s *System) Claim(t messages.Ticket) (Lease, error) {
	l, err := s.tree.Claim(t)
	return Lease{l}, err
}
