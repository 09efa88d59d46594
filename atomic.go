package unoactor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/twophase"
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
// See docs/atomic.md for what becomes of it when something dies at each moment.
//
// What is said of repeating at [DB.Tx] holds, with the retry settings of the pool that
// has the most. If the connection is lost with the deciding COMMIT unanswered, its server
// is asked what became of it; only if it can't be asked is the error an
// [*AmbiguousCommitError], and what is prepared is left to recovery.
func (s *System) Atomic(ctx context.Context, f func(context.Context, *Atomic) error, overrides ...SessionConfig) error {
	s.recoverOnce.Do(func() { s.recovery.Wake() }) // what a process before this one left would be in the way
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

// marked returns options that give a transaction a mark: a parameter that ends with it, so
// that a transaction which takes its place is told from it. The text that begins the
// transaction sets the mark, without a round trip of its own.
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
	all, err := a.participants(ctx)
	if errors.Is(err, ErrTransactionEnded) {
		return err
	}
	if err != nil {
		return a.harmless(ctx, err)
	}
	return a.commit(ctx, all)
}

// commit commits what f did. A database that was only read is asked first, since its commit
// tells whether what was read holds.
func (a *Atomic) commit(ctx context.Context, all []*participant) error {
	var writers []twophase.Member
	for _, p := range all {
		if p.member.XID != "" {
			writers = append(writers, p.member)
		}
	}
	var coordinator twophase.Member
	var others []twophase.Member
	if len(writers) > 0 {
		var unable []string
		if coordinator, others, unable = twophase.Elect(writers); unable != nil {
			return &TwoPhaseError{Pools: unable}
		}
	}
	for _, p := range all {
		if p.alone = len(others) == 0; p.member.XID == "" {
			if err := p.session.commitShared(ctx); err != nil {
				return a.harmless(ctx, err)
			}
		}
	}
	if len(writers) == 0 {
		return nil
	}
	out := twophase.Commit(ctx, coordinator, others)
	err := outcomeError(out)
	if out.Decision != twophase.Unknown {
		for _, m := range writers {
			m.Transaction.(*participant).session.decided(out.Decision == twophase.Committed)
		}
	}
	a.sys.leave(out)
	return err
}

// outcomeError is what Atomic returns of an outcome.
func outcomeError(out twophase.Outcome) error {
	switch {
	case out.Decision == twophase.Committed:
		return nil
	case out.Decision == twophase.RolledBack && out.Action == twophase.Ask:
		err := out.Err
		if ambiguous := (*AmbiguousCommitError)(nil); errors.As(err, &ambiguous) {
			err = ambiguous.Err // since it is known now
		}
		return &harmlessError{fmt.Errorf("rolled back: %w", err), true}
	}
	return out.Err
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

// harmless marks a failure that came before anything was committed.
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
