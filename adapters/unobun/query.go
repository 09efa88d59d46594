package unobun

import (
	"context"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unosql"
)

// With calls f with bun on a session's backend: what it does is in the session's
// transaction, after what the session flushes before a statement. Transactions that f
// begins within one are savepoints. The db must not be used after f, and while f reads
// rows nothing else can be done in the session.
func With(ctx context.Context, s *unoactor.Session, f func(ctx context.Context, db *bun.DB) error) error {
	db := bun.NewDB(unosql.OpenFunc(s.Conn), pgdialect.New())
	defer db.Close()
	return f(ctx, db)
}

// Select reads objects with a query of bun's, which build completes; nil is all rows.
// Each is the session's object for its row: one that the session had is returned as it
// is, or read again if it was expired. Changes of them are written by the session; those
// of objects that a Relation has read with them are not, unless they are attached too.
func Select[T any](ctx context.Context, s *unoactor.Session, build func(*bun.SelectQuery) *bun.SelectQuery) ([]*T, error) {
	var objects []*T
	err := With(ctx, s, func(ctx context.Context, db *bun.DB) error {
		q := db.NewSelect().Model(&objects)
		if build != nil {
			q = build(q)
		}
		return q.Scan(ctx)
	})
	if err != nil {
		return nil, err
	}
	for i, o := range objects {
		if objects[i], err = unoactor.Attach(s, o); err != nil {
			return nil, err
		}
	}
	return objects, nil
}
