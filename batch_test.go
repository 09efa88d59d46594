package unoactor_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

func TestATransactionThatABatchBeganIsThereToBeCommitted(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table kept (face text)"); err != nil {
		t.Fatal(err)
	}
	for face, run := range map[string]func(send func(pgx.BatchResults) error, b *pgx.Batch) error{
		"DB": func(send func(pgx.BatchResults) error, b *pgx.Batch) error { return send(db.SendBatch(t.Context(), b)) },
		"Lease": func(send func(pgx.BatchResults) error, b *pgx.Batch) error {
			l, err := db.Acquire(t.Context())
			if err != nil {
				return err
			}
			defer l.Release()
			return send(l.SendBatch(t.Context(), b))
		},
		"Session": func(send func(pgx.BatchResults) error, b *pgx.Batch) error {
			return db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error { return send(s.SendBatch(ctx, b)) })
		},
	} {
		t.Run(face, func(t *testing.T) {
			b := &pgx.Batch{}
			b.BeginTx(pgx.TxOptions{})
			b.Queue("insert into kept values ($1)", face)
			err := run(func(r pgx.BatchResults) error {
				if err := r.Close(); err != nil {
					return err
				}
				if r.Tx() == nil {
					return errors.New("there is no transaction")
				}
				return r.Tx().Commit(t.Context())
			}, b)
			if err != nil {
				t.Error(err)
			}
			if n := one[string](t, db, "select count(*)::text from kept where face = '"+face+"'"); n != "1" {
				t.Errorf("%s rows were kept", n)
			}
		})
	}
}

func TestASessionTellsOfATransactionThatSQLLeftOpen(t *testing.T) {
	db := open(t)
	for name, begin := range map[string]func(context.Context, *unoactor.Session) error{
		"a statement": func(ctx context.Context, s *unoactor.Session) error { _, err := s.Exec(ctx, "begin"); return err },
		"a batch": func(ctx context.Context, s *unoactor.Session) error {
			b := &pgx.Batch{}
			b.BeginTx(pgx.TxOptions{})
			return s.SendBatch(ctx, b).Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := db.Session(t.Context(), begin); err == nil || !strings.Contains(err.Error(), "which is rolled back") {
				t.Error(err)
			}
		})
	}
}
