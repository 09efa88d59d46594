package twophase_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/internal/twophase"
)

// begin begins a transaction that writes.
func (p *process) begin(s *server, name string) *transaction {
	s.lastXID++
	tx := &transaction{database: &database{p, s, name}, xid: fmt.Sprint(s.lastXID)}
	s.status[tx.xid] = twophase.InProgress
	p.open = append(p.open, tx)
	return tx
}

// database is a database of a server as a process reaches it: a [twophase.Database].
type database struct {
	p      *process
	server *server
	name   string
}

// transaction is open in a database, a [twophase.Transaction].
type transaction struct {
	*database
	xid    string
	ended  bool // it is prepared, committed or rolled back
	flying bool // its server will get to a request of it
}

// close is the end of its session, which rolls back what is open.
func (t *transaction) close() {
	t.p.w.mu.Lock()
	defer t.p.w.mu.Unlock()
	if !t.flying {
		t.lost()
	}
}

func (t *transaction) flies() {
	if t != nil {
		t.flying = true
	}
}

func (t *transaction) lost() {
	if t != nil && !t.ended {
		t.ended = true
		t.server.status[t.xid] = twophase.WasAborted
	}
}

func (t *transaction) alive() bool { return !t.ended && t.server.status[t.xid] == twophase.InProgress }

func (t *transaction) request(ctx context.Context, what string, do func()) (twophase.Reply, error) {
	refuses := false // which a request that flies does not say
	err := t.p.call(ctx, t.server, what, func() {
		if refuses = !t.alive(); !refuses {
			do()
		}
	}, t)
	switch {
	case errors.Is(err, errNo), err == nil && refuses:
		return twophase.Refused, errNo
	case err != nil:
		return twophase.Unanswered, err
	}
	return twophase.Done, nil
}

func (t *transaction) Prepare(ctx context.Context, gid string) (twophase.Reply, error) {
	return t.request(ctx, "prepare "+gid, func() {
		t.ended = true
		t.server.prepared = append(t.server.prepared, &prepared{gid: gid, database: t.name, xid: t.xid, owner: "app", by: t.p})
	})
}

func (t *transaction) Commit(ctx context.Context) (twophase.Reply, error) {
	return t.request(ctx, "commit", func() {
		t.ended = true
		t.server.status[t.xid] = twophase.WasCommitted
	})
}

func (d *database) Status(ctx context.Context, xid string) (twophase.Status, error) {
	var known twophase.Status
	if err := d.p.call(ctx, d.server, "status of "+xid, func() { known = d.server.status[xid] }, nil); err != nil {
		return "", err // what flies may still be answered
	}
	return known, nil
}

func (d *database) Finish(ctx context.Context, gid string, commit bool) (bool, error) {
	found := false
	err := d.p.call(ctx, d.server, twophase.FinishStatement(gid, commit), func() {
		for i, p := range d.server.prepared {
			if p.gid != gid || p.database != d.name {
				continue
			}
			d.server.finish(d.p, p, commit)
			d.server.prepared = slices.Delete(d.server.prepared, i, i+1)
			found = true
			return
		}
	}, nil)
	return err == nil && found, err
}

// finish ends a prepared transaction, and knows what must not be.
func (s *server) finish(by *process, p *prepared, commit bool) {
	if p.foreign {
		s.w.never("%s was finished, which is not ours", p.gid)
	}
	name, _ := twophase.Parse(p.gid)
	for _, c := range s.w.servers {
		status := c.status[name.XID]
		if c.system == name.System && (commit && status != twophase.WasCommitted || status == twophase.InProgress && by != p.by) {
			s.w.never("%s was finished (commit: %v), and its coordinator is %s", p.gid, commit, status)
		}
	}
	s.status[p.xid] = twophase.WasAborted
	if commit {
		s.status[p.xid] = twophase.WasCommitted
	}
}

func (d *database) Look(ctx context.Context) (twophase.Sight, error) {
	var sight twophase.Sight
	s := d.server
	err := d.p.call(ctx, s, "look", func() {
		sight = twophase.Sight{System: s.system, Process: s.system + fmt.Sprint(" ", s.boots), User: "app"}
		for _, p := range s.prepared {
			if strings.HasPrefix(p.gid, "unoactor:") && p.database == d.name {
				sight.Prepared = append(sight.Prepared, twophase.Prepared{GID: p.gid, Owner: p.owner, Database: d.name, Mine: p.owner == "app"})
			}
		}
	}, nil)
	if err != nil {
		return twophase.Sight{}, err
	}
	return sight, nil
}
