package unitofwork

import (
	"reflect"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/mapping"
)

// picture is what an object was: as what its columns would be written, and enough to
// make it so again. It shares no memory with the object, and is not changed once taken.
type picture struct {
	literals []string
	values   []reflect.Value
	parents  []any // the objects that it pointed at
	wrong    error // why a column could not be written, nil if all could
}

// unwritable stands for a literal that there is not.
const unwritable = "?"

func (p *picture) key(m *mapping.Model) string { return strings.Join(p.literals[:m.Keys], ", ") }

// picture takes a picture of the object. It is that of its row if they are the same.
func (e *entry) picture() *picture { return e.pictureAfter(e.row) }

// pictureAfter takes a picture of the object, for which it copies only what is not the same
// in a former one, which may be nil. If all is, it returns that.
func (e *entry) pictureAfter(former *picture) *picture {
	literals, wrong := e.literals()
	return e.draw(literals, wrong, former)
}

// draw takes a picture of an object whose literals are known.
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

// become makes the object's columns, and whom it points at, what they were in a
// picture. What is the same already is left alone.
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
