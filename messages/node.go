package messages

// ToNode is what a node's prober can be told.
type ToNode interface{ toNode() }

// AskDial asks for leave to connect. It is granted by a [DialPermit]: at once
// while the node answers, one at a time while it doesn't.
type AskDial struct{ letter }

// DialEnded ends what AskDial began: the attempt succeeded ([Connected]), failed,
// or was given up ([None]), before or after the permit.
type DialEnded struct {
	letter
	Cause Cause
	Err   error
}

// Probe is the prober's own clock.
type Probe struct{ letter }

func (AskDial) toNode()     {}
func (DialEnded) toNode()   {}
func (Probe) toNode()       {}
func (Reconfigure) toNode() {}
