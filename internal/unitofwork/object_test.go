package unitofwork_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/internal/unitofwork"
)

func TestAUnitKnowsOneObjectForEachRow(t *testing.T) {
	for name, c := range map[string]struct{ picture, known string }{
		"what was read is known":                                {"a1.name=x b1", "a1.name=x b1"},
		"another object for a row is not":                       {"a1.name=x a1'.name=y", "a1.name=x"},
		"unless the first was expunged":                         {"a1.name=x /a1 a1'.name=y", "a1'.name=y"},
		"an expired object gets what another one was read with": {"a1.name=x ( ) a1'.name=y", "a1.name=y"},
		"but for what was changed in it":                        {"a1.name=x ( ) a1.name=x>z a1'.name=y.mentor=5", "a1.name=y>z.mentor=5"},
		"one that is to be deleted stays as it is":              {"a1.name=x ( ) -a1 a1'.name=y", "-a1.name=x*"},
		"what was added has no row yet":                         {"+a1 a1'", "+a1 a1'"},
		"what was added and deleted is forgotten":               {"+a1 -a1", ""},
		"what was deleted is known until its transaction's end": {"( -a1 !", "xa1"},
		"it can be added again":                                 {"( -a1 ! +a1", "+a1"},
		"a commit makes objects old":                            {"a1 +a2 ( ! )", "a1* a2*"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrawing(t)
			d.draw(c.picture)
			if got := d.known(); got != c.known {
				t.Errorf("%s:\n got %q\nwant %q", c.picture, got, c.known)
			}
		})
	}
}

func TestWhatIsNoObjectIsRefused(t *testing.T) {
	u := unitofwork.New(newTables())
	for want, object := range map[string]any{
		"nil is no object":                     nil,
		"a nil *unitofwork_test.author":        (*author)(nil),
		"give it a pointer to a struct":        author{},
		"many as arguments of their own":       []*author{},
		"a pointer to a int":                   new(int),
		"no table for unitofwork_test.drawing": &drawing{},
	} {
		if err := u.Add(object); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: %v", object, err)
		}
	}
	if err := u.Delete(&author{}); err == nil || !strings.Contains(err.Error(), "the object has no key") {
		t.Errorf("the deletion of what has no key: %v", err)
	}
}

func TestAnObjectIsSoughtByItsKey(t *testing.T) {
	d := newDrawing(t)
	d.draw("a1 -a2 ( a3 ) a1")
	for key, want := range map[any]string{
		1:       "read a1", // it is old since the commit
		int8(9): "read",
		2:       "authors 2 is to be deleted: " + pgx.ErrNoRows.Error(),
		"x":     "the key id of authors is a int, not a string",
		1 << 40: "read",
		1.5:     "the key id of authors is a int, too small for 1.5",
	} {
		r, err := d.unit.Seek(&author{}, []any{key})
		got := "there"
		switch {
		case err != nil:
			got = err.Error()
		case !r.Done():
			got = strings.TrimSpace("read " + d.name(r.Object()))
		}
		if got != want {
			t.Errorf("%v: got %q, want %q", key, got, want)
		}
	}
	if _, err := d.unit.Seek(&author{}, nil); err == nil {
		t.Error("no key was taken for one")
	}
	d.draw("a5")
	r, err := d.unit.Seek(&author{}, []any{5})
	if err != nil || !r.Done() || r.Object() != d.objects["a5"] {
		t.Errorf("one that is as its row: %v, %v", r, err)
	}
	d.draw("a5.id=5>6")
	if _, err := d.unit.Again(d.objects["a5"]); err == nil || !strings.Contains(err.Error(), "the key id of authors was changed from 5 to 6") {
		t.Errorf("one whose key was changed: %v", err)
	}
	if _, err := d.unit.Again(&author{ID: 7}); err == nil || errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("one that is not known: %v", err)
	}
}

func TestANilUnitKnowsNothingAndCanBeToldOfTransactions(t *testing.T) {
	var u *unitofwork.Unit
	u.Begun(false)
	u.Committed(0, true)
	u.RolledBack(0)
	if p, err := u.Plan(); err != nil || !p.Empty() || u.Expired(&author{}) {
		t.Errorf("%v, %v", p, err)
	}
}
