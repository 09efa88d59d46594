package unoactor

import (
	"context"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/twophase"
)

// Recovered is a prepared transaction that a crash had left.
type Recovered struct {
	Pool   string // of the database that it is in
	GID    string
	Commit bool
	// Err is why it is still there: its coordinator can't be asked, or has not ended
	// the transaction yet, or the pool's user may not end it. Nil if it was ended.
	Err error
}

// Recover ends the transactions that [System.Atomic], here or in a process that is no
// more, left prepared in the databases of this topology: it asks the server of each
// one's coordinator, which must be in the topology too, whether that was committed.
// One whose coordinator is still at work is left alone. One that another role prepared, as the
// pool's former one before [supervisor.Pool.Rotate], can only be ended by that role or a
// superuser: it is listed, with that as its Err. The error tells which pools
// could not be looked at. No database is waited for longer than 10 s at a time.
func (s *System) Recover(ctx context.Context) ([]Recovered, error) {
	var databases []twophase.Named
	for _, p := range s.tree.Pools() {
		databases = append(databases, twophase.Named{Pool: p.Name(), Database: &database{db: s.database(p)}})
	}
	found, err := twophase.Recover(ctx, databases)
	var all []Recovered
	for _, r := range found {
		all = append(all, Recovered(r))
	}
	return all, err
}

// leave leaves to the background what Atomic could not finish.
func (s *System) leave(out twophase.Outcome) {
	for _, l := range out.Left {
		s.log.Warn("a prepared transaction could not be ended yet", "pool", l.Pool, "gid", l.GID,
			"commit", out.Decision == twophase.Committed, "decided", out.Decision != twophase.Unknown, "error", l.Err)
	}
	if len(out.Left) > 0 {
		s.recovery.Wake(out.Left...)
	}
}

// lookAndRecover is a look of the background's.
func (s *System) lookAndRecover(ctx context.Context) (again bool) {
	found, err := s.Recover(ctx)
	if ctx.Err() != nil {
		return false
	}
	if err != nil {
		s.log.Warn("not all pools could be looked at for prepared transactions", "error", err)
	}
	for _, r := range found {
		if r.Err != nil {
			s.log.Warn("a prepared transaction is left", "pool", r.Pool, "gid", r.GID, "because", r.Err)
			again = true
		} else {
			s.log.Info("ended a prepared transaction that was left", "pool", r.Pool, "gid", r.GID, "commit", r.Commit)
		}
	}
	return again || err != nil
}

// recoveryFailed tells of a panic in the background, of a tracer or a hook of somebody's.
func (s *System) recoveryFailed(reason any) {
	err := conn.Panicked(reason)
	s.log.Error("the look for what was left prepared failed", "error", err, "stack", conn.StackOf(err))
}
