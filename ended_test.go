package unoactor_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

func TestAtomicCommitsNothingWhereAStatementEndedATransactionOrFailed(t *testing.T) {
	b := openBank(t, [2]string{"10", "10"})
	const insert = "insert into transfers values ('x')"
	for _, c := range []struct {
		text  string
		want  error
		there string // how many rows the database of the statement keeps
	}{
		{insert + "; rollback", unoactor.ErrTransactionEnded, "0"}, {insert + "; commit", unoactor.ErrTransactionEnded, "1"}, {insert + "; end", unoactor.ErrTransactionEnded, "1"},
		{"abort", unoactor.ErrTransactionEnded, "0"}, {insert + "; prepare transaction 'mine'", unoactor.ErrTransactionEnded, "0"},
		{"commit; begin; " + insert, unoactor.ErrTransactionEnded, "0"}, {"rollback; begin; " + insert, unoactor.ErrTransactionEnded, "0"},
		{insert + "; commit and chain", unoactor.ErrTransactionEnded, "1"}, {insert + "; rollback and chain", unoactor.ErrTransactionEnded, "0"},
		{insert + "; select 1/0", pgx.ErrTxCommitRollback, "0"}, {insert + "; begin", nil, "1"}, {insert + "; savepoint a; rollback to a; release a", nil, "1"},
		{insert + "; create table if not exists more (x int)", nil, "1"}, {"set transaction isolation level serializable; " + insert, nil, "1"},
	} {
		for _, s := range b.servers {
			if err := s.Exec(t.Context(), "postgres", "truncate transfers"); err != nil {
				t.Fatal(err)
			}
		}
		tries := 0
		err := b.sys.Atomic(t.Context(), func(ctx context.Context, a *unoactor.Atomic) error {
			tries++
			north, err := a.Session(ctx, "north")
			if err != nil {
				return err
			}
			south, err := a.Session(ctx, "south")
			if err != nil {
				return err
			}
			_, _ = north.Exec(ctx, c.text) // an error that is swallowed
			_, err = south.Exec(ctx, insert)
			return err
		})
		if c.want == nil && err != nil || !errors.Is(err, c.want) || tries != 1 {
			t.Errorf("%s: %v after %d tries, want %v", c.text, err, tries, c.want)
		}
		south := "0"
		if c.want == nil {
			south = "1"
		}
		for i, want := range []string{c.there, south} {
			if got, err := b.servers[i].QueryValue(t.Context(), "postgres", "select count(*) from transfers"); err != nil || got != want {
				t.Errorf("%s: %s rows in database %d, want %s: %v", c.text, got, i, want, err)
			}
		}
		_ = b.servers[0].Exec(t.Context(), "postgres", "rollback prepared 'mine'") // that one case's
	}
}

func TestATransactionThatAStatementEndedIsNotTakenForCommitted(t *testing.T) {
	db := open(t)
	ctx := t.Context()
	if _, err := db.Exec(ctx, "create table kept (x int)"); err != nil {
		t.Fatal(err)
	}
	std := unosql.Open(db)
	defer std.Close()
	const insert = "insert into kept values (1)"
	for _, c := range []struct {
		text string
		want error
	}{
		{insert + "; rollback", unoactor.ErrTransactionEnded}, {insert + "; commit", unoactor.ErrTransactionEnded}, {"end", unoactor.ErrTransactionEnded},
		{"abort", unoactor.ErrTransactionEnded}, {"select 1/0", pgx.ErrTxCommitRollback}, {"begin", nil}, {"savepoint a; rollback to a", nil},
	} {
		for face, run := range map[string]func() error{
			"DB.Tx": func() error {
				return db.Tx(ctx, pgx.TxOptions{}, func(tx pgx.Tx) error { _, _ = tx.Exec(ctx, c.text); return nil })
			},
			"DB.Begin": func() error {
				tx, err := db.Begin(ctx)
				if err != nil {
					return err
				}
				_, _ = tx.Exec(ctx, c.text)
				err = tx.Commit(ctx)
				if again := tx.Commit(ctx); !errors.Is(again, pgx.ErrTxClosed) {
					t.Errorf("%s: a second commit: %v", c.text, again)
				}
				return err
			},
			"Session.Tx": func() error {
				return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
					return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error { _, _ = s.Exec(ctx, c.text); return nil })
				})
			},
			"Session.Commit": func() error {
				return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error {
					if err := s.Begin(ctx); err != nil {
						return err
					}
					_, _ = s.Exec(ctx, c.text)
					err := s.Commit(ctx)
					if one[int](t, s, "select 1") != 1 {
						t.Error("the session can't go on")
					}
					return err
				})
			},
			"a session that begins of itself": func() error {
				return db.Session(ctx, func(ctx context.Context, s *unoactor.Session) error { _, _ = s.Exec(ctx, c.text); return nil }, unoactor.SessionConfig{Autocommit: unoactor.Off})
			},
			"database/sql": func() error {
				tx, err := std.BeginTx(ctx, nil)
				if err != nil {
					return err
				}
				_, _ = tx.ExecContext(ctx, c.text)
				return tx.Commit()
			},
		} {
			if err := run(); c.want == nil && err != nil || !errors.Is(err, c.want) {
				t.Errorf("%s: %s: %v, want %v", face, c.text, err, c.want)
			}
		}
	}
}

func TestATransactionThatItsFunctionEndedIsNotRepeated(t *testing.T) {
	server, database := testkit.Shared(t)
	db, err := unoactor.Connect(t.Context(), server.URL(database), config.Pool{Retry: config.Retry{MaxRetries: 3, RetryDelay: 1, RetryableErrors: []string{"connection", "22012"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	tries := 0
	err = db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			tries++
			_, err := s.Exec(ctx, "commit; select 1/0")
			return err
		})
	})
	if err == nil || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}
