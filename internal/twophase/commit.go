package twophase

import (
	"context"
	"slices"
	"time"
)

// How long a step after the first phase is tried before what is left is for recovery, and
// how long [Commit] pauses between two tries: twice as long each time.
const (
	patience     = 5 * time.Second
	shortPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// Outcome is what became of a transaction over several databases.
type Outcome struct {
	Decision Decision // Committed, RolledBack or Unknown
	// Err is the error of the transaction that failed first, where the decision is not
	// Committed, and Action is at what: Prepare, Decide (the coordinator's COMMIT was
	// refused), or Ask (it was not answered, and its server was asked what became of it).
	Action Action
	Err    error
	// Left is what recovery has to finish.
	Left []Leftover
}

// Leftover is a participant that could not be finished.
type Leftover struct {
	Member
	Err error // why not, where that was tried
}

// Commit commits what the members of a transaction wrote, in all of their databases or in
// none. It prepares and decides within ctx; what follows takes its own time, up to 5 s to
// ask what became of an unanswered COMMIT and up to 5 s to finish what was prepared.
func Commit(ctx context.Context, coordinator Member, others []Member) Outcome {
	c := commit{
		coordinator: coordinator, others: others, failed: make([]error, len(others)),
		known: Knowledge{Phases: make([]Phase, len(others))},
	}
	for c.known.Decision == Undecided {
		for _, step := range c.known.Next() {
			c.perform(ctx, step)
		}
	}
	c.patiently(ctx, InDoubt)
	if decision := c.known.Decision; decision != InDoubt {
		c.patiently(ctx, decision)
	}
	return c.outcome()
}

type commit struct {
	coordinator Member
	others      []Member
	known       Knowledge
	out         Outcome
	failed      []error // why the others could not be finished
}

// patiently takes the steps that follow from a decision, again and again until none is left
// or the time is up.
func (c *commit) patiently(ctx context.Context, while Decision) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	wait := shortPause
	for c.known.Decision == while && ctx.Err() == nil {
		steps := c.known.Next()
		if len(steps) == 0 {
			return
		}
		before := slices.Clone(c.known.Phases)
		for i, step := range steps {
			c.within(ctx, len(steps)-i, step)
		}
		if c.known.Decision == while && slices.Equal(before, c.known.Phases) {
			pause(ctx, wait)
			wait = min(2*wait, longestPause)
		}
	}
}

// within takes a step in its share of the time that there is for all, and for another try
// of it, so that one server that says nothing does not keep the others from being told.
func (c *commit) within(ctx context.Context, all int, step Step) {
	if deadline, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(all+1))
		defer cancel()
	}
	c.perform(ctx, step)
}

func (c *commit) perform(ctx context.Context, step Step) {
	switch step.Action {
	case Prepare:
		m := c.others[step.Which]
		reply, err := m.Prepare(ctx, m.GID)
		c.known.WasPrepared(step.Which, reply)
		c.note(reply, Prepare, err)
	case Decide:
		reply, err := c.coordinator.Commit(ctx)
		c.known.WasDecided(reply)
		c.note(reply, Decide, err)
	case Ask:
		c.out.Action = Ask
		if status, err := c.coordinator.Database.Status(ctx, c.coordinator.XID); err == nil {
			c.known.WasTold(status)
		}
	case Finish:
		c.failed[step.Which] = c.finish(ctx, step)
	}
}

func (c *commit) finish(ctx context.Context, step Step) error {
	m := c.others[step.Which]
	found, err := m.Finish(ctx, m.GID, step.Commit)
	if err != nil {
		return err
	}
	var status Status
	if !found && c.known.Phases[step.Which] == Doubtful {
		if status, err = m.Database.Status(ctx, m.XID); err != nil {
			return err
		}
	}
	c.known.WasFinished(step.Which, found, status)
	return nil
}

// note keeps what failed.
func (c *commit) note(r Reply, a Action, err error) {
	if r != Done {
		c.out.Action, c.out.Err = a, err
	}
}

func (c *commit) outcome() Outcome {
	out := c.out
	switch out.Decision = c.known.Decision; out.Decision {
	case InDoubt:
		out.Decision = Unknown
	case Committed:
		out.Err = nil
	}
	for i, p := range c.known.Phases {
		if p == Ready || p == Doubtful {
			out.Left = append(out.Left, Leftover{Member: c.others[i], Err: c.failed[i]})
		}
	}
	return out
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
