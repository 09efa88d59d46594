package unosql_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

type author struct {
	ID        uint
	Name      string `gorm:"size:40;uniqueIndex;not null"`
	Born      *time.Time
	Rating    float64  `gorm:"type:numeric(5,2)"`
	Tags      []string `gorm:"serializer:json"`
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt `gorm:"index"`
	Books     []book
}

type book struct {
	ID       uint
	AuthorID uint
	Title    string
	Cover    []byte
}

// openGORM has GORM prepare its statements, or not.
func openGORM(t *testing.T, db bench, prepare bool) *gorm.DB {
	t.Helper()
	g, err := gorm.Open(postgres.New(postgres.Config{Conn: db.DB}),
		&gorm.Config{Logger: logger.Discard, TranslateError: true, PrepareStmt: prepare})
	if err != nil {
		t.Fatal(err)
	}
	return g.WithContext(t.Context())
}

func TestGORMMigratesWritesReadsAndPreloads(t *testing.T) {
	for name, prepare := range map[string]bool{"texts": false, "prepared statements": true} {
		t.Run(name, func(t *testing.T) {
			g := openGORM(t, open(t), prepare)
			for range 2 { // the second finds everything as it should be
				if err := g.AutoMigrate(&author{}, &book{}); err != nil {
					t.Fatal(err)
				}
			}
			columns, err := g.Migrator().ColumnTypes(&author{})
			if i := slices.IndexFunc(columns, func(c gorm.ColumnType) bool { return c.Name() == "name" }); err != nil || i < 0 {
				t.Fatalf("no column \"name\": %v", err)
			} else if length, ok := columns[i].Length(); !ok || length != 40 {
				t.Errorf("the column \"name\" has length %d, %v", length, ok)
			}

			born := time.Date(1815, 12, 10, 0, 0, 0, 0, time.UTC)
			ada := author{Name: "Ada", Born: &born, Rating: 4.25, Tags: []string{"a", "b"},
				Books: []book{{Title: "Notes", Cover: []byte{0, 1}}, {Title: "Letters"}}}
			if err := g.Create(&ada).Error; err != nil || ada.ID == 0 || ada.Books[1].ID == 0 {
				t.Fatalf("%+v, %v", ada, err)
			}
			if err := g.CreateInBatches([]author{{Name: "Bob"}, {Name: "Cid"}, {Name: "Dan"}}, 2).Error; err != nil {
				t.Fatal(err)
			}
			if err := g.Create(&author{Name: "Ada"}).Error; !errors.Is(err, gorm.ErrDuplicatedKey) {
				t.Errorf("a second Ada: %v", err)
			}

			var got author
			if err := g.Preload("Books", func(q *gorm.DB) *gorm.DB { return q.Order("id") }).First(&got, "name = ?", "Ada").Error; err != nil {
				t.Fatal(err)
			}
			if !got.Born.Equal(born) || got.Rating != 4.25 || !slices.Equal(got.Tags, ada.Tags) || len(got.Books) != 2 || got.Books[0].Cover[1] != 1 {
				t.Errorf("%+v", got)
			}
			if err := g.Model(&got).Updates(map[string]any{"rating": 5, "born": nil}).Error; err != nil {
				t.Error(err)
			}
			if err := g.Delete(&author{}, "name in ?", []string{"Bob", "Cid"}).Error; err != nil {
				t.Error(err)
			}
			var names []string
			if err := g.Model(&author{}).Where("name <> @not", map[string]any{"not": "Ada"}).Pluck("name", &names).Error; err != nil || !slices.Equal(names, []string{"Dan"}) {
				t.Errorf("%q, %v", names, err)
			}
			if err := g.First(&author{}, "name = ?", "nobody").Error; !errors.Is(err, gorm.ErrRecordNotFound) {
				t.Errorf("nobody: %v", err)
			}
		})
	}
}

func TestGORMsTransactionsCommitRollBackAndNest(t *testing.T) {
	db := open(t)
	g := openGORM(t, db, false)
	if err := g.AutoMigrate(&author{}, &book{}); err != nil {
		t.Fatal(err)
	}
	wrong := errors.New("on purpose")
	if err := g.Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&author{Name: "kept"}).Error; err != nil {
			return err
		}
		if used := db.pool.Stats().Used; used != 1 {
			t.Errorf("%d leases in a transaction", used)
		}
		if err := tx.Transaction(func(inner *gorm.DB) error { // a savepoint, which is GORM's own
			inner.Create(&author{Name: "undone"})
			return wrong
		}); !errors.Is(err, wrong) {
			t.Error(err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := g.Transaction(func(tx *gorm.DB) error { tx.Create(&author{Name: "gone"}); return wrong }); !errors.Is(err, wrong) {
		t.Error(err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not come through")
			}
		}()
		_ = g.Transaction(func(tx *gorm.DB) error { tx.Create(&author{Name: "panicked"}); panic("on purpose") })
	}()
	var names []string
	if err := g.Model(&author{}).Pluck("name", &names).Error; err != nil || !slices.Equal(names, []string{"kept"}) {
		t.Errorf("%q, %v", names, err)
	}
}

func TestGORMWorksInATransactionOfThePool(t *testing.T) {
	db := open(t)
	if err := openGORM(t, db, false).AutoMigrate(&author{}, &book{}); err != nil {
		t.Fatal(err)
	}
	tx, err := db.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g := openGORM(t, bench{DB: onTx(t, tx)}, false)
	if err := g.Create(&author{Name: "Ada", Books: []book{{Title: "Notes"}}}).Error; err != nil {
		t.Error(err)
	}
	var n int64
	if err := g.Model(&book{}).Count(&n).Error; err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	if got := one[int](t, db, "select count(*) from authors"); got != 0 {
		t.Errorf("%d authors after the rollback", got)
	}
}

// priced is one table before and after its migration.
type (
	priced   struct{ A, B, C, D float64 }
	repriced struct {
		A float64 `gorm:"precision:10;scale:2"`
		B float64 `gorm:"precision:10"`
		C float64 `gorm:"type:numeric(12,3);precision:12;scale:3"`
		D float64
	}
)

func (priced) TableName() string   { return "prices" }
func (repriced) TableName() string { return "prices" }

func TestGORMGivesANumericItsPrecision(t *testing.T) {
	db := open(t)
	g := openGORM(t, db, false)
	db.must(t, "create table prices (a numeric, b numeric, c numeric(5,3), d numeric)")
	const declared = "select string_agg(format_type(atttypid, atttypmod), ' ' order by attnum) from pg_attribute where attrelid = 'prices'::regclass and attnum > 0"
	if err := g.AutoMigrate(&priced{}); err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, db, declared); got != "numeric numeric numeric(5,3) numeric" {
		t.Errorf("a migration that changes nothing: %s", got)
	}
	if err := g.AutoMigrate(&repriced{}); err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, db, declared); got != "numeric(10,2) numeric(10,0) numeric(12,3) numeric" {
		t.Errorf("altered to %s", got)
	}
}
