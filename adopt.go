package unoactor

import (
	"slices"
)

// adopt takes up the new objects that objects of the unit refer to.
func (u *unit) adopt() error {
	for i := 0; i < len(u.order); i++ { // it grows
		e := u.order[i]
		if e.state != pending && e.state != stored {
			continue
		}
		for _, p := range e.model.Parents {
			object := p.Object(e.value)
			if object == nil || u.objects[object] != nil {
				continue
			}
			other, err := u.describe(object)
			if err != nil {
				return err
			}
			if u.isNew(other, 0) {
				u.know(other)
			}
		}
	}
	return nil
}

// deepest is how many parents of parents are asked for the key of an object.
const deepest = 20

// isNew says whether an object that is not known can't have a row: it has no key, or a
// part of its key is that of a parent that is new or another one.
func (u *unit) isNew(e *entry, depth int) bool {
	if e.unkeyed() {
		return true
	}
	for n, p := range e.model.Parents {
		columns := e.model.at(p.Columns)
		to := u.parentOf(e, n)
		if depth == deepest || to == nil || columns == nil || slices.Min(columns) >= e.model.Keys {
			continue
		}
		if to.state == pending && (u.objects[to.object] == to || u.isNew(to, depth+1)) {
			return true
		}
		for i, key := range to.model.at(p.Keys) {
			own, _ := e.model.Columns[columns[i]].Literal(e.value)
			if theirs, _ := to.model.Columns[key].Literal(to.value); columns[i] < e.model.Keys && !alike(own, theirs) {
				return true
			}
		}
	}
	return false
}

// parentOf is the entry of the parent that an object points at. One that the unit does
// not know is described, for it has a key.
func (u *unit) parentOf(e *entry, parent int) *entry {
	object := e.model.Parents[parent].Object(e.value)
	if object == nil {
		return nil
	}
	to, err := u.describe(object)
	if err != nil {
		return nil // adopt has described it before
	}
	return to
}
