package unitofwork_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/unoactor/unoactor/mapping"
)

// The tables of the pictures. A key that is 0 is chosen by the database, and a foreign key
// that is 0 refers to nothing.
type (
	author struct {
		ID     int
		Name   string
		Mentor int
		mentor *author
	}
	book struct {
		ID     int
		Title  string
		Author int
		Shelf  string // a tag, which the mapper does not know of
		author *author
	}
	page struct { // its key is in part that of its book
		Book   int
		Number int
		Text   string
		book   *book
	}
	note struct {
		ID   int
		Book int
		Page int
		page *page
	}
	tag struct { // has its key and nothing else
		Word string
	}
)

// tables is a mapper of those types. Its statements are for reading, not for a server.
type tables map[reflect.Type]*mapping.Model

func newTables() tables {
	t := make(tables)
	add := func(of any, name string, keys int, columns []mapping.Column, parents ...mapping.Parent) {
		t[reflect.TypeOf(of).Elem()] = &mapping.Model{Table: name, Keys: keys, Columns: columns, Parents: parents}
	}
	add((*author)(nil), "authors", 1, []mapping.Column{serial("ID"), column("Name"), column("Mentor")},
		parent("mentor", func(c *author) **author { return &c.mentor }, []string{"Mentor"}, "ID"))
	add((*book)(nil), "books", 1, []mapping.Column{serial("ID"), column("Title"), column("Author"), column("Shelf")},
		parent("author", func(c *book) **author { return &c.author }, []string{"Author"}, "ID"))
	add((*page)(nil), "pages", 2, []mapping.Column{column("Book"), column("Number"), column("Text")},
		parent("book", func(c *page) **book { return &c.book }, []string{"Book"}, "ID"))
	add((*note)(nil), "notes", 1, []mapping.Column{serial("ID"), column("Book"), column("Page")},
		parent("page", func(c *note) **page { return &c.page }, []string{"Book", "Page"}, "Book", "Number"))
	add((*tag)(nil), "tags", 1, []mapping.Column{column("Word")})
	return t
}

func (t tables) Model(of reflect.Type) (*mapping.Model, error) {
	if m := t[of]; m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("no table for %v", of)
}

func (t tables) SQL(_ context.Context, w mapping.Statement) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s", w.Operation, t[reflect.TypeOf(w.Object).Elem()].Table)
	for _, column := range w.Columns {
		if w.Instead[column] == "" {
			fmt.Fprintf(&text, " %s", column)
		}
	}
	for _, column := range slices.Sorted(maps.Keys(w.Instead)) {
		fmt.Fprintf(&text, " %s=%s", column, w.Instead[column])
	}
	if len(w.Returning) > 0 {
		fmt.Fprintf(&text, " returning %s", strings.Join(w.Returning, ", "))
	}
	return text.String(), nil
}

func (t tables) Scan(any, []string, []driver.Value) error { return nil }

func column(name string) mapping.Column {
	field := func(v reflect.Value) reflect.Value { return v.FieldByName(name) }
	return mapping.Column{
		Name:    strings.ToLower(name),
		Field:   field,
		Literal: func(v reflect.Value) (string, error) { return literal(field(v)) },
		Chosen:  func(reflect.Value) bool { return false },
		Copy:    func(v reflect.Value) reflect.Value { return reflect.ValueOf(field(v).Interface()) },
		Set:     func(v, value reflect.Value) { field(v).Set(value) },
	}
}

// serial is a column whose value the database chooses.
func serial(name string) mapping.Column {
	c := column(name)
	c.Chosen = func(v reflect.Value) bool { return c.Field(v).IsZero() }
	return c
}

// literal is a value as SQL. The text "unwritable" is none.
func literal(v reflect.Value) (string, error) {
	switch {
	case v.Kind() == reflect.Int && v.IsZero():
		return "NULL", nil
	case v.Kind() == reflect.Int:
		return strconv.FormatInt(v.Int(), 10), nil
	case v.String() == "unwritable":
		return "", fmt.Errorf("%q can't be written", v)
	}
	return "'" + v.String() + "'", nil
}

func parent[C, P any](field string, pointer func(*C) **P, columns []string, keys ...string) mapping.Parent {
	return mapping.Parent{
		Type: reflect.TypeFor[P](),
		Object: func(child reflect.Value) any {
			if p := *pointer(child.Addr().Interface().(*C)); p != nil {
				return p
			}
			return nil
		},
		Set: func(child reflect.Value, object any) {
			to, _ := object.(*P)
			*pointer(child.Addr().Interface().(*C)) = to
		},
		Columns: lower(columns), Keys: lower(keys),
	}
}

func lower(names []string) []string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strings.ToLower(name)
	}
	return all
}
