package unobun_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/unoactor/unoactor"
)

// UUID is a key as other libraries have it: bytes, written and read as text.
type UUID [16]byte

func (u UUID) Value() (driver.Value, error) { return fmt.Sprintf("%x", u[:]), nil }
func (u *UUID) Scan(src any) error {
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("a %T is no UUID", src)
	}
	p := pgtype.UUID{}
	if err := p.Scan(s); err != nil {
		return err
	}
	*u = p.Bytes
	return nil
}

// ID is a text of its own type.
type ID string

// The parents have keys that the database chooses, and the children have them in other types of Go.
type (
	TextParent struct {
		ID string `bun:",pk,nullzero,default:gen_random_uuid()"`
	}
	TextChild struct {
		ID       int64 `bun:",pk,autoincrement"`
		ParentID string
		Parent   *TextParent `bun:"rel:belongs-to,join:parent_id=id"`
	}
	UUIDParent struct {
		ID UUID `bun:",pk,nullzero,type:uuid,default:gen_random_uuid()"`
	}
	UUIDChild struct {
		ID       int64       `bun:",pk,autoincrement"`
		ParentID ID          `bun:",nullzero"`
		Parent   *UUIDParent `bun:"rel:belongs-to,join:parent_id=id"`
	}
	PtrChild struct {
		ID       int64 `bun:",pk,autoincrement"`
		ParentID *string
		Parent   *UUIDParent `bun:"rel:belongs-to,join:parent_id=id"`
	}
	NullChild struct {
		ID       int64 `bun:",pk,autoincrement"`
		ParentID sql.NullString
		Parent   *TextParent `bun:"rel:belongs-to,join:parent_id=id"`
	}
	BigParent struct {
		ID int64 `bun:",pk,autoincrement"`
	}
	SmallChild struct {
		ID       int64 `bun:",pk,autoincrement"`
		ParentID int16
		Parent   *BigParent `bun:"rel:belongs-to,join:parent_id=id"`
	}
	NullIntChild struct {
		ID       int64 `bun:",pk,autoincrement"`
		ParentID sql.Null[int64]
		Parent   *BigParent `bun:"rel:belongs-to,join:parent_id=id"`
	}
	StringChild struct {
		ID       int64 `bun:",pk,autoincrement"`
		ParentID string
		Parent   *BigParent `bun:"rel:belongs-to,join:parent_id=id"`
	}
	DomainParent struct {
		ID string `bun:",pk,nullzero,default:next_code()"`
	}
	DomainChild struct {
		ParentID string        `bun:",pk"`
		Number   int           `bun:",pk"`
		Parent   *DomainParent `bun:"rel:belongs-to,join:parent_id=id"`
	}
	Grandchild struct {
		ID       int64 `bun:",pk,autoincrement"`
		ParentID string
		Number   int
		Parent   *DomainChild `bun:"rel:belongs-to,join:parent_id=parent_id,join:number=number"`
	}
	TimeParent struct {
		At time.Time `bun:",pk,nullzero,default:clock_timestamp()"`
	}
	TimeChild struct {
		ID     int64 `bun:",pk,autoincrement"`
		At     time.Time
		Parent *TimeParent `bun:"rel:belongs-to,join:at=at"`
	}
)

const keyed = `create table text_parents (id uuid primary key default gen_random_uuid());
create table text_children (id bigserial primary key, parent_id uuid not null references text_parents);
create table null_children (id bigserial primary key, parent_id uuid references text_parents);
create table uuid_parents (id uuid primary key default gen_random_uuid());
create table uuid_children (id bigserial primary key, parent_id uuid references uuid_parents);
create table ptr_children (id bigserial primary key, parent_id uuid references uuid_parents);
create table big_parents (id bigserial primary key);
create table small_children (id bigserial primary key, parent_id int not null references big_parents);
create table null_int_children (id bigserial primary key, parent_id int references big_parents);
create table string_children (id bigserial primary key, parent_id bigint not null references big_parents);
create sequence codes;
create domain code as varchar(10) check (value ~ '^c');
create function next_code() returns code language sql as $$ select ('c' || nextval('codes'))::code $$;
create table domain_parents (id code primary key default next_code());
create table domain_children (parent_id code references domain_parents, number int, primary key (parent_id, number));
create table grandchildren (id bigserial primary key, parent_id code, number int, foreign key (parent_id, number) references domain_children);
create table time_parents (at timestamptz primary key default clock_timestamp());
create table time_children (id bigserial primary key, at timestamptz not null references time_parents);`

// wiped empties the tables: faster than truncate where there is little in them.
const wiped = `delete from text_children; delete from null_children; delete from text_parents; delete from uuid_children; delete from ptr_children;
delete from uuid_parents; delete from small_children; delete from null_int_children; delete from string_children; delete from big_parents;
delete from grandchildren; delete from domain_children; delete from domain_parents; delete from time_children; delete from time_parents`

func TestAChildGetsTheKeyThatTheDatabaseChoosesWhateverItsTypesAre(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), keyed); err != nil {
		t.Fatal(err)
	}
	tp, up, bp, dp, tip := func() any { return &TextParent{} }, func() any { return &UUIDParent{} }, func() any { return &BigParent{} }, func() any { return &DomainParent{} }, func() any { return &TimeParent{} }
	for name, test := range map[string]struct {
		parent func() any
		child  func(any) any
		ids    string // SQL
	}{
		"text of uuid":       {tp, func(p any) any { return &TextChild{Parent: p.(*TextParent)} }, "select parent_id = id from text_parents, (select parent_id from text_children) c"},
		"NullString of uuid": {tp, func(p any) any { return &NullChild{Parent: p.(*TextParent)} }, "select parent_id = id from text_parents, (select parent_id from null_children) c"},
		"own type of bytes":  {up, func(p any) any { return &UUIDChild{Parent: p.(*UUIDParent)} }, "select parent_id = id from uuid_parents, (select parent_id from uuid_children) c"},
		"pointer of bytes":   {up, func(p any) any { return &PtrChild{Parent: p.(*UUIDParent)} }, "select parent_id = id from uuid_parents, (select parent_id from ptr_children) c"},
		"int of bigint":      {bp, func(p any) any { return &SmallChild{Parent: p.(*BigParent)} }, "select parent_id = id from big_parents, (select parent_id from small_children) c"},
		"nullable of bigint": {bp, func(p any) any { return &NullIntChild{Parent: p.(*BigParent)} }, "select parent_id = id from big_parents, (select parent_id from null_int_children) c"},
		"text of bigint":     {bp, func(p any) any { return &StringChild{Parent: p.(*BigParent)} }, "select parent_id = id from big_parents, (select parent_id from string_children) c"},
		"a domain":           {dp, func(p any) any { return &DomainChild{Parent: p.(*DomainParent)} }, "select parent_id = id from domain_parents, (select parent_id from domain_children) c"},
		"a grandchild's":     {dp, func(p any) any { return &Grandchild{Parent: &DomainChild{Number: 5, Parent: p.(*DomainParent)}} }, "select parent_id = id from domain_parents, (select parent_id from grandchildren where number = 5) c"},
		"a time":             {tip, func(p any) any { return &TimeChild{Parent: p.(*TimeParent)} }, "select c.at = p.at from time_parents p, (select at from time_children) c"},
	} {
		for _, first := range []string{"together", "the parent first", "moved to a new one"} {
			t.Run(name+" "+first, func(t *testing.T) {
				if _, err := db.Exec(t.Context(), wiped); err != nil {
					t.Fatal(err)
				}
				in(t, db, func(ctx context.Context, s *unoactor.Session) error {
					p := test.parent()
					if first != "together" {
						if err := errors.Join(s.Add(p), s.Flush(ctx)); err != nil {
							return err
						}
					}
					c := test.child(p)
					if err := errors.Join(s.Add(c), s.Flush(ctx)); err != nil {
						return err
					}
					before := fmt.Sprint(c)
					if first == "moved to a new one" && name != "a domain" && name != "a grandchild's" {
						fresh := test.parent()
						switch c := c.(type) {
						case *TextChild:
							c.Parent = fresh.(*TextParent)
						case *NullChild:
							c.Parent = fresh.(*TextParent)
						case *UUIDChild:
							c.Parent = fresh.(*UUIDParent)
						case *PtrChild:
							c.Parent = fresh.(*UUIDParent)
						case *SmallChild:
							c.Parent = fresh.(*BigParent)
						case *NullIntChild:
							c.Parent = fresh.(*BigParent)
						case *StringChild:
							c.Parent = fresh.(*BigParent)
						case *TimeChild:
							c.Parent = fresh.(*TimeParent)
						}
						if err := errors.Join(s.Flush(ctx), s.Delete(p), s.Flush(ctx)); err != nil {
							return err
						}
						if fmt.Sprint(c) == before {
							t.Errorf("%v", c)
						}
					}
					return s.Refresh(ctx, c)
				})
				if !one[bool](t, db, test.ids) {
					t.Error("another parent")
				}
			})
		}
	}
}

// Sum has a key of bytes.
type Sum struct {
	Hash []byte `bun:",pk"`
	N    int
}

func TestWhatIsNoObjectOrNoKeyIsToldAsThat(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), keyed+"create table sums (hash bytea primary key, n int)"); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		var none *User
		var empty any
		objects := map[string]any{
			"map[string]interface {} is no object": map[string]any{}, "nil is no object": nil, "a nil *unobun_test.User is no object": none,
			"unobun_test.User is no object": User{}, "[]*unobun_test.User is no object of a unit of work: give it a pointer to a struct, and many": []*User{{}},
			"*[]unobun_test.User, a pointer to a []unobun_test.User, is no object": &[]User{}, "*int, a pointer to a int": ptr(5), "**unobun_test.User": ptr(&User{}),
			"func() is no object": func() {}, "*interface {}": &empty, "[]uint8": []byte{1}, "*map[string]interface {}": &map[string]any{}, "int is no object": 5,
		}
		for want, object := range objects {
			for what, do := range map[string]func(any) error{
				"Add": func(o any) error { return s.Add(o) }, "Delete": func(o any) error { return s.Delete(o) }, "Expunge": func(o any) error { return s.Expunge(o) },
				"Refresh": func(o any) error { return s.Refresh(ctx, o) },
			} {
				if err := do(object); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "give it a pointer to a struct") {
					t.Errorf("%s(%T): %v", what, object, err)
				}
			}
			if s.Expired(object) {
				t.Errorf("%T is expired", object)
			}
		}
		for want, err := range map[string]error{
			"*int, a pointer to a int, is":       second(unoactor.Get[int](ctx, s, 1)),
			"a pointer to a map[string]int, is":  second(unoactor.Get[map[string]int](ctx, s, 1)),
			"*unobun_test.User, is no":           second(unoactor.Get[*User](ctx, s, 1)),
			"interface {}, is no":                second(unoactor.Get[any](ctx, s, 1)),
			"a nil *unobun_test.User is no":      second(unoactor.Attach(s, none)),
			"*int, a pointer to a int":           second(unoactor.Attach(s, ptr(5))),
			"has no primary key":                 second(unoactor.Get[time.Time](ctx, s, 1)),
			"has 1 columns, not 0":               second(unoactor.Get[User](ctx, s)),
			"has 1 columns, not 2":               second(unoactor.Get[User](ctx, s, 1, 2)),
			"is a int64, not a []uint8":          second(unoactor.Get[User](ctx, s, []byte{1})),
			"is a int64, not a map":              second(unoactor.Get[User](ctx, s, map[string]int{})),
			"is a int64, not a func()":           second(unoactor.Get[User](ctx, s, func() {})),
			"is a int64, and nil is none":        second(unoactor.Get[User](ctx, s, nil)),
			"is a int64, not a *int":             second(unoactor.Get[User](ctx, s, (*int)(nil))),
			"is a int64, not a bool":             second(unoactor.Get[User](ctx, s, true)),
			"too small for 1.5":                  second(unoactor.Get[User](ctx, s, 1.5)),
			"too small for NaN":                  second(unoactor.Get[User](ctx, s, math.NaN())),
			"too small for 18446744073709551615": second(unoactor.Get[User](ctx, s, uint64(math.MaxUint64))),
			"is a int32, too small":              second(unoactor.Get[Category](ctx, s, 1<<40)),
			"is a string, not a int":             second(unoactor.Get[TextParent](ctx, s, 65)),
			"unobun_test.UUID, not a int":        second(unoactor.Get[UUIDParent](ctx, s, 65)),
			"UUID, not a []uint8":                second(unoactor.Get[UUIDParent](ctx, s, []byte{1, 2})),
			"is a string, not a []string":        second(unoactor.Get[TextParent](ctx, s, []string{"a"})),
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		p, sum := &UUIDParent{}, &Sum{Hash: []byte{1, 2}, N: 3}
		if err := errors.Join(s.Add(p, sum, &Category{ID: 7, Name: "x"}), s.Flush(ctx)); err != nil {
			return err
		}
		for name, err := range map[string]error{
			"a UUID":       same(p)(unoactor.Get[UUIDParent](ctx, s, p.ID)),
			"as text":      same(p)(unoactor.Get[UUIDParent](ctx, s, pgtype.UUID{Bytes: p.ID, Valid: true}.String())),
			"as an array":  same(p)(unoactor.Get[UUIDParent](ctx, s, [16]byte(p.ID))),
			"a pointer":    same(p)(unoactor.Get[UUIDParent](ctx, s, &p.ID)),
			"bytes":        same(sum)(unoactor.Get[Sum](ctx, s, []byte{1, 2})),
			"other number": func() error { _, err := unoactor.Get[Category](ctx, s, uint8(7)); return err }(),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := unoactor.Get[Sum](ctx, s, []byte{9}); !errors.Is(err, pgx.ErrNoRows) {
			t.Error(err)
		}
		return nil
	})
}

func second[T any](_ *T, err error) error { return err }

func same[T any](want *T) func(*T, error) error {
	return func(got *T, err error) error {
		if err == nil && got != want {
			return fmt.Errorf("%p is not %p", got, want)
		}
		return err
	}
}

// Folio and Margin have keys that are text, which may look like a UUID.
type Folio struct {
	ID string `bun:",pk"`
}

type Margin struct {
	ID      int64 `bun:",pk,autoincrement"`
	FolioID string
	Folio   *Folio `bun:"rel:belongs-to,join:folio_id=id"`
}

func TestKeysThatAreTextAreTheSameLetterByLetter(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table folios (id text primary key); create table margins (id bigserial primary key, folio_id text references folios)"); err != nil {
		t.Fatal(err)
	}
	upper := strings.Repeat("AB", 16)
	for name, other := range map[string]string{"case": strings.ToLower(upper), "hyphens": upper[:8] + "-" + upper[8:]} {
		t.Run(name, func(t *testing.T) {
			err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
				a, b := &Folio{ID: upper}, &Folio{ID: other}
				margin := &Margin{Folio: a}
				if err := errors.Join(s.Add(a, b, margin), s.Flush(ctx)); err != nil {
					return err
				}
				margin.Folio = b
				if err := s.Flush(ctx); err != nil {
					return err
				}
				if got := one[string](t, s, "select folio_id from margins"); got != other {
					t.Errorf("refers to %s, not to %s", got, other)
				}
				return s.Delete(margin, a, b)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
