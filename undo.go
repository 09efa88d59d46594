package unoactor

import "reflect"

// undo is what a rollback does to a unit of work: the objects are again what they were
// when the transaction, or the savepoint, began.
type undo struct {
	steps []func()
	marks []int // where each level begins
}

func (u *undo) do(step func()) { u.steps = append(u.steps, step) }

// state has a rollback restore an entry's state.
func (u *undo) state(e *entry) {
	before := e.state
	u.do(func() { e.state = before })
}

// image has a rollback restore what an entry's row was, and its object with it.
func (u *undo) image(e *entry) {
	image, clean := e.image, e.clean
	u.do(func() {
		e.image, e.clean, e.expired = image, clean, true
		e.restore()
	})
}

// field has a rollback restore a field of an object.
func (u *undo) field(f reflect.Value) {
	before := reflect.New(f.Type()).Elem()
	before.Set(f)
	u.do(func() { f.Set(before) })
}

// back undoes all steps after the first n.
func (u *undo) back(n int) {
	for len(u.steps) > n {
		last := u.steps[len(u.steps)-1]
		u.steps = u.steps[:len(u.steps)-1]
		last()
	}
}

// begun takes note of a level's begin.
func (u *unit) begun(int) { u.undo.marks = append(u.undo.marks, len(u.undo.steps)) }

// rolledBack undoes what was done in the levels above depth.
func (u *unit) rolledBack(depth int) {
	if len(u.undo.marks) <= depth {
		return
	}
	u.undo.back(u.undo.marks[depth])
	u.undo.marks = u.undo.marks[:depth]
	for _, e := range u.order {
		if e.state == stored {
			e.expired = true
			e.restore()
		}
	}
}

// committed keeps what was done, for good if that was the outermost level.
func (u *unit) committed(depth int, expire bool) {
	u.undo.marks = u.undo.marks[:depth]
	if depth > 0 {
		return
	}
	u.settle()
	for _, e := range u.order {
		e.expired = e.expired || expire && e.state == stored
	}
}

// settle forgets what can't be undone any more.
func (u *unit) settle() {
	u.undo.steps = nil
	for _, e := range append([]*entry(nil), u.order...) {
		if e.state == gone {
			u.drop(e)
		}
	}
}

// restore makes an object what it was when its row was last known, if a column is not
// what is stored, or it was given another parent. What a field refers to, as a map, is
// not copied: a change within stays.
func (e *entry) restore() {
	if e.image == nil {
		return
	}
	for i, c := range e.model.Columns {
		if c.Literal(e.value) != e.image[i] {
			e.value.Set(e.clean)
			return
		}
	}
	for _, p := range e.model.Parents {
		if e.moved(p) {
			e.value.Set(e.clean)
			return
		}
	}
}
