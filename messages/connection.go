package messages

// ToConnection is what a connection actor can be told.
type ToConnection interface{ toConnection() }

// Unfit says that the connection's backend can't be lent as it is, and why. Its slot is claimed
// for the connection, which cleans the backend up or closes it.
type Unfit struct {
	letter
	Cause Cause
}

// Inspect asks for a look into the socket of the backend, if that is idle: its server
// seems to have closed the connection.
type Inspect struct{ letter }

// Retire asks for the end of the backend: at once if it is idle, else when its
// lease ends.
type Retire struct {
	letter
	Cause Cause
}

// Revoke asks for the end of the backend now, whoever leases it. If it has an
// epoch, only the lease of that epoch is meant: if it has ended, nothing happens.
type Revoke struct {
	letter
	Cause Cause
	Epoch uint64
	// LeaseEnded says that the lease was revoked already, and that the slot is claimed for
	// the connection.
	LeaseEnded bool
}

// DialPermit is a node's leave to connect. The answer is a [DialEnded].
type DialPermit struct{ letter }

// Done says that the connection's own work in the background has ended.
type Done struct{ letter }

func (Unfit) toConnection()      {}
func (Inspect) toConnection()    {}
func (Retire) toConnection()     {}
func (Revoke) toConnection()     {}
func (DialPermit) toConnection() {}
func (Done) toConnection()       {}
