package unoactor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/supervisor"
)

// globalID names a prepared transaction: it is committed if the coordinator's
// transaction was, which its server knows (pg_xact_status).
type globalID struct {
	system string // the server's system_identifier
	pool   string // the coordinator's, which tells servers apart that are copies of one
	xid    string // the coordinator's transaction there, of 64 bits
	number int    // of the participant
}

const (
	globalPrefix  = "unoactor:"
	longestGlobal = 199 // bytes, of PostgreSQL
)

func (g globalID) String() string {
	name := fmt.Sprintf("%s%s:%s:%d:%s", globalPrefix, g.system, g.xid, g.number, url.QueryEscape(g.pool))
	return name[:min(len(name), longestGlobal)] // a pool with so long a name is found by its server alone
}

func parseGlobalID(gid string) (globalID, bool) {
	rest, ours := strings.CutPrefix(gid, globalPrefix)
	parts := strings.Split(rest, ":")
	if !ours || len(parts) != 4 || strings.ContainsFunc(gid, isForeign) {
		return globalID{}, false
	}
	for _, p := range parts[:2] {
		if _, err := strconv.ParseUint(p, 10, 64); err != nil {
			return globalID{}, false
		}
	}
	number, err := strconv.Atoi(parts[2])
	pool, _ := url.QueryUnescape(parts[3]) // one that was cut is no pool's
	return globalID{system: parts[0], xid: parts[1], number: number, pool: pool}, err == nil
}

// isForeign says whether a byte is in none of our names. They become part of a statement, and
// anybody who may connect can prepare something under a name that looks like one.
func isForeign(r rune) bool {
	ours := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(":-_.~%+", r)
	return !ours
}

// How long the second phase tries by itself, and pauses between tries, before it is
// left to who works in the background.
const (
	secondPhaseTime  = 5 * time.Second
	secondPhasePause = 50 * time.Millisecond
)

// twoPhase commits what several participants wrote.
func (s *System) twoPhase(ctx context.Context, writers []*participant) error {
	var coordinator *participant
	var others []*participant
	for _, p := range writers {
		if p.coordinates {
			coordinator = p
		} else {
			others = append(others, p)
		}
	}
	for i, p := range others {
		if err := p.session.prepare(ctx, p.gid); err != nil {
			if answered(err) {
				s.conclude(ctx, others[:i], false)
			} else { // it may be prepared, now or when its server gets to it
				s.conclude(ctx, others[:i+1], false)
				s.finishLater()
			}
			return &harmlessError{fmt.Errorf("pool %q: prepare: %w", p.pool, err), p.session.lost != nil}
		}
	}
	err := commitError(coordinator.session.commitShared(ctx))
	var ambiguous *AmbiguousCommitError
	if errors.As(err, &ambiguous) {
		committed, known := s.askFor(ctx, coordinator)
		switch {
		case !known:
			if len(others) > 0 {
				s.finishLater()
			}
			return err
		case committed:
			err = nil
		default:
			err = &harmlessError{fmt.Errorf("rolled back: %w", ambiguous.Err), true}
		}
	}
	s.conclude(ctx, others, err == nil)
	return err
}

// askFor asks the coordinator's server what became of its transaction.
func (s *System) askFor(ctx context.Context, coordinator *participant) (committed, known bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), secondPhaseTime)
	defer cancel()
	for ctx.Err() == nil {
		status, err := outcome(ctx, coordinator.session.db, coordinator.xid)
		if err == nil && status != inProgress {
			return status == committedThere, status != unknownThere
		}
		pause(ctx, secondPhasePause)
	}
	return false, false
}

// What pg_xact_status says.
const (
	committedThere = "committed"
	inProgress     = "in progress"
	unknownThere   = "" // it is so long ago that the server has forgotten
)

func outcome(ctx context.Context, db *DB, xid string) (status string, err error) {
	err = db.QueryRow(ctx, "select coalesce(pg_xact_status($1::text::xid8), '')", xid).Scan(&status)
	return status, err
}

// conclude is the second phase. What can't be done soon is done in the background.
func (s *System) conclude(ctx context.Context, prepared []*participant, commit bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), secondPhaseTime)
	defer cancel()
	for _, p := range prepared {
		err := p.session.concludeHere(ctx, p.gid, commit)
		for err != nil && ctx.Err() == nil {
			if err = concludePrepared(ctx, p.session.db, p.gid, commit); err != nil {
				pause(ctx, secondPhasePause)
			}
		}
		p.session.decided(commit)
		if err != nil {
			s.log.Warn("a prepared transaction could not be ended yet", "pool", p.pool, "gid", p.gid, "commit", commit, "error", err)
			s.finishLater()
		}
	}
}

// concludeHere ends a prepared transaction on the connection that prepared it.
func (s *Session) concludeHere(ctx context.Context, gid string, commit bool) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if s.lost != nil || s.lease.IsZero() {
		return errLostBefore
	}
	sent := s.begun()
	_, err := s.backend.Conn().Exec(ctx, endPrepared(gid, commit))
	if absent(err) {
		return nil
	}
	return s.after(ctx, sent, "commit prepared", err)
}

// decided has the session take note of what became of its transaction.
func (s *Session) decided(commit bool) {
	if s.enter() == nil {
		s.pop(commit)
		s.leave()
	}
}

// concludePrepared ends a prepared transaction that may be ended already.
func concludePrepared(ctx context.Context, db *DB, gid string, commit bool) error {
	_, err := db.Exec(ctx, endPrepared(gid, commit))
	if absent(err) {
		return nil
	}
	return err
}

// endPrepared is the statement. Names of our own making need no quoting.
func endPrepared(gid string, commit bool) string {
	if commit {
		return "commit prepared '" + gid + "'"
	}
	return "rollback prepared '" + gid + "'"
}

// absent says whether there is no such prepared transaction: somebody has ended it.
func absent(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42704"
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

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
// could not be looked at.
func (s *System) Recover(ctx context.Context) ([]Recovered, error) {
	var found []Recovered
	var failed []error
	servers := make(map[string][]server) // by system_identifier
	for _, p := range s.tree.Pools() {
		db := s.database(p)
		row := db.QueryRow(ctx, "select system_identifier::text, pg_postmaster_start_time()::text || coalesce(inet_server_port()::text, '') from pg_control_system()")
		var system, process string
		if err := row.Scan(&system, &process); err != nil {
			failed = append(failed, fmt.Errorf("pool %q: %w", p.Name(), err))
			continue
		}
		servers[system] = append(servers[system], server{db, process})
	}
	for _, p := range s.tree.Pools() {
		all, err := s.preparedIn(ctx, p)
		if err != nil {
			failed = append(failed, fmt.Errorf("pool %q: %w", p.Name(), err))
			continue
		}
		for _, one := range all {
			r := Recovered{Pool: p.Name(), GID: one.gid}
			r.Commit, r.Err = recoverOne(ctx, s.database(p), servers, one)
			found = append(found, r)
		}
	}
	return found, errors.Join(failed...)
}

// server is a pool and the server process that it is on.
type server struct {
	db      *DB
	process string
}

func recoverOne(ctx context.Context, db *DB, servers map[string][]server, one prepared) (commit bool, err error) {
	id, ok := parseGlobalID(one.gid)
	if !ok {
		return false, errors.New("its name is not of unoactor's making")
	}
	coordinator, err := coordinatorOf(id, servers[id.system])
	if err != nil {
		return false, err
	}
	status, err := outcome(ctx, coordinator, id.xid)
	switch {
	case err != nil:
		return false, fmt.Errorf("ask its coordinator, pool %q: %w", coordinator.pool.Name(), err)
	case status == inProgress:
		return false, errors.New("its coordinator has not decided yet")
	case status == unknownThere:
		return false, fmt.Errorf("its coordinator's server has forgotten transaction %s: whether to COMMIT PREPARED or ROLLBACK PREPARED is for a person to say", id.xid)
	}
	commit = status == committedThere
	if !one.mine {
		return commit, fmt.Errorf("role %q prepared it, and role %q may not end it: as %q or as a superuser, in database %q, run: %s",
			one.owner, one.user, one.owner, one.database, endPrepared(one.gid, commit))
	}
	return commit, concludePrepared(ctx, db, one.gid, commit)
}

// coordinatorOf finds who decides: the pool of that name, else any on that server.
func coordinatorOf(id globalID, candidates []server) (*DB, error) {
	for _, c := range candidates {
		if c.db.pool.Name() == id.pool {
			return c.db, nil
		}
	}
	if len(candidates) == 0 {
		return nil, fmt.Errorf("no pool of this topology is on its coordinator's server (system_identifier %s), or that can't be reached", id.system)
	}
	for _, c := range candidates[1:] {
		if c.process != candidates[0].process {
			return nil, fmt.Errorf("its coordinator was pool %q, which is not in this topology, and several servers are copies of that one's (system_identifier %s)",
				id.pool, id.system)
		}
	}
	return candidates[0].db, nil
}

// prepared is a prepared transaction as its server lists it.
type prepared struct {
	gid, owner, database string
	user                 string // who looks
	mine                 bool   // who may end it
}

// preparedIn lists what is prepared in a pool's database, by whomever. A role that a
// transaction's owner is a member of may not end it, says PostgreSQL: only the owner and
// superusers may.
func (s *System) preparedIn(ctx context.Context, p *supervisor.Pool) ([]prepared, error) {
	rows, err := s.database(p).Query(ctx, `select gid, owner, database, current_user,
			owner = current_user or (select rolsuper from pg_roles where rolname = current_user)
		from pg_prepared_xacts where gid like 'unoactor:%' and database = current_database() order by prepared`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (one prepared, err error) {
		err = row.Scan(&one.gid, &one.owner, &one.database, &one.user, &one.mine)
		return one, err
	})
}
