package unoactor

// Claim gives the lease for which an actor was granted a ticket: see
// [Checkout]. A ticket is valid once, and for [ClaimTime]; else the
// error is [ErrNoTicket]. If it was an actor that asked, the lease is revoked
// when that ends, whoever claimed it: its late use is a [*StaleLeaseError]. Claim
// does not block, and is safe for concurrent use.
func (s *System) Claim(t Ticket) (Lease, error) {
	l, err := s.tree.Claim(t)
	return Lease{l}, err
}
