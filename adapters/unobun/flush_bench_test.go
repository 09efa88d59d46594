package unobun_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

// BenchmarkFlush measures what a unit of work costs: looking for changes where there are
// none, writing some, inserting a graph, and undoing that.
func BenchmarkFlush(b *testing.B) {
	db := open(b)
	if _, err := db.Exec(b.Context(), "insert into users (email) select 'user' || n from generate_series(1, 100) n"); err != nil {
		b.Fatal(err)
	}
	inTransaction := func(b *testing.B, f func(context.Context, *unoactor.Session, []*User) error) {
		err := db.Session(b.Context(), func(ctx context.Context, s *unoactor.Session) error {
			if err := s.Begin(ctx); err != nil {
				return err
			}
			rows, err := s.Query(ctx, "select id, email, name, created_at from users order by id")
			if err != nil {
				return err
			}
			users, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[User])
			if err != nil {
				return err
			}
			for _, u := range users {
				if _, err := unoactor.Attach(s, u); err != nil {
					return err
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if err := f(ctx, s, users); err != nil {
					return err
				}
			}
			return s.Rollback(ctx)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("nothing of 100", func(b *testing.B) {
		inTransaction(b, func(ctx context.Context, s *unoactor.Session, _ []*User) error { return s.Flush(ctx) })
	})
	b.Run("10 of 100 changed", func(b *testing.B) {
		round := 0
		inTransaction(b, func(ctx context.Context, s *unoactor.Session, users []*User) error {
			round++
			for i, u := range users[:10] {
				u.Email = fmt.Sprintf("user%d.%d", i, round)
			}
			return s.Flush(ctx)
		})
	})
	b.Run("10 with parents inserted and undone", func(b *testing.B) {
		inTransaction(b, func(ctx context.Context, s *unoactor.Session, _ []*User) error {
			if err := s.Begin(ctx); err != nil {
				return err
			}
			for i := range 10 {
				if err := s.Add(&Order{Item: "pen", User: &User{Email: fmt.Sprintf("new%d", i)}}); err != nil {
					return err
				}
			}
			if err := s.Flush(ctx); err != nil {
				return err
			}
			return s.Rollback(ctx)
		})
	})
}
