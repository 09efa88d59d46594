package unobun_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
)

// Box has values that can be changed within.
type Box struct {
	ID     int64 `bun:",pk,autoincrement"`
	Name   string
	Data   map[string]any `bun:"type:jsonb"`
	Tags   []string       `bun:",array"`
	Note   *string
	Inside Inside `bun:"embed:in_"`
	*Owned
	Lines []Line `bun:"type:jsonb"`
	Bytes []byte
	State *Guarded `bun:"type:jsonb"`
	Any   any      `bun:"type:jsonb"`
}

type Inside struct {
	Label string
	Marks map[string]int `bun:"type:jsonb"`
}

type Owned struct{ Owner string }

type Line struct {
	Text string
	More *Line
}

// Guarded is an object with fields that bun does not write.
type Guarded struct {
	N     int
	mu    sync.Mutex
	self  *Guarded
	extra map[string]int
}

const boxes = `create table boxes (id bigserial primary key, name text, data jsonb, tags text[], note text, in_label text, in_marks jsonb, owner text,
	lines jsonb, bytes bytea, state jsonb, "any" jsonb)`

func newBox() *Box {
	note := "note"
	g := &Guarded{N: 1, extra: map[string]int{"a": 1}}
	g.self = g
	return &Box{Name: "box", Data: map[string]any{"k": "old", "deep": map[string]any{"list": []any{"a"}}}, Tags: []string{"a", "b"}, Note: &note,
		Inside: Inside{Label: "in", Marks: map[string]int{"x": 1}}, Owned: &Owned{Owner: "ann"}, Lines: []Line{{Text: "one", More: &Line{Text: "two"}}},
		Bytes: []byte{1, 2, 3}, State: g, Any: map[string]any{"z": []any{"y"}}}
}

// changes are what can be done to a box without giving a field another value, and with.
var changes = map[string]func(*Box){
	"a map":                       func(b *Box) { b.Data["k"] = "new" },
	"a map in a map":              func(b *Box) { b.Data["deep"].(map[string]any)["list"].([]any)[0] = "new" },
	"a map that loses a key":      func(b *Box) { delete(b.Data, "k") },
	"a slice":                     func(b *Box) { b.Tags[0] = "new" },
	"a slice that grows":          func(b *Box) { b.Tags = append(b.Tags[:1], "new", "newer") },
	"what a pointer points at":    func(b *Box) { *b.Note = "new" },
	"a pointer":                   func(b *Box) { b.Note = nil },
	"an embedded struct":          func(b *Box) { b.Inside.Label = "new"; b.Inside.Marks["x"] = 2 },
	"a struct behind a pointer":   func(b *Box) { b.Owner = "bob" },
	"a slice of structs":          func(b *Box) { b.Lines[0].More.Text = "new" },
	"bytes":                       func(b *Box) { b.Bytes[1] = 0 },
	"a struct with more to it":    func(b *Box) { b.State.mu.Lock(); b.State.N = 2; b.State.mu.Unlock() },
	"an interface":                func(b *Box) { b.Any.(map[string]any)["z"].([]any)[0] = "new" },
	"a field":                     func(b *Box) { b.Name = "new" },
	"a map that becomes nil":      func(b *Box) { b.Data = nil },
	"an interface that is a text": func(b *Box) { b.Any = "new" },
}

// state is a box as the database has it, without its key.
const state = "select row(name, data, tags, note, in_label, in_marks, owner, lines, bytes, state, \"any\")::text from boxes order by id"

func TestARollbackUndoesWhatWasChangedWithinAValue(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), boxes); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("of the function")
	for name, change := range changes {
		for _, flushed := range []bool{false, true} {
			for _, nested := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s flushed %v nested %v", name, flushed, nested), func(t *testing.T) {
					if _, err := db.Exec(t.Context(), "truncate boxes"); err != nil {
						t.Fatal(err)
					}
					b := newBox()
					in(t, db, func(ctx context.Context, s *unoactor.Session) error { return s.Add(b) })
					before := one[string](t, db, state)
					in(t, db, func(ctx context.Context, s *unoactor.Session) error {
						b, err := unoactor.Get[Box](ctx, s, b.ID)
						if err != nil {
							return err
						}
						if nested {
							if err := s.Begin(ctx); err != nil {
								return err
							}
							defer func() { _ = s.Commit(ctx) }()
						}
						err = s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
							change(b)
							if flushed {
								if err := s.Flush(ctx); err != nil {
									t.Error(err)
								}
							}
							return failure
						})
						if !errors.Is(err, failure) {
							t.Error(err)
						}
						if want := newBox(); b.Name != want.Name || !reflect.DeepEqual(b.Data, want.Data) || !reflect.DeepEqual(b.Tags, want.Tags) ||
							b.Note == nil || *b.Note != *want.Note || !reflect.DeepEqual(b.Inside, want.Inside) || b.Owner != want.Owner ||
							!reflect.DeepEqual(b.Lines, want.Lines) || !reflect.DeepEqual(b.Bytes, want.Bytes) || b.State.N != 1 || !reflect.DeepEqual(b.Any, want.Any) {
							t.Errorf("%+v", b)
						}
						return nil
					})
					if after := one[string](t, db, state); after != before {
						t.Errorf("it is %s, was %s", after, before)
					}
				})
			}
		}
	}
}

func TestACounterWithinAValueCountsOnceHoweverOftenItsTransactionIsRepeated(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), boxes); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		b := &Box{Data: map[string]any{"n": 1.0}}
		if err := errors.Join(s.Add(b), s.Flush(ctx)); err != nil {
			return err
		}
		for attempt := 1; ; attempt++ {
			err := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
				again, err := unoactor.Get[Box](ctx, s, b.ID)
				if err != nil {
					return err
				}
				again.Data["n"] = again.Data["n"].(float64) + 1
				if err := s.Flush(ctx); err != nil || attempt == 3 {
					return err
				}
				return errors.New("again")
			})
			if err == nil {
				break
			}
		}
		if b.Data["n"] != 2.0 {
			t.Errorf("%v", b.Data)
		}
		return nil
	})
	if n := one[int](t, db, "select (data->>'n')::int from boxes"); n != 2 {
		t.Errorf("%d after one increment", n)
	}
}

func TestAnObjectThatIsReadAgainKeepsNothingOfItsFormerValues(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), boxes); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		b := newBox()
		if err := errors.Join(s.Add(b), s.Flush(ctx)); err != nil {
			return err
		}
		lines, data := b.Lines, b.Data
		if _, err := s.Exec(ctx, `update boxes set data = '{"other": 1}', lines = '[{"Text": "1"}]', state = '{}', in_marks = null`); err != nil {
			return err
		}
		if err := s.Refresh(ctx, b); err != nil {
			return err
		}
		if !reflect.DeepEqual(b.Data, map[string]any{"other": 1.0}) || !reflect.DeepEqual(b.Lines, []Line{{Text: "1"}}) || b.State.N != 0 || b.Inside.Marks != nil {
			t.Errorf("%+v", b)
		}
		if lines[0].Text != "one" || data["k"] != "old" {
			t.Errorf("what had been taken out of the object was changed: %v, %v", lines, data)
		}
		return nil
	})
}

func TestWhatWasDeletedInATransactionCanBeAddedAgain(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		a := &User{Email: "ann@example.com"}
		if err := errors.Join(s.Add(a), s.Flush(ctx)); err != nil {
			return err
		}
		id := a.ID
		return s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
			if err := errors.Join(s.Delete(a), s.Flush(ctx), s.Add(a), s.Flush(ctx)); err != nil {
				return err
			}
			got, err := unoactor.Get[User](ctx, s, id)
			if err != nil || got != a || a.ID != id {
				t.Errorf("%v, %v", got, err)
			}
			inner := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
				return errors.Join(s.Delete(a), s.Flush(ctx), s.Add(a), s.Flush(ctx), s.Delete(a), s.Flush(ctx), errors.New("back"))
			})
			a.Email = "still known"
			if inner == nil || s.Expired(a) != true {
				t.Error(inner)
			}
			return nil
		})
	})
	if got := one[string](t, db, "select string_agg(email, ',') from users"); got != "still known" {
		t.Errorf("%q", got)
	}
}

func TestWhatPrecededATransactionThatIsRolledBackIsWritten(t *testing.T) {
	db := open(t)
	failure := errors.New("of the function")
	for name, during := range map[string]func(context.Context, *unoactor.Session, *User, *User) error{
		"nothing":     func(context.Context, *unoactor.Session, *User, *User) error { return nil },
		"a statement": func(ctx context.Context, s *unoactor.Session, _, _ *User) error { return s.Flush(ctx) },
		"another change": func(ctx context.Context, s *unoactor.Session, a, _ *User) error {
			a.Email = "during"
			return s.Flush(ctx)
		},
		"not flushed": func(_ context.Context, _ *unoactor.Session, a, _ *User) error { a.Email = "during"; return nil },
		"deleted": func(ctx context.Context, s *unoactor.Session, a, _ *User) error {
			return errors.Join(s.Delete(a), s.Flush(ctx))
		},
		"expunged": func(ctx context.Context, s *unoactor.Session, a, b *User) error { return s.Expunge(a, b) },
		"kept after all": func(ctx context.Context, s *unoactor.Session, _, b *User) error {
			return errors.Join(s.Add(b), s.Flush(ctx))
		},
		"read again": func(ctx context.Context, s *unoactor.Session, a, _ *User) error { return s.Refresh(ctx, a) },
		"read as another": func(ctx context.Context, s *unoactor.Session, a, _ *User) error {
			return errors.Join(s.Expunge(a), get(ctx, s, a.ID))
		},
		"savepoints": func(ctx context.Context, s *unoactor.Session, a, _ *User) error {
			a.Email = "kept by the savepoint"
			_ = s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
				a.Email = "in it"
				return errors.Join(s.Flush(ctx), failure)
			})
			if a.Email != "kept by the savepoint" {
				return fmt.Errorf("after the savepoint: %q", a.Email)
			}
			return nil
		},
	} {
		for _, autoflush := range []unoactor.Switch{unoactor.On, unoactor.Off} {
			t.Run(fmt.Sprint(name, autoflush), func(t *testing.T) {
				if _, err := db.Exec(t.Context(), "truncate users cascade"); err != nil {
					t.Fatal(err)
				}
				in(t, db, func(ctx context.Context, s *unoactor.Session) error {
					a, b, c := &User{Email: "a"}, &User{Email: "b"}, &User{Email: "c"}
					if err := errors.Join(s.Add(a, b), s.Flush(ctx)); err != nil {
						return err
					}
					a.Email = "before"
					if err := errors.Join(s.Delete(b), s.Add(c)); err != nil {
						return err
					}
					err := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
						if err := during(ctx, s, a, b); err != nil {
							t.Error(err)
						}
						return failure
					})
					if !errors.Is(err, failure) {
						t.Error(err)
					}
					if a.Email != "before" || c.ID != 0 {
						t.Errorf("%+v %+v", a, c)
					}
					return nil
				}, unoactor.SessionConfig{Autoflush: autoflush})
				if got := one[string](t, db, "select string_agg(email, ',' order by email) from users"); got != "before,c" {
					t.Errorf("%q", got)
				}
			})
		}
	}
}

func get(ctx context.Context, s *unoactor.Session, id int64) error {
	_, err := unoactor.Get[User](ctx, s, id)
	return err
}

func TestAChangeOfAnExpiredObjectSurvivesItsBeingReadAgain(t *testing.T) {
	db := open(t)
	for name, read := range map[string]func(context.Context, *unoactor.Session, *User) error{
		"Get": func(ctx context.Context, s *unoactor.Session, u *User) error { return get(ctx, s, u.ID) },
		"Attach": func(ctx context.Context, s *unoactor.Session, u *User) error {
			_, err := unoactor.Attach(s, &User{ID: u.ID, Email: "ann", Name: ptr("of another"), CreatedAt: u.CreatedAt})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := db.Exec(t.Context(), "truncate users cascade"); err != nil {
				t.Fatal(err)
			}
			in(t, db, func(ctx context.Context, s *unoactor.Session) error {
				u := &User{Email: "ann"}
				if err := s.Tx(ctx, pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error { return s.Add(u) }); err != nil {
					return err
				}
				if _, err := db.Exec(ctx, "update users set name = 'of another'"); err != nil {
					return err
				}
				u.Email = "changed"
				if err := read(ctx, s, u); err != nil {
					return err
				}
				if u.Email != "changed" || u.Name == nil || *u.Name != "of another" {
					t.Errorf("%+v", u)
				}
				return nil
			}, unoactor.SessionConfig{Autoflush: unoactor.Off})
			if got := one[string](t, db, "select email || ' ' || name from users"); got != "changed of another" {
				t.Error(got)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestATransactionThatTheSessionBeginsOfItselfIsRolledBackWithAllThatWasChangedSinceTheLastOne(t *testing.T) {
	db := open(t)
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		u := &User{Email: "ann"}
		if err := errors.Join(s.Add(u), s.Flush(ctx), s.Commit(ctx)); err != nil {
			return err
		}
		u.Email = "wrong"
		if err := errors.Join(s.Flush(ctx), s.Rollback(ctx)); err != nil {
			return err
		}
		if u.Email != "ann" {
			t.Errorf("%+v", u)
		}
		return nil
	}, unoactor.SessionConfig{Autocommit: unoactor.Off})
	if got := one[string](t, db, "select email from users"); got != "ann" {
		t.Error(got)
	}
}

// Once has a column that an update leaves alone.
type Once struct {
	ID   int64  `bun:",pk,autoincrement"`
	By   string `bun:",skipupdate"`
	Text string
}

func TestAColumnThatAnUpdateLeavesAloneIsNoChange(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), "create table onces (id bigserial primary key, by text, text text)"); err != nil {
		t.Fatal(err)
	}
	in(t, db, func(ctx context.Context, s *unoactor.Session) error {
		o := &Once{By: "ann", Text: "a"}
		if err := errors.Join(s.Add(o), s.Flush(ctx)); err != nil {
			return err
		}
		o.By = "bob"
		if err := s.Flush(ctx); err != nil {
			return err
		}
		o.Text = "b"
		return nil
	})
	if got := one[string](t, db, "select by || text from onces"); got != "annb" {
		t.Error(got)
	}
}
