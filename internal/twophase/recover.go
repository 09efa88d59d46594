package twophase

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// limit is for how long recovery waits for an answer of one database, so that one that says
// nothing does not keep the others from being recovered.
const limit = 10 * time.Second

// Named is a database of a topology.
type Named struct {
	Pool string
	Database
}

// Recovered is a prepared transaction that a crash had left.
type Recovered struct {
	Pool   string // of the database that it is in
	GID    string
	Commit bool
	// Err is why it is still there, nil if it was finished.
	Err error
}

// Recover finishes the prepared transactions in the databases of a topology: the server of
// each one's coordinator, which must be in the topology too, is asked whether that was
// committed. It touches nothing whose coordinator has not decided. The error says which
// databases could not be looked at. No database is waited for longer than 10 s at a time.
func Recover(ctx context.Context, databases []Named) ([]Recovered, error) {
	var seen []view
	var failed []error
	for _, d := range databases {
		sight, err := lookAt(ctx, d)
		if err != nil {
			failed = append(failed, fmt.Errorf("pool %q: %w", d.Pool, err))
			continue
		}
		seen = append(seen, view{d, sight})
	}
	var found []Recovered
	over := make(map[string]bool) // several pools may be on one database
	for _, v := range seen {
		for _, p := range v.Prepared {
			key := v.Process + "/" + p.Database + "/" + p.GID
			if over[key] {
				continue
			}
			r := Recovered{Pool: v.Pool, GID: p.GID}
			r.Commit, r.Err = recoverOne(ctx, v, seen, p)
			over[key] = r.Err == nil
			found = append(found, r)
		}
	}
	return found, errors.Join(failed...)
}

// view is a database and what was seen there.
type view struct {
	Named
	Sight
}

func recoverOne(ctx context.Context, v view, all []view, p Prepared) (commit bool, err error) {
	name, ok := Parse(p.GID)
	if !ok {
		return false, errors.New("its name is not of unoactor's making")
	}
	coordinator, err := coordinatorOf(name, all)
	if err != nil {
		return false, err
	}
	status, err := statusOf(ctx, coordinator, name.XID)
	if err != nil {
		return false, fmt.Errorf("ask its coordinator, pool %q: %w", coordinator.Pool, err)
	}
	commit, err = verdict(status, name, p, v.User)
	if err != nil {
		return commit, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err = v.Finish(ctx, p.GID, commit)
	return commit, err
}

func lookAt(ctx context.Context, d Database) (Sight, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return d.Look(ctx)
}

func statusOf(ctx context.Context, d Database, xid string) (Status, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return d.Status(ctx, xid)
}

// verdict is how a prepared transaction is to be finished, by what its coordinator's server
// says of the decision, or an error that says why it is left alone.
func verdict(status Status, name Name, p Prepared, user string) (commit bool, err error) {
	switch status {
	case InProgress:
		return false, errors.New("its coordinator has not decided yet")
	case WasCommitted, WasAborted:
		commit = status == WasCommitted
	default:
		return false, fmt.Errorf("its coordinator's server has forgotten transaction %s: whether to COMMIT PREPARED or ROLLBACK PREPARED is for a person to say", name.XID)
	}
	if !p.Mine {
		return commit, fmt.Errorf("role %q prepared it, and role %q may not end it: as %q or as a superuser, in database %q, run: %s",
			p.Owner, user, p.Owner, p.Database, FinishStatement(p.GID, commit))
	}
	return commit, nil
}

// FinishStatement is what finishes a prepared transaction. Names of our own making need no
// quoting.
func FinishStatement(gid string, commit bool) string {
	if commit {
		return "commit prepared '" + gid + "'"
	}
	return "rollback prepared '" + gid + "'"
}

// coordinatorOf finds whose server knows the decision: the pool of the name, on a server of
// that identity, else any pool on that server.
func coordinatorOf(name Name, all []view) (view, error) {
	var candidates []view
	for _, v := range all {
		if v.System != name.System {
			continue
		}
		if v.Pool == name.Pool {
			return v, nil
		}
		candidates = append(candidates, v)
	}
	if len(candidates) == 0 {
		return view{}, fmt.Errorf("no pool of this topology is on its coordinator's server (system_identifier %s), or that can't be reached", name.System)
	}
	for _, c := range candidates[1:] {
		if c.Process != candidates[0].Process {
			return view{}, fmt.Errorf("its coordinator was pool %q, which is not in this topology, and several servers are copies of that one's (system_identifier %s)",
				name.Pool, name.System)
		}
	}
	return candidates[0], nil
}
