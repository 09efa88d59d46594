package messages

// Cause is why something happened to a backend: why it was cleaned up, why it was closed, why its slot
// was given a new incarnation. The set is closed, so that it can label metrics; String is the label.
type Cause uint8

// The causes.
const (
	None         Cause = iota
	Connected          // it is new
	Dirty              // it came back in a transaction, or the pool resets every backend
	Unsolicited        // the server sent something while it was idle
	Unproven           // it was idle for so long that it is pinged
	HungUp             // the server closed it while it was idle
	Broken             // it failed, or its holder destroyed it
	HookFailed         // a hook failed, panicked or overran its deadline
	ResetFailed        // it could not be reset
	LifetimeOver       // it was older than max_lifetime
	IdleTooLong        // it was idle for longer than idle_timeout
	Surplus            // it was beyond the pool's size and nobody waited
	Drained            // its pool closes
	Fenced             // its lease was revoked: for an asker that ended, or at the end of a drain
	Refused            // the node could not be connected to
	Denied             // the server refused this user or database
	Crowded            // the server has no room for another connection
	Crashed            // its actor panicked: a bug
	Invalidated        // its pool was told to replace all backends
	Cleared            // its pool was told to close idle backends
	Rotated            // its pool has other credentials now
	Reclaimed          // its lease was revoked, since it lasted longer than reclaim_after
	Silent             // it did not answer a ping in time
	ReadOnly           // its server takes no writes any more
	Untrusted          // the server and we don't trust each other: TLS and certificates
	Unavailable        // the server or a pooler has no connection for this database or role for now
	Exhausted          // our own process has no descriptors or the like for another connection
	Reconfigured       // it was opened with other settings than its pool has now
)

var causes = [...]string{
	"none", "connected", "dirty", "unsolicited", "unproven", "hung_up", "broken", "hook_failed", "reset_failed", "lifetime",
	"idle_timeout", "surplus", "drained", "fenced", "refused", "denied", "crowded", "crashed",
	"invalidated", "cleared", "rotated", "reclaimed", "silent", "read_only",
	"untrusted", "unavailable", "exhausted", "reconfigured",
}

func (c Cause) String() string { return causes[c] }
