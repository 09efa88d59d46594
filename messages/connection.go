package messages

// ToConnection is a message that a connection's actor can be told.
type ToConnection interface{ toConnection() }

// Unfit says that the connection's backend can't be lent as it is, and why. Its slot is claimed
// for the connection, which cleans the backend up or closes it.
type Unfit struct {
	letter
	Cause Cause
}

// Inspect asks the connection to peek at its backend, if that is idle: the server seems to have closed
// the connection.
type Inspect struct{ letter }

// Retire asks the connection to end: at once if it has no backend yet or an idle one, else when the
// lease of its backend ends.
type Retire struct {
	letter
	Cause Cause
}

// Revoke asks the connection to end now, whoever leases its backend. If Epoch is not 0, only the lease
// of that epoch is meant: if it has ended, nothing happens.
type Revoke struct {
	letter
	Cause Cause
	Epoch uint64
	// LeaseEnded says that the lease was revoked before, and that the slot is claimed for the
	// connection.
	LeaseEnded bool
}

// DialPermit is a node's permit to connect. It is answered by a [DialEnded].
type DialPermit struct{ letter }

// Done says that the connection's work in the background has ended. The connection tells it to itself.
type Done struct{ letter }

func (Unfit) toConnection()      {}
func (Inspect) toConnection()    {}
func (Retire) toConnection()     {}
func (Revoke) toConnection()     {}
func (DialPermit) toConnection() {}
func (Done) toConnection()       {}
