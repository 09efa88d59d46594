package unitofwork_test

import (
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/unitofwork"
)

// A picture is what a unit of work knows, drawn as one word an object:
//
//	a1        the author 1, as it was read    +a1      added
//	b2(a1)    the book 2, pointing at a1      -a1      to be deleted
//	a1'       another object for that key     /a1      expunged
//	a?x       one whose key is to be chosen   ~a1      as it was read, known to nobody
//	p1:2      page 2 of book 1                !        a flush
//	a1.name=x>y     the name was x when it was read, and is y
//	b1(a1>a2)       pointed at a1 when it was read, and points at a2
//	( ) <           a level begins, is committed, is rolled back
//
// Letters are those of author, book, page, note and tag. An object that stands in brackets
// alone is known to nobody. A word about an object that was there before is about that one.
type drawing struct {
	t       *testing.T
	unit    *unitofwork.Unit
	objects map[string]any
	names   map[any]string
	chosen  int // the last key that the database chose
}

func newDrawing(t *testing.T) *drawing {
	return &drawing{t: t, unit: unitofwork.New(newTables()), objects: make(map[string]any), names: make(map[any]string)}
}

// name is how an object is drawn.
func (d *drawing) name(object any) string { return d.names[object] }

// draw makes what some words say.
func (d *drawing) draw(words string) {
	d.t.Helper()
	for word := range strings.FieldsSeq(words) {
		switch levels := unitofwork.Levels(d.unit); word {
		case "!":
			d.flush()
		case "(":
			d.unit.Begun(false)
		case ")":
			d.unit.Committed(levels-1, true)
		case "<":
			d.unit.RolledBack(levels - 1)
		default:
			if err := d.word(word); err != nil {
				d.t.Fatalf("%s: %v", word, err)
			}
		}
	}
}

// begin begins a level: one that was asked for, one that the session begins of itself, or
// one for a flush.
func (d *drawing) begin(level string) {
	if level != "flush" {
		d.unit.Begun(level == "implicit")
		return
	}
	p, err := d.unit.Plan()
	if err != nil {
		d.t.Fatal(err)
	}
	d.unit.BegunFor(p)
}

func (d *drawing) word(word string) error {
	mark := ""
	if strings.ContainsAny(word[:1], "+-/~") {
		mark, word = word[:1], word[1:]
	}
	word, changes, _ := strings.Cut(word, ".")
	name, brackets, _ := strings.Cut(word, "(")
	pointed, moved, moves := strings.Cut(strings.TrimSuffix(brackets, ")"), ">")
	o := d.object(name)
	known := unitofwork.Knows(d.unit, o)
	if pointed != "" && !known {
		d.point(o, pointed)
	}
	for change := range strings.SplitSeq(changes, ".") {
		if change != "" && !known {
			before, _, _ := strings.Cut(change, ">")
			d.set(o, before)
		}
	}
	var err error
	switch mark {
	case "":
		_, err = d.unit.Attach(o)
	case "+":
		err = d.unit.Add(o)
	case "-":
		err = d.unit.Delete(o)
	case "/":
		err = d.unit.Expunge(o)
	}
	for change := range strings.SplitSeq(changes, ".") {
		if column, values, ok := strings.Cut(change, "="); ok {
			if _, after, changed := strings.Cut(values, ">"); changed {
				d.set(o, column+"="+after)
			}
		}
	}
	if moves {
		d.point(o, moved)
	}
	return err
}

// object is the one of a name, which is made if there is none.
func (d *drawing) object(name string) any {
	if o := d.objects[name]; o != nil {
		return o
	}
	o := map[byte]any{'a': &author{}, 'b': &book{}, 'p': &page{}, 'n': &note{}, 't': &tag{}}[name[0]]
	key := strings.TrimRight(name[1:], "'")
	switch o := o.(type) {
	case *page:
		book, number, _ := strings.Cut(key, ":")
		o.Book, o.Number = integer(book), integer(number)
	case *tag:
		o.Word = key
	default:
		reflect.ValueOf(o).Elem().FieldByName("ID").SetInt(int64(integer(key)))
	}
	d.objects[name], d.names[o] = o, name
	return o
}

func integer(s string) int {
	n, _ := strconv.Atoi(s) // ?x is 0
	return n
}

// point has an object point at another one, and if it was just made has its foreign key.
func (d *drawing) point(object any, name string) {
	name, further, _ := strings.Cut(name, "(")
	fresh := d.objects[name] == nil
	to := d.object(name)
	if further != "" && fresh {
		d.point(to, strings.TrimSuffix(further, ")"))
	}
	known := unitofwork.Knows(d.unit, object)
	switch o := object.(type) {
	case *author:
		if o.mentor = to.(*author); !known {
			o.Mentor = o.mentor.ID
		}
	case *book:
		if o.author = to.(*author); !known {
			o.Author = o.author.ID
		}
	case *page:
		if o.book = to.(*book); !known {
			o.Book = o.book.ID
		}
	case *note:
		if o.page = to.(*page); !known {
			o.Book, o.Page = o.page.Book, o.page.Number
		}
	}
}

// set sets a column of an object, as name=x.
func (d *drawing) set(object any, change string) {
	column, value, _ := strings.Cut(change, "=")
	field := reflect.ValueOf(object).Elem().FieldByNameFunc(func(name string) bool {
		return name[0] < 'a' && strings.EqualFold(name, column)
	})
	if field.Kind() == reflect.Int {
		field.SetInt(int64(integer(value)))
	} else {
		field.SetString(value)
	}
}

// flush does what a plan says as if each statement had succeeded.
func (d *drawing) flush() {
	p, err := d.unit.Plan()
	if err != nil {
		d.t.Fatal(err)
	}
	unitofwork.Perform(d.unit, p, func(object any) {
		if v := reflect.ValueOf(object).Elem().FieldByName("ID"); v.IsValid() && v.IsZero() {
			d.chosen++
			v.SetInt(int64(100 + d.chosen))
		}
	})
}

// known draws what the unit knows now.
func (d *drawing) known() string { return unitofwork.Known(d.unit, d.name) }
