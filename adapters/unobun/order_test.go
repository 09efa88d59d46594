package unobun_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/testkit"
)

// Seat has unique values, and belongs to somebody as far as the database knows.
type Seat struct {
	ID     int64 `bun:",pk,autoincrement"`
	Number int
	Row    int
	UserID int64 `bun:",nullzero"`
}

const seats = `create table seats (id bigserial primary key, number int not null, row int not null, user_id bigint references users, unique (row, number))`

// Tag has a key of its own, and nothing else.
type Tag struct {
	Name string `bun:",pk"`
}

// Pair has rows that refer to each other.
type Pair struct {
	ID      int `bun:",pk"`
	OtherID int
	Other   *Pair `bun:"rel:belongs-to,join:other_id=id"`
}

const circles = `create table tags (name text primary key);
create table pairs (id int primary key, other_id int not null references pairs deferrable);
create table swaps (id int primary key, place int unique deferrable)`

// Swap has a unique value that is checked at the end of a transaction if need be.
type Swap struct {
	ID    int `bun:",pk"`
	Place int
}

func emails(t *testing.T, db *unoactor.DB) string {
	t.Helper()
	return one[string](t, db, "select coalesce(string_agg(id || email, ' ' order by id), '') from users")
}

func TestAUniqueValueThatARowGivesUpIsThereForAnother(t *testing.T) {
	db := open(t)
	for name, test := range map[string]struct {
		do   func(ctx context.Context, s *unoactor.Session, a, b *User) error
		want string
	}{
		"the new row has that of a deleted one": {func(_ context.Context, s *unoactor.Session, a, _ *User) error {
			return errors.Join(s.Delete(a), s.Add(&User{ID: 9, Email: a.Email}))
		}, "2b 9a"},
		"the new row comes first": {func(_ context.Context, s *unoactor.Session, a, _ *User) error {
			return errors.Join(s.Add(&User{ID: 9, Email: a.Email}), s.Delete(a))
		}, "2b 9a"},
		"a changed row has that of a deleted one": {func(_ context.Context, s *unoactor.Session, a, b *User) error {
			b.Email = "a"
			return s.Delete(a)
		}, "2a"},
		"the new row has that of a changed one": {func(_ context.Context, s *unoactor.Session, a, _ *User) error {
			a.Email = "c"
			return s.Add(&User{ID: 9, Email: "a"})
		}, "1c 2b 9a"},
		"a row has that of another, which has a new one": {func(_ context.Context, s *unoactor.Session, a, b *User) error {
			a.Email, b.Email = "b", "c"
			return nil
		}, "1b 2c"},
		"the other way round": {func(_ context.Context, s *unoactor.Session, a, b *User) error {
			a.Email, b.Email = "c", "a"
			return nil
		}, "1c 2a"},
		"a row takes over another's key": {func(_ context.Context, s *unoactor.Session, a, _ *User) error {
			return errors.Join(s.Delete(a), s.Add(&User{ID: a.ID, Email: "new"}))
		}, "1new 2b"},
		"a row takes over another's key, and its value": {func(_ context.Context, s *unoactor.Session, a, _ *User) error {
			return errors.Join(s.Delete(a), s.Add(&User{ID: a.ID, Email: "a"}))
		}, "1a 2b"},
		"two rows exchange their keys": {func(_ context.Context, s *unoactor.Session, a, b *User) error {
			return errors.Join(s.Delete(a, b), s.Add(&User{ID: a.ID, Email: "x"}, &User{ID: b.ID, Email: "y"}))
		}, "1x 2y"},
		"deleted, flushed and added": {func(ctx context.Context, s *unoactor.Session, a, _ *User) error {
			return errors.Join(s.Delete(a), s.Flush(ctx), s.Add(&User{ID: 9, Email: a.Email}))
		}, "2b 9a"},
		"deleted and added itself": {func(_ context.Context, s *unoactor.Session, a, _ *User) error {
			return errors.Join(s.Delete(a), s.Add(a))
		}, "1a 2b"},
	} {
		for _, tx := range []bool{false, true} {
			t.Run(fmt.Sprint(name, tx), func(t *testing.T) {
				if _, err := db.Exec(t.Context(), "truncate users cascade"); err != nil {
					t.Fatal(err)
				}
				in(t, db, func(ctx context.Context, s *unoactor.Session) error {
					a, b := &User{ID: 1, Email: "a"}, &User{ID: 2, Email: "b"}
					if err := errors.Join(s.Add(a, b), s.Flush(ctx)); err != nil {
						return err
					}
					if !tx {
						return test.do(ctx, s, a, b)
					}
					return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error { return test.do(ctx, s, a, b) })
				})
				if got := emails(t, db); got != test.want {
					t.Errorf("%s, want %s", got, test.want)
				}
			})
		}
	}
}

func TestARowThatTakesOverAnothersKeyKeepsWhatRefersToIt(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		a := &User{Email: "a", Name: ptr("a")}
		o := &Order{User: a, Item: "book"}
		if err := errors.Join(s.Add(o), s.Flush(ctx)); err != nil {
			return err
		}
		b := &User{ID: a.ID, Email: "b"}
		if err := errors.Join(s.Delete(a), s.Add(b), s.Flush(ctx)); err != nil {
			return err
		}
		got, err := unoactor.Get[User](ctx, s, a.ID)
		if err != nil || got != b || b.CreatedAt.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
		err = s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			return errors.Join(s.Delete(b), s.Add(&User{ID: b.ID, Email: "c"}), s.Flush(ctx), errors.New("back"))
		})
		b.Email = "bb"
		if err == nil || !strings.Contains(err.Error(), "back") {
			t.Error(err)
		}
		return nil
	})
	if got := one[string](t, db, "select email || coalesce(name, '-') from users join orders on user_id = users.id"); got != "bb-" {
		t.Error(got)
	}
}

func TestDeletionsGoByTheValuesOfTheKeys(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		root := &Category{Name: "root"}
		twig := &Category{Name: "twig", Parent: root}
		return s.Add(&Category{Name: "leaf", Parent: twig}, &Category{Name: "other leaf", Parent: twig})
	})
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		for _, order := range []string{"leaf", "root", "twig", "other leaf"} {
			c, err := unoactor.Get[Category](ctx, s, one[int](t, db, "select id from categories where name = $1", order))
			if err != nil {
				return err
			}
			if err := s.Delete(c); err != nil {
				return err
			}
		}
		return nil
	}, unoactor.SessionConfig{Autoflush: unoactor.Off})
	if n := one[int](t, db, "select count(*) from categories"); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestInsertionsGoByTheValuesOfTheKeys(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		return s.Add(&Category{ID: 3, ParentID: ptr[int32](2), Name: "leaf"}, &Category{ID: 2, ParentID: ptr[int32](1), Name: "twig"}, &Category{ID: 1, Name: "root"},
			&Order{UserID: 77, Item: "book"}, &User{ID: 77, Email: "a"})
	})
	if got := one[string](t, db, "select string_agg(id::text, '' order by id) from categories"); got != "123" {
		t.Error(got)
	}
}

func TestAForeignKeyThatTheMapperDoesNotKnowIsMindedByItsValues(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), seats); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		old, seat := &User{ID: 101, Email: "a"}, &Seat{Number: 1, Row: 1, UserID: 101}
		if err := errors.Join(s.Add(seat, old), s.Flush(ctx)); err != nil {
			return err
		}
		seat.UserID = 102
		if err := errors.Join(s.Delete(old), s.Add(&User{ID: 102, Email: "b"}), s.Flush(ctx)); err != nil {
			return err
		}
		other := &Seat{Number: 1, Row: 1, UserID: 103}
		if err := errors.Join(s.Delete(seat), s.Add(other, &User{ID: 103, Email: "c"}), s.Flush(ctx)); err != nil {
			return err
		}
		third, err := unoactor.Get[User](ctx, s, 103)
		if err != nil {
			return err
		}
		return s.Delete(third, other)
	})
	if got := emails(t, db); got != "102b" {
		t.Error(got)
	}
}

func TestRowsThatReferToEachOtherInACircleWaitForTheTransactionsEnd(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), circles); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		a, b := &Pair{ID: 1}, &Pair{ID: 2}
		a.Other, b.Other = b, a
		self := &Pair{ID: 3, OtherID: 3}
		if err := errors.Join(s.Add(a, b, self, &Pair{ID: 4, OtherID: 5}, &Pair{ID: 5, OtherID: 4}), s.Flush(ctx)); err != nil {
			return err
		}
		if a.OtherID != 2 || b.OtherID != 1 {
			t.Errorf("%+v %+v", a, b)
		}
		return s.Delete(a, b, self)
	})
	if n := one[int](t, db, "select count(*) from pairs"); n != 2 {
		t.Errorf("%d pairs", n)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		a, b, c := &Swap{ID: 1, Place: 1}, &Swap{ID: 2, Place: 2}, &Swap{ID: 3, Place: 3}
		if err := errors.Join(s.Add(a, b, c), s.Flush(ctx)); err != nil {
			return err
		}
		a.Place, b.Place, c.Place = 2, 3, 1
		return nil
	})
	if got := one[string](t, db, "select string_agg(place::text, '' order by id) from swaps"); got != "231" {
		t.Error(got)
	}
	err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		a, b := &User{Email: "a"}, &User{Email: "b"}
		if err := errors.Join(s.Add(a, b), s.Flush(ctx)); err != nil {
			return err
		}
		a.Email, b.Email = "b", "a"
		return nil
	})
	if !testkit.IsSQLState(err, "23505") || !strings.Contains(err.Error(), "make the constraint DEFERRABLE") {
		t.Errorf("an exchange that no order allows: %v", err)
	}
}

func TestARowOfNothingButAKeyCanBeDeletedAndAdded(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), circles); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		a := &Tag{"a"}
		if err := errors.Join(s.Add(a), s.Flush(ctx), s.Delete(a), s.Add(&Tag{"a"})); err != nil {
			return err
		}
		return s.Flush(ctx)
	})
	if n := one[int](t, db, "select count(*) from tags"); n != 1 {
		t.Errorf("%d tags", n)
	}
}

// Spot has a place in a list, where no other is.
type Spot struct {
	ID    int `bun:",pk"`
	List  int
	Place int
}

func TestPlacesInSeveralListsAreGivenUpBeforeTheyAreTaken(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table spots (id int primary key, list int, place int, unique (list, place))"); err != nil {
		t.Fatal(err)
	}
	const lists, places = 6, 5
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		var spots []*Spot
		for i := range lists * places {
			spots = append(spots, &Spot{ID: i, List: i / places, Place: i % places})
			if err := s.Add(spots[i]); err != nil {
				return err
			}
		}
		if err := s.Flush(ctx); err != nil {
			return err
		}
		for _, spot := range spots {
			spot.Place += 1 - spot.List%2*2 // up in one list, down in the next
		}
		return nil
	})
	if n := one[int](t, db, "select count(*) from spots where place = id % 5 + 1 - list % 2 * 2"); n != lists*places {
		t.Errorf("%d of %d are in their new places", n, lists*places)
	}
}
