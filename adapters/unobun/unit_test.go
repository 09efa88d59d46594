package unobun_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor"
)

type User struct {
	ID        int64 `bun:",pk,autoincrement"`
	Email     string
	Name      *string
	CreatedAt time.Time `bun:",nullzero,default:now()"`
}

type Order struct {
	ID     int64 `bun:",pk,autoincrement"`
	UserID int64
	User   *User `bun:"rel:belongs-to,join:user_id=id"`
	Item   string
}

type Category struct {
	ID       int32 `bun:",pk,autoincrement"`
	ParentID *int32
	Parent   *Category `bun:"rel:belongs-to,join:parent_id=id"`
	Name     string
}

type Note struct {
	ID        int64          `bun:",pk,autoincrement"`
	Tags      []string       `bun:",array"`
	Data      map[string]any `bun:"type:jsonb"`
	Body      []byte
	DeletedAt time.Time `bun:",soft_delete,nullzero"`
}

// in runs f in a session.
func in(t *testing.T, db *unoactor.DB, f func(context.Context, *unoactor.Session) error, config ...unoactor.SessionConfig) {
	t.Helper()
	if err := db.Session(t.Context(), f, config...); err != nil {
		t.Fatal(err)
	}
}

func TestAFlushInsertsAGraphInOneRoundTripAndFillsInItsKeys(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		ann, bob := &User{Email: "ann@example.com"}, &User{Email: "bob@example.com"}
		orders := []*Order{{User: bob, Item: "book"}, {User: ann, Item: "lamp"}, {User: bob, Item: "pen"}}
		for _, o := range orders { // the users are found by way of the orders
			if err := s.Add(o); err != nil {
				return err
			}
		}
		root := &Category{Name: "root"}
		if err := s.Add(&Category{Name: "leaf", Parent: &Category{Name: "twig", Parent: root}}, root); err != nil {
			return err
		}
		if err := s.Flush(ctx); err != nil {
			return err
		}
		if ann.ID == 0 || bob.ID == 0 || ann.ID == bob.ID || ann.CreatedAt.IsZero() || root.ID == 0 {
			t.Errorf("%+v, %+v, %+v", ann, bob, root)
		}
		for _, o := range orders {
			if o.ID == 0 || o.UserID != o.User.ID {
				t.Errorf("%+v of %+v", o, o.User)
			}
		}
		return nil
	})
	if got := one[string](t, db, "select string_agg(item || ' ' || email, ', ' order by item) from orders join users on users.id = user_id"); got != "book bob@example.com, lamp ann@example.com, pen bob@example.com" {
		t.Error(got)
	}
	if got := one[string](t, db, "select a.name || b.name || c.name from categories a join categories b on b.parent_id = a.id join categories c on c.parent_id = b.id"); got != "roottwigleaf" {
		t.Error(got)
	}
}

func TestARowIsOneObjectInASession(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		u := &User{Email: "ann@example.com"}
		if err := errors.Join(s.Add(u), s.Flush(ctx)); err != nil {
			return err
		}
		same, err := unoactor.Get[User](ctx, s, u.ID)
		if err != nil || same != u {
			t.Errorf("%p is not %p: %v", same, u, err)
		}
		attached, err := unoactor.Attach(s, &User{ID: u.ID, Email: "as read by somebody"})
		if err != nil || attached != u || u.Email != "ann@example.com" {
			t.Errorf("%+v, %v", attached, err)
		}
		if _, err := unoactor.Get[User](ctx, s, 12345); !errors.Is(err, pgx.ErrNoRows) || !strings.Contains(err.Error(), "users (12345)") {
			t.Errorf("of a row that is not there: %v", err)
		}
		if _, err := unoactor.Get[User](ctx, s, "ann"); err == nil || !strings.Contains(err.Error(), "the key id of users is a int64, not a string") {
			t.Errorf("by a key of another type: %v", err)
		}
		return nil
	})
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		u, err := unoactor.Get[User](ctx, s, one[int](t, db, "select id from users"))
		if err == nil && u.Email != "ann@example.com" {
			t.Errorf("%+v", u)
		}
		return err
	})
}

func TestWhatWasChangedIsWrittenBeforeAQueryAndNothingElse(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		u := &User{Email: "ann@example.com"}
		if err := errors.Join(s.Add(u), s.Flush(ctx)); err != nil {
			return err
		}
		if _, err := db.Exec(ctx, "update users set email = 'by another'"); err != nil {
			return err
		}
		name := "Ann"
		u.Name = &name
		if got := one[string](t, s, "select name || ' ' || email from users"); got != "Ann by another" {
			t.Errorf("%q: a column was written that was not changed", got)
		}
		*u.Name = "Anna" // through the pointer
		before := one[string](t, s, "select xmin::text from users")
		if after := one[string](t, s, "select xmin::text from users"); after != before {
			t.Error("it was written again unchanged")
		}
		if got := one[string](t, s, "select name from users"); got != "Anna" {
			t.Error(got)
		}
		return nil
	})
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		if err := s.Add(&User{Email: "bob@example.com"}); err != nil {
			return err
		}
		if n := one[int](t, s, "select count(*) from users"); n != 1 {
			t.Errorf("%d users: flushed though autoflush is off", n)
		}
		return nil
	}, unoactor.SessionConfig{Autoflush: unoactor.Off})
	if n := one[int](t, db, "select count(*) from users"); n != 2 {
		t.Errorf("%d users: not flushed at the end", n)
	}
}

func TestARollbackMakesTheObjectsWhatTheyWere(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		ann, bob, cid := &User{Email: "ann@example.com"}, &User{Email: "bob@example.com"}, &User{Email: "cid@example.com"}
		if err := errors.Join(s.Add(ann, bob), s.Flush(ctx)); err != nil {
			return err
		}
		failure := errors.New("of the function")
		err := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			ann.Email = "anna@example.com"
			if err := errors.Join(s.Add(cid), s.Delete(bob), s.Flush(ctx)); err != nil {
				return err
			}
			if cid.ID == 0 || one[int](t, s, "select count(*) from users") != 2 {
				t.Errorf("%+v", cid)
			}
			return failure
		})
		if !errors.Is(err, failure) {
			return err
		}
		if ann.Email != "ann@example.com" || cid.ID != 0 || !s.Expired(ann) {
			t.Errorf("%+v, %+v", ann, cid)
		}
		bob.Email = "bobby@example.com"
		if got := one[string](t, s, "select string_agg(email, ' ' order by email) from users"); got != "ann@example.com bobby@example.com" {
			t.Error(got)
		}
		return nil
	})
}

func TestASavepointUndoesItsOwnPartOnly(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			ann := &User{Email: "ann@example.com"}
			if err := s.Add(ann); err != nil {
				return err
			}
			inner := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
				ann.Email = "not this"
				return s.Add(&User{Email: "ann@example.com"}, &User{Email: "ann@example.com"})
			})
			if pg := (*pgconn.PgError)(nil); !errors.As(inner, &pg) || pg.Code != "23505" || !strings.Contains(inner.Error(), "insert users") {
				t.Errorf("inner: %v", inner)
			}
			return nil
		})
	})
	if got := one[string](t, db, "select string_agg(email, ' ') from users"); got != "ann@example.com" {
		t.Error(got)
	}
}

func TestObjectsExpireWithACommitAndAreReadAgain(t *testing.T) {
	db := open(t)
	for _, expire := range []unoactor.Switch{unoactor.On, unoactor.Off} {
		in(t, db, func(ctx context.Context, s *unoactor.Session) error {
			u := &User{Email: "ann@example.com"}
			err := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error { return s.Add(u) })
			if err != nil {
				return err
			}
			if _, err := db.Exec(ctx, "update users set email = 'new@example.com'"); err != nil {
				return err
			}
			if s.Expired(u) != (expire == unoactor.On) {
				t.Errorf("expiry %v: expired is %v", expire, s.Expired(u))
			}
			got, err := unoactor.Get[User](ctx, s, u.ID)
			if want := map[unoactor.Switch]string{unoactor.On: "new@example.com", unoactor.Off: "ann@example.com"}[expire]; err != nil || got != u || u.Email != want {
				t.Errorf("expiry %v: %+v, %v", expire, got, err)
			}
			if err := s.Refresh(ctx, u); err != nil || u.Email != "new@example.com" {
				t.Errorf("refreshed: %+v, %v", u, err)
			}
			return s.Delete(u)
		}, unoactor.SessionConfig{ExpireOnCommit: expire})
	}
	if n := one[int](t, db, "select count(*) from users"); n != 0 {
		t.Errorf("%d users are left", n)
	}
}

func TestDeletionsGoChildrenFirstAndAMissingRowIsToldAndUndoesAll(t *testing.T) {
	db := open(t)
	u := &User{Email: "ann@example.com"}
	o := &Order{User: u, Item: "book"}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error { return s.Add(o) })
	err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		return s.Delete(u, o, &Order{ID: 999})
	})
	var stale *unoactor.StaleObjectError
	if !errors.As(err, &stale) || stale.Table != "orders" || stale.Key != "999" {
		t.Errorf("%v", err)
	}
	if n := one[int](t, db, "select count(*) from orders"); n != 1 {
		t.Errorf("%d orders after a flush that failed", n)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error { return s.Delete(u, o) })
	if n := one[int](t, db, "select count(*) from users"); n != 0 {
		t.Errorf("%d users", n)
	}
}

func TestArraysJSONBytesAndSoftDeletionAreWhatBunsTagsSay(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		n := &Note{Tags: []string{"a", "it's, \"b\""}, Data: map[string]any{"k": []any{1.5, nil}}, Body: []byte{0, 255, '\''}}
		if err := s.Add(n); err != nil {
			return err
		}
		if err := s.Flush(ctx); err != nil {
			return err
		}
		n.Data["k"] = "changed within"
		if got := one[string](t, s, "select data->>'k' from notes"); got != "changed within" {
			t.Error(got)
		}
		if err := s.Expunge(n); err != nil {
			return err
		}
		again, err := unoactor.Get[Note](ctx, s, n.ID)
		if err != nil {
			return err
		}
		if again == n || len(again.Tags) != 2 || again.Tags[1] != n.Tags[1] || string(again.Body) != string(n.Body) || again.Data["k"] != "changed within" {
			t.Errorf("%+v", again)
		}
		if err := errors.Join(s.Delete(again), s.Flush(ctx)); err != nil {
			return err
		}
		if gone := one[bool](t, s, "select deleted_at is not null from notes"); !gone {
			t.Error("it was not deleted softly")
		}
		if _, err := unoactor.Get[Note](ctx, s, n.ID); !errors.Is(err, pgx.ErrNoRows) {
			t.Errorf("after deletion: %v", err)
		}
		return nil
	})
}

func TestAnotherParentIsAChangeOfTheForeignKey(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		o := &Order{User: &User{Email: "ann@example.com"}, Item: "book"}
		if err := errors.Join(s.Add(o), s.Flush(ctx)); err != nil {
			return err
		}
		ann := o.User
		o.User = &User{Email: "bob@example.com"}
		if err := s.Flush(ctx); err != nil {
			return err
		}
		if o.UserID != o.User.ID || o.UserID == ann.ID {
			t.Errorf("%+v", o)
		}
		o.User = ann
		if got := one[string](t, s, "select email from orders join users on users.id = user_id"); got != "ann@example.com" || o.UserID != ann.ID {
			t.Errorf("%s, %+v", got, o)
		}
		return nil
	})
}

func TestAFlushEndsNoTransactionThatSQLHasBegun(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table raw (a int)"); err != nil {
		t.Fatal(err)
	}
	s := db.NewSession()
	defer s.Close()
	a := &User{Email: "before"}
	if err := errors.Join(s.Add(a), s.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "begin; insert into raw values (1)"); err != nil {
		t.Fatal(err)
	}
	a.Email = "after"
	if err := s.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "begin it with Begin") {
		t.Errorf("Flush: %v", err)
	}
	s.Close()
	var raw int
	if err := db.QueryRow(t.Context(), "select count(*) from raw").Scan(&raw); err != nil || raw != 0 {
		t.Errorf("%d rows of a transaction that was not committed, %v", raw, err)
	}
}

func TestARollbackGivesAnObjectItsFormerParent(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		ann, bob := &User{Email: "ann@example.com"}, &User{Email: "bob@example.com"}
		o := &Order{User: ann, Item: "book"}
		if err := errors.Join(s.Add(o, bob), s.Flush(ctx), s.Begin(ctx)); err != nil {
			return err
		}
		o.User = bob
		if err := errors.Join(s.Flush(ctx), s.Rollback(ctx)); err != nil {
			return err
		}
		if o.User != ann || o.UserID != ann.ID {
			t.Errorf("%+v", o)
		}
		if got := one[string](t, s, "select email from orders join users on users.id = user_id"); got != "ann@example.com" {
			t.Error(got)
		}
		return nil
	})
}

func TestAForeignKeyThatWasChangedByHandStaysThoughTheParentIsStillThere(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		o, bob := &Order{User: &User{Email: "ann@example.com"}, Item: "book"}, &User{Email: "bob@example.com"}
		if err := errors.Join(s.Add(o, bob), s.Flush(ctx)); err != nil {
			return err
		}
		o.UserID = bob.ID // o.User is still ann
		if got := one[string](t, s, "select email from orders join users on users.id = user_id"); got != "bob@example.com" || o.UserID != bob.ID {
			t.Errorf("%s, %+v", got, o)
		}
		return nil
	})
}

func TestWhatAUnitOfWorkCantTakeIsToldClearly(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		type Keyless struct{ A int }
		u := &User{Email: "ann@example.com"}
		if err := errors.Join(s.Add(u), s.Flush(ctx)); err != nil {
			return err
		}
		for want, err := range map[string]error{
			"give it a pointer to a struct": s.Add(User{}),
			"has no primary key":            s.Add(&Keyless{}),
			"the session has no such row":   s.Refresh(ctx, &User{ID: 5}),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		a, b := &Category{Name: "a"}, &Category{Name: "b"}
		a.Parent, b.Parent = b, a
		if err := errors.Join(s.Add(a, b), s.Flush(ctx)); err == nil || !strings.Contains(err.Error(), "refer to each other in a circle") {
			t.Errorf("a circle: %v", err)
		}
		if err := s.Expunge(a, b); err != nil {
			return err
		}
		id := u.ID
		u.ID = 77
		if err := s.Flush(ctx); err == nil || !strings.Contains(err.Error(), "the key id of users was changed") {
			t.Errorf("another key: %v", err)
		}
		u.ID = id
		return nil
	})
	err := db.Session(t.Context(), func(_ context.Context, s *unoactor.Session) error { return s.Add(&User{}) }, unoactor.SessionConfig{})
	if err != nil {
		t.Error(err)
	}
}
