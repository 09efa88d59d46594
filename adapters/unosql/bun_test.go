package unosql_test

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/unoactor/unoactor/adapters/unosql"
	"github.com/unoactor/unoactor/testkit"
)

type track struct {
	ID      int64 `bun:",pk,autoincrement"`
	Title   string
	Lengths []int64        `bun:",array"`
	Data    map[string]any `bun:"type:jsonb"`
	Cover   []byte
	Made    time.Time `bun:",nullzero,notnull,default:current_timestamp"`
	AlbumID int64
	Album   *album `bun:"rel:belongs-to,join:album_id=id"`
}

type album struct {
	ID     int64 `bun:",pk,autoincrement"`
	Name   string
	Tracks []*track `bun:"rel:has-many,join:id=album_id"`
}

func TestBunCreatesWritesReadsAndJoins(t *testing.T) {
	for name, options := range map[string][]unosql.Option{
		"as the pool has it": nil,
		"simple protocol":    {unosql.WithQueryExecMode(pgx.QueryExecModeSimpleProtocol)},
	} {
		t.Run(name, func(t *testing.T) {
			raw := open(t, options...)
			db, ctx := bun.NewDB(raw.DB, pgdialect.New()), t.Context()
			for _, model := range []any{(*album)(nil), (*track)(nil)} {
				if _, err := db.NewCreateTable().Model(model).Exec(ctx); err != nil {
					t.Fatal(err)
				}
			}
			a := &album{Name: "it's"}
			if _, err := db.NewInsert().Model(a).Exec(ctx); err != nil || a.ID == 0 {
				t.Fatal(a, err)
			}
			tracks := []*track{
				{Title: "one", Lengths: []int64{1, 2}, Data: map[string]any{"a": "b"}, Cover: []byte{0, 0xff}, AlbumID: a.ID},
				{Title: "two", AlbumID: a.ID},
			}
			if _, err := db.NewInsert().Model(&tracks).Exec(ctx); err != nil || tracks[1].ID != 2 || tracks[1].Made.IsZero() {
				t.Fatal(tracks, err)
			}
			var got album
			if err := db.NewSelect().Model(&got).Relation("Tracks", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Order("id") }).Scan(ctx); err != nil || len(got.Tracks) != 2 {
				t.Fatal(got, err)
			}
			if first := got.Tracks[0]; !reflect.DeepEqual(first.Lengths, []int64{1, 2}) || first.Data["a"] != "b" || first.Cover[1] != 0xff || time.Since(first.Made) > time.Hour {
				t.Errorf("%+v", first)
			}
			var back track
			if err := db.NewSelect().Model(&back).Relation("Album").Where("title = ?", "two").Scan(ctx); err != nil || back.Album.Name != "it's" {
				t.Error(back, err)
			}
			result, err := db.NewUpdate().Model((*track)(nil)).Set("title = title || ?", "!").Where("id in (?)", bun.List([]int64{1, 2})).Exec(ctx)
			if n, _ := result.RowsAffected(); err != nil || n != 2 {
				t.Error(n, err)
			}

			wrong := errors.New("on purpose")
			err = db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable}, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.NewDelete().Model((*track)(nil)).Where("true").Exec(ctx); err != nil {
					t.Error(err)
				}
				return wrong
			})
			if n, err2 := db.NewSelect().Model((*track)(nil)).Count(ctx); !errors.Is(err, wrong) || err2 != nil || n != 2 {
				t.Error(n, err, err2)
			}
			if _, err := db.NewInsert().Model(a).Exec(ctx); !testkit.IsSQLState(err, "23505") {
				t.Errorf("the same album again: %v", err)
			}
		})
	}
}
