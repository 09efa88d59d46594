package unitofwork_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/unitofwork"
)

// The statements of a flush, without their values, and what is known when they are written.
func TestAStatementHasTheKeysOfParents(t *testing.T) {
	for name, c := range map[string]struct {
		picture string
		texts   []string
		known   string
	}{
		"a row is inserted with its key":               {"+a1", []string{"insert authors"}, "+a1"},
		"or returns the one that the database chooses": {"+a?x", []string{`insert authors returning "id"`}, "+a?x"},
		"an update sets what was changed":              {"a1.name=x>y", []string{"update authors name"}, "a1.name=x>y"},
		"a deletion needs its key alone":               {"-a1", []string{"delete authors"}, "-a1"},
		"the key of a parent that has one is copied": {"a1 a2 b1(a1>a2)",
			[]string{"update books author"}, "a1 a2 b1(a2).author=1>2"},
		"also to what is added": {"+b1(a7)", []string{"insert books"}, "+b1(a7).author=7"},
		"the server keeps a key that it chooses for what is sent after it": {"+b1(a?x)", []string{
			`insert authors returning "id", set_config('unoactor.key_0_0', "id"::text, true)`,
			`insert books author=current_setting('unoactor.key_0_0')::int4 returning "author"`,
		}, "+b1(a?x) +a?x"},
		"an update finds it, too": {"b1(a1>a?x)", []string{
			`insert authors returning "id", set_config('unoactor.key_0_0', "id"::text, true)`,
			`update books author=current_setting('unoactor.key_0_0')::int4 returning "author"`,
		}, "b1(a?x).author=1 +a?x"},
		"it is handed on by a row that has it as a part of its key": {"+n1(p0:2(b?x))", []string{
			`insert books returning "id", set_config('unoactor.key_0_0', "id"::text, true)`,
			`insert pages book=current_setting('unoactor.key_0_0')::int4 returning "book", set_config('unoactor.key_1_0', "book"::text, true)`,
			`insert notes book=current_setting('unoactor.key_1_0')::int4 returning "book"`,
		}, "+n1(p0:2).page=2 +p0:2(b?x) +b?x"},
		"many that ask for it have it from one place": {"+b1(a?x) +b2(a?x)", []string{
			`insert authors returning "id", set_config('unoactor.key_0_0', "id"::text, true)`,
			`insert books author=current_setting('unoactor.key_0_0')::int4 returning "author"`,
			`insert books author=current_setting('unoactor.key_0_0')::int4 returning "author"`,
		}, "+b1(a?x) +b2(a?x) +a?x"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrawing(t)
			d.draw(c.picture)
			p, err := d.unit.Plan()
			if err != nil {
				t.Fatal(err)
			}
			texts, err := unitofwork.TextsOf(d.unit, p)
			if err != nil || !slices.Equal(texts, c.texts) {
				t.Errorf("%s: %v\n got %s\nwant %s", c.picture, err, strings.Join(texts, "\n     "), strings.Join(c.texts, "\n     "))
			}
			if got := d.known(); got != c.known {
				t.Errorf("%s: known is\n     %q\nwant %q", c.picture, got, c.known)
			}
		})
	}
}

func TestNewObjectsWithoutKeysCanNotReferToEachOther(t *testing.T) {
	d := newDrawing(t)
	d.draw("+a?x(a?y) +a?y(a?x)")
	p, err := d.unit.Plan()
	if err != nil {
		t.Fatal(err)
	}
	const want = "insert authors: new objects refer to each other in a circle: add and flush one of them without its mentor first"
	if _, err := unitofwork.TextsOf(d.unit, p); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
