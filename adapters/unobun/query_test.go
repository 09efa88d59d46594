package unobun_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
)

func TestASelectGivesTheSessionsOwnObjects(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		ann := &User{Email: "ann@example.com"}
		if err := s.Add(ann, &User{Email: "bob@example.org"}, &Order{User: ann, Item: "book"}); err != nil {
			return err
		}
		users, err := unobun.Select[User](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("email LIKE ?", "%@example.com")
		})
		if err != nil || len(users) != 1 || users[0] != ann {
			t.Fatalf("%v, %v: not flushed, or another object", users, err)
		}
		orders, err := unobun.Select[Order](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Relation("User") })
		if err != nil || len(orders) != 1 || orders[0].User.Email != "ann@example.com" {
			t.Fatalf("%v, %v", orders, err)
		}
		all, err := unobun.Select[User](ctx, s, nil)
		if err != nil || len(all) != 2 {
			t.Errorf("%v, %v", all, err)
		}
		all[1].Email = "bobby@example.org"
		return nil
	})
	if got := one[string](t, db, "select string_agg(email, ' ' order by email) from users"); got != "ann@example.com bobby@example.org" {
		t.Error(got)
	}
	s := db.NewSession()
	defer s.Close()
	if _, err := unobun.Select[User](t.Context(), s, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("nonsense") }); err == nil {
		t.Error("nonsense")
	}
}

func TestBunWorksInTheSessionsTransaction(t *testing.T) {
	db := open(t)
	failure := errors.New("of the function")
	err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			err := unobun.With(ctx, s, func(ctx context.Context, b *bun.DB) error {
				_, err := b.NewInsert().Model(&User{Email: "ann@example.com"}).Exec(ctx)
				inner := b.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
					if _, err := tx.NewInsert().Model(&User{Email: "bob@example.com"}).Exec(ctx); err != nil {
						return err
					}
					return failure
				})
				if !errors.Is(inner, failure) {
					t.Errorf("inner: %v", inner)
				}
				return err
			})
			if n := one[int](t, s, "select count(*) from users"); err != nil || n != 1 {
				t.Errorf("%d users in the transaction, %v", n, err)
			}
			return failure
		})
	})
	if n := one[int](t, db, "select count(*) from users"); !errors.Is(err, failure) || n != 0 {
		t.Errorf("%d users after the rollback, %v", n, err)
	}
}

func TestASessionIsBusyWhileBunReads(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		return unobun.With(ctx, s, func(ctx context.Context, b *bun.DB) error {
			rows, err := b.QueryContext(ctx, "select generate_series(1, 10)")
			if err != nil {
				return err
			}
			if _, err := s.Exec(ctx, "select 1"); !errors.Is(err, unoactor.ErrSessionBusy) {
				t.Errorf("%v", err)
			}
			if err := errors.Join(rows.Close(), rows.Err()); err != nil {
				return err
			}
			_, err = s.Exec(ctx, "select 1")
			return err
		})
	})
}
