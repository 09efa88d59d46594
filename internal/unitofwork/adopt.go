package unitofwork

import "slices"

// survey is what a unit knows and what it is about to know, while a plan is made.
type survey struct {
	unit    *Unit          // is only read
	adopted []*entry       // the new objects that known ones refer to
	found   map[any]*entry // the same by pointer, nil if there are none
}

// known are the entries of all objects, in the order in which they came.
func (s *survey) known() []*entry {
	if len(s.adopted) == 0 {
		return s.unit.order
	}
	return slices.Concat(s.unit.order, s.adopted)
}

// entry is that of an object that is known, or is about to be; nil if there is none.
func (s *survey) entry(object any) *entry {
	if e := s.unit.objects[object]; e != nil {
		return e
	}
	return s.found[object]
}

// adopt finds the new objects that known ones refer to.
func (s *survey) adopt() error {
	for _, e := range s.unit.order {
		if err := s.adoptParents(e); err != nil {
			return err
		}
	}
	for i := 0; i < len(s.adopted); i++ { // it grows
		if err := s.adoptParents(s.adopted[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *survey) adoptParents(e *entry) error {
	if e.state != pending && e.state != stored {
		return nil
	}
	for _, p := range e.model.Parents {
		object := p.Object(e.value)
		if object == nil || s.entry(object) != nil {
			continue
		}
		other, err := s.unit.describe(object)
		if err != nil {
			return err
		}
		if s.isNew(other, 0) {
			if s.found == nil {
				s.found = make(map[any]*entry)
			}
			s.found[object] = other
			s.adopted = append(s.adopted, other)
		}
	}
	return nil
}

// deepest is how many parents of parents isNew asks for their keys: they may point at each
// other in a circle.
const deepest = 20

// isNew says whether an object that is not known can't have a row: it has no key, or the part
// of its key that refers to a parent is not the parent's key, or is that of a new parent.
func (s *survey) isNew(e *entry, depth int) bool {
	if e.unkeyed() {
		return true
	}
	for n, p := range e.model.Parents {
		columns := columnsOf(e.model, p.Columns)
		to := s.parentOf(e, n)
		if depth == deepest || to == nil || columns == nil || slices.Min(columns) >= e.model.Keys {
			continue
		}
		if to.state == pending && (s.entry(to.object) == to || s.isNew(to, depth+1)) {
			return true
		}
		for i, key := range columnsOf(to.model, p.Keys) {
			own, _ := e.model.Columns[columns[i]].Literal(e.value)
			if theirs, _ := to.model.Columns[key].Literal(to.value); columns[i] < e.model.Keys && !alike(own, theirs) {
				return true
			}
		}
	}
	return false
}

// parentOf is the entry of the parent that an object points at. One that is not known is
// described, for it has a key.
func (s *survey) parentOf(e *entry, parent int) *entry {
	object := e.model.Parents[parent].Object(e.value)
	if object == nil {
		return nil
	}
	if to := s.entry(object); to != nil {
		return to
	}
	to, err := s.unit.describe(object)
	if err != nil {
		return nil // adopt has described it before
	}
	return to
}
