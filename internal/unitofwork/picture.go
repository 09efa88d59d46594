package unitofwork

import (
	"reflect"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/mapping"
)

// picture is what an object was at some time: what its columns would have been written as,
// and their values, to make the object that again. It shares no memory with the object, and
// is not changed once it is drawn.
type picture struct {
	literals []string
	values   []reflect.Value
	parents  []any // the objects that it pointed at
	wrong    error // why a column could not be written, nil if all could
}

// unwritable stands for the literal of a value that can't be written.
const unwritable = "?"

// key is the key in the picture, as SQL.
func (p *picture) key(m *mapping.Model) string { return strings.Join(p.literals[:m.Keys], ", ") }

// picture draws the object as it is. If that is as its row is, it returns the row's picture.
func (e *entry) picture() *picture { return e.pictureAfter(e.row) }

// pictureAfter draws the object as it is, and copies only the values that a former picture,
// which may be nil, does not have. If it has all of them, it returns the former picture.
func (e *entry) pictureAfter(former *picture) *picture {
	literals, wrong := e.literals()
	return e.draw(literals, wrong, former)
}

// draw is pictureAfter for an object whose literals are known.
func (e *entry) draw(literals []string, wrong error, former *picture) *picture {
	parents := e.parents()
	if former != nil && wrong == nil && slices.Equal(literals, former.literals) && slices.Equal(parents, former.parents) {
		return former
	}
	p := &picture{literals: literals, values: make([]reflect.Value, len(literals)), parents: parents, wrong: wrong}
	for i, c := range e.model.Columns {
		if former != nil && literals[i] == former.literals[i] && literals[i] != unwritable {
			p.values[i] = former.values[i]
		} else {
			p.values[i] = c.Copy(e.value)
		}
	}
	return p
}

// become gives the object's columns and pointers to parents the values that they had in a
// picture. Those that have them already are left alone.
func (e *entry) become(p *picture) {
	now, _ := e.literals()
	for i, c := range e.model.Columns {
		if now[i] != p.literals[i] || now[i] == unwritable {
			c.Set(e.value, p.values[i])
		}
	}
	for i, parent := range e.model.Parents {
		if parent.Object(e.value) != p.parents[i] {
			parent.Set(e.value, p.parents[i])
		}
	}
}
