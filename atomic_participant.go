package unoactor

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/internal/twophase"
)

// participant is a session's transaction that is committed with those of others: it is what
// [twophase.Commit] works on.
type participant struct {
	session *Session
	member  twophase.Member // of which this is the Transaction
	lazy    bool            // its server would answer COMMIT before it is safe on disk
	alone   bool            // no other database was written to
}

// participants asks each server what it has of the transaction.
func (a *Atomic) participants(ctx context.Context) ([]*participant, error) {
	all := make([]*participant, len(a.sessions))
	for i, s := range a.sessions {
		p := &participant{session: s}
		p.member = twophase.Member{Pool: s.db.pool.Name(), Transaction: p}
		row := s.QueryRow(ctx, `select coalesce(pg_current_xact_id_if_assigned()::text, ''),
			(select system_identifier::text from pg_control_system()), current_setting('max_prepared_transactions') <> '0',
			current_setting('synchronous_commit') = 'off', coalesce(current_setting('unoactor.atomic', true), '') = 'on'`)
		var ours bool
		if err := row.Scan(&p.member.XID, &p.member.System, &p.member.CanPrepare, &p.lazy, &ours); err != nil {
			return nil, fmt.Errorf("pool %q: %w", p.member.Pool, err)
		}
		if !ours {
			return nil, endedIn(p.member.Pool)
		}
		p.member.Database = &database{s.db, p.member.System}
		all[i] = p
	}
	return all, nil
}

// Prepare is for [twophase.Transaction]. Nothing is committed where it fails.
func (p *participant) Prepare(ctx context.Context, gid string) (twophase.Reply, error) {
	reply, err := p.prepare(ctx, gid)
	if err != nil {
		err = &harmlessError{fmt.Errorf("pool %q: prepare: %w", p.member.Pool, err), p.session.lost != nil}
	}
	return reply, err
}

func (p *participant) prepare(ctx context.Context, gid string) (twophase.Reply, error) {
	s := p.session
	if err := s.enter(); err != nil {
		return twophase.Refused, err
	}
	defer s.leave()
	if err := p.lost(); err != nil {
		return twophase.Refused, err
	}
	before := s.begun()
	tag, err := s.backend.Conn().Exec(ctx, "prepare transaction '"+gid+"'", pgx.QueryExecModeSimpleProtocol)
	if err == nil && tag.String() != "PREPARE TRANSACTION" {
		err = pgx.ErrTxCommitRollback // what had failed before can't be prepared
	}
	sent := before.use.Sent()
	err = s.after(ctx, before, "prepare", err)
	switch {
	case err == nil:
		return twophase.Done, nil
	case !sent, answered(err), errors.Is(err, pgx.ErrTxCommitRollback):
		return twophase.Refused, err
	}
	return twophase.Unanswered, err
}

// Commit is for [twophase.Transaction]. A decision about others must outlive a crash of its
// server, whatever its synchronous_commit says.
func (p *participant) Commit(ctx context.Context) (twophase.Reply, error) {
	s := p.session
	if err := s.enter(); err != nil {
		return twophase.Refused, err
	}
	defer s.leave()
	err := p.commit(ctx)
	switch {
	case err == nil:
		return twophase.Done, nil
	case Unknown(err), errors.Is(err, ErrTransactionEnded): // whose server knows how it ended
		return twophase.Unanswered, err
	}
	return twophase.Refused, commitError(err)
}

func (p *participant) commit(ctx context.Context) error {
	s := p.session
	if err := p.lost(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // the end of the session rolls back
		return explain(ctx, err)
	}
	sent := s.begun()
	if p.lazy && !p.alone {
		if _, err := s.backend.Conn().Exec(ctx, "set local synchronous_commit = local"); err != nil {
			return fmt.Errorf("%w: %w", errLostBefore, s.after(ctx, sent, "set", err))
		}
	}
	return s.after(ctx, sent, "begin", commit(ctx, s.levels[0].tx))
}

// Finish is for [twophase.Transaction].
func (p *participant) Finish(ctx context.Context, gid string, commit bool) (found bool, err error) {
	if found, err = p.finish(ctx, gid, commit); err != nil && ctx.Err() == nil {
		return p.member.Database.Finish(ctx, gid, commit)
	}
	return found, err
}

// finish finishes a prepared transaction on the connection that prepared it.
func (p *participant) finish(ctx context.Context, gid string, commit bool) (found bool, err error) {
	s := p.session
	if err := s.enter(); err != nil {
		return false, err
	}
	defer s.leave()
	if err := p.lost(); err != nil {
		return false, err
	}
	sent := s.begun()
	_, err = s.backend.Conn().Exec(ctx, twophase.FinishStatement(gid, commit))
	if absent(err) {
		return false, nil
	}
	return err == nil, s.after(ctx, sent, "commit prepared", err)
}

// lost is why the transaction's connection can't be used, nil if it can.
func (p *participant) lost() error {
	switch s := p.session; {
	case s.lost != nil:
		return fmt.Errorf("%w: %w", errLostBefore, s.lost)
	case s.lease.IsZero():
		return errLostBefore
	}
	return nil
}

// commitShared is Commit for a transaction that a session shares with others, and only read in.
func (s *Session) commitShared(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.commit(ctx)
}

// decided ends the transaction of a session, and says how to its unit of work.
func (s *Session) decided(commit bool) {
	if s.enter() == nil {
		if len(s.levels) > 0 {
			s.pop(commit)
		}
		s.leave()
	}
}
