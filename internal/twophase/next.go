package twophase

import "slices"

// Knowledge is what a process knows of a transaction over several databases: the decision,
// and how far each participant but the coordinator is.
type Knowledge struct {
	Decision Decision
	Phases   []Phase
}

// Decision is what becomes of the transaction.
type Decision uint8

// The decisions.
const (
	Undecided  Decision = iota
	InDoubt             // the coordinator's COMMIT was sent and not answered: its server can be asked
	Committed           // in the end in all databases
	RolledBack          // in the end in all databases
	Unknown             // the coordinator's server has forgotten, or can't be asked
)

// Phase is how far a participant is.
type Phase uint8

// The phases.
const (
	Open     Phase = iota // its transaction is open
	Ready                 // it is prepared
	Doubtful              // PREPARE was sent and not answered: it is prepared, or will be, or never
	Failed                // PREPARE was refused: it is rolled back
	Finished              // it ended as was decided
)

// Action is what there is to do.
type Action uint8

// The actions.
const (
	// Prepare prepares a participant.
	Prepare Action = iota
	// Decide commits the coordinator's transaction.
	Decide
	// Ask asks the coordinator's server what became of its transaction.
	Ask
	// Finish commits or rolls back a prepared participant. If a doubtful one is not there,
	// its server is asked whether its transaction is over, or may yet be prepared.
	Finish
)

// Step is an action and the participant that it is about.
type Step struct {
	Action Action
	Which  int  // of the participants; 0 for the coordinator's steps
	Commit bool // how to finish
}

// Next returns the steps that may be taken now, in any order, each once; none when all is
// done that this process can do. Participants are prepared one after the other, so that the
// first that fails spares the rest.
func (k Knowledge) Next() []Step {
	switch k.Decision {
	case Undecided:
		if i := slices.Index(k.Phases, Open); i >= 0 {
			return []Step{{Action: Prepare, Which: i}}
		}
		return []Step{{Action: Decide}}
	case InDoubt:
		return []Step{{Action: Ask}}
	case Unknown:
		return nil
	}
	var steps []Step // the decision is made
	for i, p := range k.Phases {
		if p == Ready || p == Doubtful {
			steps = append(steps, Step{Action: Finish, Which: i, Commit: k.Decision == Committed})
		}
	}
	return steps
}

// WasPrepared takes note of the reply to PREPARE: a transaction that one of its participants
// may not be able to commit is rolled back.
func (k *Knowledge) WasPrepared(which int, r Reply) {
	k.Phases[which] = [...]Phase{Done: Ready, Refused: Failed, Unanswered: Doubtful}[r]
	if r != Done {
		k.Decision = RolledBack
	}
}

// WasDecided takes note of the reply to the coordinator's COMMIT.
func (k *Knowledge) WasDecided(r Reply) {
	k.Decision = [...]Decision{Done: Committed, Refused: RolledBack, Unanswered: InDoubt}[r]
}

// WasTold takes note of what the coordinator's server says of its transaction.
func (k *Knowledge) WasTold(s Status) {
	switch s {
	case WasCommitted:
		k.Decision = Committed
	case WasAborted:
		k.Decision = RolledBack
	case Forgotten:
		k.Decision = Unknown
	}
}

// WasFinished takes note that a participant was finished, or that there was none to finish:
// then status is what its own server says of its transaction, which matters if the
// participant is doubtful.
func (k *Knowledge) WasFinished(which int, found bool, status Status) {
	if found || k.Phases[which] == Ready || status != InProgress {
		k.Phases[which] = Finished
	}
}
