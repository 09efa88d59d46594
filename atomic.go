package unoactor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
)

// Atomic is a transaction over several databases: see [System.Atomic]. It belongs to
// one goroutine at a time.
type Atomic struct {
	sys      *System
	config   []SessionConfig
	sessions []*Session // in the order in which they were first asked for
}

// TwoPhaseError is a transaction that wrote in several databases of which more than one
// can't prepare: it was rolled back in all of them.
type TwoPhaseError struct{ Pools []string }

func (e *TwoPhaseError) Error() string {
	return fmt.Sprintf("rolled back: it wrote in several databases, and the servers of pools %s have max_prepared_transactions = 0, which only one of them may: "+
		"set it there to at least max_connections, and restart those servers", strings.Join(e.Pools, ", "))
}

// Atomic runs f in a transaction over several databases: what it did is committed in
// all of them, or in none. f asks its [Atomic] for a session of each database; they are
// in a transaction each and end with f.
//
// If only one of the databases was written to, that is an ordinary transaction. Else it
// takes PostgreSQL's two-phase commit: all but one of them are prepared, then the last,
// the coordinator, commits, and by that decides for all. Those that were prepared bear
// in their names who the coordinator is, and its transaction's id there, so that anybody
// can ask its server for the decision (pg_xact_status). One server may therefore have
// max_prepared_transactions = 0, no more: [*TwoPhaseError].
//
// When Atomic returns nil the decision is made; a database that can't be reached at that
// moment follows when it can be. If this process dies first, what was prepared keeps its
// locks until [System.Recover], [WithRecovery] or the first Atomic of another process
// with the same topology ends it.
//
// f leaves the transactions to Atomic: a statement of its that ends one, or ends it and
// begins another, is an [ErrTransactionEnded], and one in which a statement failed is a
// [pgx.ErrTxCommitRollback], also if f kept the error to itself.
//
// What is said of repeating at [DB.Tx] holds, with the retry settings of the pool that
// has the most. If the connection is lost with the deciding COMMIT unanswered, its server
// is asked what became of it; only if it can't be asked is the error an
// [*AmbiguousCommitError], and what is prepared is left to recovery.
func (s *System) Atomic(ctx context.Context, f func(context.Context, *Atomic) error, overrides ...SessionConfig) error {
	s.recovery.first.Do(s.finishLater) // what a process before this one left would be in the way
	var r *config.Retry
	once := func() error {
		a := &Atomic{sys: s, config: overrides}
		defer a.close()
		err := a.run(ctx, f)
		r = a.retries()
		return err
	}
	err := once()
	if err == nil || r == nil || r.MaxRetries == 0 {
		return bare(err)
	}
	first := true
	return repeat(ctx, r, func() error {
		if first {
			first = false
			return err
		}
		return once()
	})
}

// Session is the session of a database, by the name by which [System.Session] finds
// it. Its transaction is ended by Atomic.
func (a *Atomic) Session(ctx context.Context, database string) (*Session, error) {
	db, err := a.sys.route(database)
	if err != nil {
		return nil, err
	}
	for _, s := range a.sessions {
		if s.db.pool == db.pool {
			return s, nil
		}
	}
	s := db.NewSession(a.config...)
	if err := s.BeginTx(ctx, marked(s.config.TxOptions)); err != nil {
		s.Close()
		return nil, err
	}
	s.levels[0].shared = true
	a.sessions = append(a.sessions, s)
	return s, nil
}

// marked has a transaction bear a mark, a setting that ends with it, so that another one in
// its place is told from it. It is set by the text that begins it, without a round trip.
func marked(o pgx.TxOptions) pgx.TxOptions {
	begin := o.BeginQuery
	if begin == "" {
		begin = "begin"
		if o.IsoLevel != "" {
			begin += " isolation level " + string(o.IsoLevel)
		}
		begin = strings.TrimRight(begin+" "+string(o.AccessMode)+" "+string(o.DeferrableMode), " ")
	}
	o.BeginQuery = begin + "; set local unoactor.atomic = 'on'"
	return o
}

func (a *Atomic) close() {
	for _, s := range a.sessions {
		s.Close() // rolls back what is open
	}
}

func (a *Atomic) retries() *config.Retry {
	var most *config.Retry
	for _, s := range a.sessions {
		if r := &s.db.pool.Settings().Retry; most == nil || r.MaxRetries > most.MaxRetries {
			most = r
		}
	}
	return most
}

func (a *Atomic) run(ctx context.Context, f func(context.Context, *Atomic) error) error {
	err := f(ctx, a)
	if ended := a.ended(); ended != nil {
		return errors.Join(ended, explain(ctx, err)) // not to be repeated: who knows what is committed
	}
	if err == nil {
		err = a.flush(ctx)
	}
	if err != nil {
		return a.harmless(ctx, err)
	}
	all, err := a.look(ctx)
	if errors.Is(err, ErrTransactionEnded) {
		return err
	}
	if err != nil {
		return a.harmless(ctx, err)
	}
	var writers []*participant
	for _, p := range all {
		if p.xid != "" {
			writers = append(writers, p)
		}
	}
	if err := elect(writers); err != nil {
		return err
	}
	for _, p := range all {
		if p.xid == "" { // it only read: its commit tells whether what it read holds
			if err := p.session.commitShared(ctx); err != nil {
				return a.harmless(ctx, err)
			}
		}
	}
	if len(writers) == 0 {
		return nil
	}
	return a.sys.twoPhase(ctx, writers)
}

// ended says of which databases a statement of f ended the transaction, nil if of none.
func (a *Atomic) ended() error {
	var wrong []error
	for _, s := range a.sessions {
		if s.depth() > 0 && s.ended() {
			wrong = append(wrong, endedIn(s.db.pool.Name()))
		}
	}
	return errors.Join(wrong...)
}

func endedIn(pool string) error {
	return fmt.Errorf("pool %q: what was done there may be committed, and is rolled back in the other databases: %w", pool, ErrTransactionEnded)
}

// flush writes the units of work, and sees that f left the transactions as they were.
func (a *Atomic) flush(ctx context.Context) error {
	for _, s := range a.sessions {
		if s.lost != nil {
			return fmt.Errorf("%w: %w", ErrTransactionLost, s.lost)
		}
		if s.depth() == 1 && s.backend.Conn().PgConn().TxStatus() == 'E' {
			return fmt.Errorf("pool %q: a statement failed and its error was not returned, so that nothing can be committed: %w", s.db.pool.Name(), pgx.ErrTxCommitRollback)
		}
		if s.depth() != 1 {
			return fmt.Errorf("pool %q: the function of Atomic left a savepoint open, or closed the session: end the one, and leave the other to Atomic", s.db.pool.Name())
		}
		if err := s.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// harmless marks a failure before anything was committed.
func (a *Atomic) harmless(ctx context.Context, err error) error {
	lost := slices.ContainsFunc(a.sessions, func(s *Session) bool { return s.lost != nil || s.lease.IsZero() })
	if h := acquireError(err); h != nil {
		return h
	}
	return &harmlessError{explain(ctx, err), lost}
}

// commitError marks a commit that certainly did not happen.
func commitError(err error) error {
	if errors.Is(err, errLostBefore) || answered(err) {
		return &harmlessError{err, !answered(err)}
	}
	return err
}

// participant is a session in a transaction that is to be committed with others.
type participant struct {
	session     *Session
	pool        string
	xid         string // "" if it wrote nothing
	system      string // the identity of its server
	canPrep     bool
	gid         string // what it is prepared as
	coordinates bool
}

// look asks each server what it has of the transaction.
func (a *Atomic) look(ctx context.Context) ([]*participant, error) {
	all := make([]*participant, len(a.sessions))
	for i, s := range a.sessions {
		p := &participant{session: s, pool: s.db.pool.Name()}
		row := s.QueryRow(ctx, `select coalesce(pg_current_xact_id_if_assigned()::text, ''),
			(select system_identifier::text from pg_control_system()), current_setting('max_prepared_transactions') <> '0',
			coalesce(current_setting('unoactor.atomic', true), '') = 'on'`)
		var ours bool
		if err := row.Scan(&p.xid, &p.system, &p.canPrep, &ours); err != nil {
			return nil, fmt.Errorf("pool %q: %w", p.pool, err)
		}
		if !ours {
			return nil, endedIn(p.pool)
		}
		all[i] = p
	}
	return all, nil
}

// elect chooses the coordinator, and names the others' transactions after its own.
func elect(writers []*participant) error {
	var unable []string
	var chosen *participant
	for _, p := range writers {
		if chosen == nil || chosen.canPrep {
			chosen = p
		}
		if !p.canPrep {
			unable = append(unable, p.pool)
		}
	}
	if len(unable) > 1 {
		return &TwoPhaseError{Pools: unable}
	}
	for i, p := range writers {
		if p.coordinates = p == chosen; !p.coordinates {
			p.gid = globalID{system: chosen.system, pool: chosen.pool, xid: chosen.xid, number: i}.String()
		}
	}
	return nil
}

// commitShared is Commit for the transaction that a session shares with others.
func (s *Session) commitShared(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.commit(ctx)
}

// prepare is the first phase.
func (s *Session) prepare(ctx context.Context, gid string) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	sent := s.begun()
	tag, err := s.backend.Conn().Exec(ctx, "prepare transaction '"+gid+"'", pgx.QueryExecModeSimpleProtocol)
	if err == nil && tag.String() != "PREPARE TRANSACTION" {
		err = pgx.ErrTxCommitRollback // what had failed before can't be prepared
	}
	return s.after(ctx, sent, "prepare", err)
}
