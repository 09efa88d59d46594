package messages

// ToNode is a message that a node's prober can be told.
type ToNode interface{ toNode() }

// AskDial asks for a permit to connect. It is answered by a [DialPermit]: at once while the node can be
// connected to, for one connection at a time while it can't.
type AskDial struct{ letter }

// DialEnded says how what AskDial began has ended: the attempt succeeded ([Connected]), failed, or was
// given up ([None]), before or after the permit.
type DialEnded struct {
	letter
	Cause Cause
	Err   error
}

// Probe is what the prober's own timer tells it.
type Probe struct{ letter }

func (AskDial) toNode()     {}
func (DialEnded) toNode()   {}
func (Probe) toNode()       {}
func (Reconfigure) toNode() {}
