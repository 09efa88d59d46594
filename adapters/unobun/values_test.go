package unobun_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
)

// Name is a text that may refuse to be written.
type Name string

var errRefused = errors.New("refused")

func (n Name) Value() (driver.Value, error) {
	switch n {
	case "refuse":
		return nil, errRefused
	case "panic":
		panic("on purpose")
	}
	return string(n), nil
}

// Sheet has values that can't all be written.
type Sheet struct {
	ID    int64 `bun:",pk,autoincrement"`
	Name  Name
	Text  string
	Names []Name            `bun:",array"`
	Texts []string          `bun:",array"`
	Ptrs  []*string         `bun:",array"`
	Data  map[string]any    `bun:"type:jsonb"`
	JSON  any               `bun:"type:jsonb"`
	Store map[string]string `bun:",hstore"`
	Ptr   *Name
	List  []Cell `bun:"type:jsonb"`
}

type Cell struct{ Text string }

func TestAValueThatCantBeWrittenIsToldBeforeAnythingIsSent(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), `create extension hstore; create table sheets (id bigserial primary key, name text, text text, names text[], texts text[], ptrs text[], data jsonb, json jsonb, store hstore, ptr text, list jsonb)`); err != nil {
		t.Fatal(err)
	}
	refuse := Name("refuse")
	for name, test := range map[string]struct {
		change func(*Sheet)
		want   string
	}{
		"a valuer":                    {func(s *Sheet) { s.Name = "refuse" }, "refused"},
		"a valuer behind a pointer":   {func(s *Sheet) { s.Ptr = &refuse }, "refused"},
		"a valuer in an array":        {func(s *Sheet) { s.Names = []Name{"a", "refuse"} }, "refused"},
		"a valuer that panics":        {func(s *Sheet) { s.Name = "panic" }, "on purpose"},
		"text that is not UTF-8":      {func(s *Sheet) { s.Text = "a\xffb" }, "not UTF-8"},
		"a valuer's text":             {func(s *Sheet) { s.Name = "a\xffb" }, "not UTF-8"},
		"an element's text":           {func(s *Sheet) { s.Texts = []string{"a\xffb"} }, "not UTF-8"},
		"an element behind a pointer": {func(s *Sheet) { s.Ptrs = []*string{ptr("a\xffb")} }, "not UTF-8"},
		"a valuer's text in an array": {func(s *Sheet) { s.Names = []Name{"a\xffb"} }, "not UTF-8"},
		"text in JSON":                {func(s *Sheet) { s.Data = map[string]any{"a": []any{"a\xffb"}} }, "not UTF-8"},
		"a key in JSON":               {func(s *Sheet) { s.Data = map[string]any{"a\xffb": 1} }, "not UTF-8"},
		"text in a struct in JSON":    {func(s *Sheet) { s.List = []Cell{{"a\xffb"}} }, "not UTF-8"},
		"text in hstore":              {func(s *Sheet) { s.Store = map[string]string{"a": "\xff"} }, "not UTF-8"},
		"a byte 0":                    {func(s *Sheet) { s.Text = "a\x00b" }, "byte 0"},
		"a byte 0 in an array":        {func(s *Sheet) { s.Texts = []string{"a\x00b"} }, "byte 0"},
		"a byte 0 in JSON":            {func(s *Sheet) { s.Data = map[string]any{"a": "a\x00b"} }, "byte 0"},
		"a byte 0 in hstore":          {func(s *Sheet) { s.Store = map[string]string{"a\x00": "b"} }, "byte 0"},
		"JSON that can't be":          {func(s *Sheet) { s.JSON = map[string]any{"a": math.NaN()} }, "unsupported value"},
		"JSON of a channel":           {func(s *Sheet) { s.JSON = make(chan int) }, "unsupported type"},
	} {
		for _, stored := range []bool{false, true} {
			t.Run(fmt.Sprint(name, stored), func(t *testing.T) {
				s := db.NewSession()
				defer s.Close()
				sheet := &Sheet{Text: "fine"}
				if err := s.Add(sheet); err != nil {
					t.Fatal(err)
				}
				if stored {
					if err := s.Flush(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				test.change(sheet)
				err := s.Flush(t.Context())
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "SQLSTATE") || !strings.Contains(err.Error(), "sheets") {
					t.Errorf("%v", err)
				}
				if test.want == "refused" && !errors.Is(err, errRefused) {
					t.Errorf("%v is not what the valuer said", err)
				}
			})
		}
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error { // what looks like it and is none
		a := &Sheet{Text: "?!(a \uFFFD", Name: "?!(x)", Texts: []string{"?!(x)", "\uFFFD"}, Data: map[string]any{`\u0000`: `\\u0000 \ufffd ` + "\uFFFD"},
			Store: map[string]string{`a"\`: `b'\"=>`, "c": ""}, JSON: map[string]any{"a": "?!("}}
		if err := errors.Join(s.Add(a), s.Flush(ctx), s.Expunge(a)); err != nil {
			return err
		}
		got, err := unoactor.Get[Sheet](ctx, s, a.ID)
		if err != nil || fmt.Sprint(*got) != fmt.Sprint(*a) {
			t.Errorf("%q\n%q: %v", fmt.Sprint(got), fmt.Sprint(a), err)
		}
		return nil
	})
}

// Odd has an array of what bun can't put into one.
type Odd struct {
	ID    int64  `bun:",pk,autoincrement"`
	Cells []Cell `bun:",array"`
}

// Impossible has a field that is no value.
type Impossible struct {
	ID int64 `bun:",pk"`
	C  chan int
}

func TestWhatBunCantWriteIsToldAndNotSent(t *testing.T) {
	db := open(t)
	err := db.Session(t.Context(), func(_ context.Context, s *unoactor.Session) error {
		return s.Add(&Odd{Cells: []Cell{{"'; drop table users; --"}}})
	})
	if err == nil || !strings.Contains(err.Error(), "bun can't write a []unobun_test.Cell") {
		t.Error(err)
	}
	err = db.Session(t.Context(), func(_ context.Context, s *unoactor.Session) error { return s.Add(&Impossible{}) })
	if err == nil || !strings.Contains(err.Error(), "chan int") {
		t.Error(err)
	}
}

func TestARowThatATriggerSkipsIsToldAsThat(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), `create function skip() returns trigger language plpgsql as $$ begin return null; end $$;
		insert into users (id, email) values (1, 'a'), (2, 'b');
		create trigger skip before insert or update or delete on users for each row execute function skip()`); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		do   func(context.Context, *unoactor.Session) error
		want string
	}{
		"insert": {func(_ context.Context, s *unoactor.Session) error { return s.Add(&User{Email: "c"}) }, "insert users: nothing was inserted: a trigger (BEFORE INSERT)"},
		"update": {func(ctx context.Context, s *unoactor.Session) error {
			u, err := unoactor.Get[User](ctx, s, 1)
			if err == nil {
				u.Email = "new"
			}
			return err
		}, "update users (1): the row is there and was left alone: a trigger (BEFORE UPDATE)"},
		"delete":      {func(_ context.Context, s *unoactor.Session) error { return s.Delete(&User{ID: 1}) }, "delete users (1): the row is there and was left alone: a trigger (BEFORE DELETE)"},
		"really gone": {func(_ context.Context, s *unoactor.Session) error { return s.Delete(&User{ID: 7}) }, "delete users (7): no such row any more: somebody else deleted it"},
	} {
		err := db.Session(t.Context(), test.do)
		if stale := (*unoactor.StaleObjectError)(nil); !errors.As(err, &stale) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Part has another's key as a part of its own.
type Part struct {
	OrderID int64  `bun:",pk"`
	Number  int    `bun:",pk"`
	Order   *Order `bun:"rel:belongs-to,join:order_id=id"`
	Text    string
}

func TestAnotherParentWhoseKeyIsAPartOfTheObjectsOwnIsToldAsThat(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table parts (order_id bigint references orders, number int, text text, primary key (order_id, number))"); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		a, b := &Order{User: &User{Email: "a"}}, &Order{User: &User{Email: "b"}}
		p := &Part{Order: a, Number: 1, Text: "one"}
		if err := errors.Join(s.Add(p, b, &Part{Order: a, Number: 2}), s.Flush(ctx)); err != nil {
			return err
		}
		if p.OrderID != a.ID {
			t.Errorf("%+v", p)
		}
		p.Order = b
		if err := s.Flush(ctx); err == nil || !strings.Contains(err.Error(), "was given another unobun_test.Order, whose key is a part of its own, order_id: delete the object and add another") {
			t.Error(err)
		}
		p.Order = a
		p.Text = "changed"
		if err := errors.Join(s.Flush(ctx), s.Delete(p), s.Add(&Part{Order: b, Number: 1, Text: "moved"}), s.Flush(ctx)); err != nil {
			return err
		}
		p2 := &Part{OrderID: a.ID, Number: 2}
		got, err := unoactor.Get[Part](ctx, s, a.ID, 2)
		if err != nil || got == p2 {
			t.Error(err)
		}
		got.Number = 5
		if err := s.Delete(got); err != nil {
			return err
		}
		if err := s.Flush(ctx); err == nil || !strings.Contains(err.Error(), "the key number of parts was changed") {
			t.Errorf("the deletion of another row than it was: %v", err)
		}
		got.Number = 2
		return nil
	})
	if got := one[string](t, db, "select string_agg(text, ',') from parts"); got != "moved" {
		t.Error(got)
	}
}

// Item, Basket and their join table are many-to-many.
type Item struct {
	ID      int64 `bun:",pk,autoincrement"`
	Name    string
	Baskets []Basket `bun:"m2m:basket_items,join:Item=Basket"`
}

type Basket struct {
	ID    int64  `bun:",pk,autoincrement"`
	Items []Item `bun:"m2m:basket_items,join:Basket=Item"`
}

type BasketItem struct {
	BasketID int64   `bun:",pk"`
	Basket   *Basket `bun:"rel:belongs-to,join:basket_id=id"`
	ItemID   int64   `bun:",pk"`
	Item     *Item   `bun:"rel:belongs-to,join:item_id=id"`
}

func TestManyToManyIsMappedOnceItsJoinTableIsRegistered(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), `create table items (id bigserial primary key, name text); create table baskets (id bigserial primary key);
		create table basket_items (basket_id bigint references baskets, item_id bigint references items, primary key (basket_id, item_id))`); err != nil {
		t.Fatal(err)
	}
	err := db.Session(t.Context(), func(_ context.Context, s *unoactor.Session) error { return s.Add(&Basket{}) })
	if err == nil || !strings.Contains(err.Error(), "give unobun.Mapper the struct of that table") {
		t.Errorf("without: %v", err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		b := &Basket{}
		err := s.Add(b, &BasketItem{Basket: b, Item: &Item{Name: "a"}}, &BasketItem{Basket: b, Item: &Item{Name: "b"}})
		if err != nil {
			return err
		}
		got, err := unobun.Select[Basket](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Relation("Items", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Order("name") })
		})
		if err != nil || len(got) != 1 || got[0] != b {
			t.Errorf("%v %v", got, err)
		}
		if err := s.Expunge(b); err != nil {
			return err
		}
		got, err = unobun.Select[Basket](ctx, s, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Relation("Items") })
		if err != nil || len(got) != 1 || len(got[0].Items) != 2 {
			t.Errorf("%v %v", got, err)
		}
		return nil
	}, unoactor.SessionConfig{Mapper: unobun.Mapper((*BasketItem)(nil))})
	for _, wrong := range []any{nil, 5, BasketItem{}, ptr(5)} {
		err := db.Session(t.Context(), func(_ context.Context, s *unoactor.Session) error { return s.Add(&User{}) }, unoactor.SessionConfig{Mapper: unobun.Mapper(wrong)})
		if err == nil || !strings.Contains(err.Error(), "give it a pointer to a struct") {
			t.Errorf("Mapper(%T): %v", wrong, err)
		}
	}
}

// Stamped has its time set by a hook of bun's.
type Stamped struct {
	ID      int64 `bun:",pk,autoincrement"`
	Text    string
	Changed time.Time
	Times   int `bun:"-"`
}

var _ bun.BeforeAppendModelHook = (*Stamped)(nil)

func (s *Stamped) BeforeAppendModel(_ context.Context, q bun.Query) error {
	if _, reads := q.(*bun.SelectQuery); !reads {
		s.Changed = time.Date(2026, 1, 1, 0, 0, s.Times, 0, time.UTC)
		s.Times++
	}
	return nil
}

func TestWhatAHookOfBunsSetsIsWritten(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table stampeds (id bigserial primary key, text text, changed timestamptz)"); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		a := &Stamped{Text: "a"}
		if err := errors.Join(s.Add(a), s.Flush(ctx)); err != nil {
			return err
		}
		a.Text = "b"
		if err := errors.Join(s.Flush(ctx), s.Flush(ctx)); err != nil {
			return err
		}
		if got := one[time.Time](t, s, "select changed from stampeds"); !got.Equal(a.Changed) || a.Times != 2 {
			t.Errorf("%v, and in the object %v, after %d statements", got, a.Changed, a.Times)
		}
		return nil
	})
}
