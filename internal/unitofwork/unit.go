package unitofwork

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/unoactor/unoactor/mapping"
)

// Unit is a unit of work: the objects that a session knows, one for each row, and what
// they were when the database was last heard of. The pattern is Martin Fowler's
// (Patterns of Enterprise Application Architecture: Unit of Work, Identity Map). It is
// for one goroutine at a time. A nil Unit knows no objects, and can be told of transactions.
type Unit struct {
	mapper  mapping.Mapper
	objects map[any]*entry      // by pointer
	rows    map[identity]*entry // by key: those that are in the database
	order   []*entry            // in which they came
	levels  []*snapshot         // what it was when each transaction and savepoint began
}

// New makes a unit of work that knows no objects yet.
func New(m mapping.Mapper) *Unit {
	return &Unit{mapper: m, objects: make(map[any]*entry), rows: make(map[identity]*entry)}
}

// entry returns the entry of an object. One that was not known is pending.
func (u *Unit) entry(object any) (*entry, error) {
	e, known, err := u.find(object)
	if err == nil && !known {
		u.know(e)
	}
	return e, err
}

// find returns the entry of an object. If the object is not known, the entry is a new one that
// the unit does not have yet.
func (u *Unit) find(object any) (e *entry, known bool, err error) {
	v := reflect.ValueOf(object)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, false, notAnObject(object, v)
	}
	if e, known := u.objects[object]; known {
		return e, true, nil
	}
	m, err := u.mapper.Model(v.Elem().Type())
	if err != nil {
		return nil, false, err
	}
	return &entry{object: object, value: v.Elem(), model: m}, false, nil
}

// notAnObject returns an error that says why a value can't be an object of a unit of work.
func notAnObject(object any, v reflect.Value) error {
	const want = "give it a pointer to a struct"
	switch t := reflect.TypeOf(object); {
	case t == nil:
		return fmt.Errorf("nil is no object of a unit of work: %s", want)
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct && v.IsNil():
		return fmt.Errorf("a nil %T is no object of a unit of work: %s that is there", object, want)
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		return fmt.Errorf("%T is no object of a unit of work: %s, and many as arguments of their own", object, want)
	case t.Kind() == reflect.Pointer:
		return fmt.Errorf("%T, a pointer to a %v, is no object of a unit of work: %s", object, t.Elem(), want)
	}
	return fmt.Errorf("%T is no object of a unit of work: %s", object, want)
}

// describe is find for an object of which it does not matter whether it is known.
func (u *Unit) describe(object any) (*entry, error) {
	e, _, err := u.find(object)
	return e, err
}

// know adds an entry to those that the unit knows.
func (u *Unit) know(e *entry) {
	u.objects[e.object] = e
	u.order = append(u.order, e)
}

// drop removes an entry from those that the unit knows.
func (u *Unit) drop(e *entry) {
	delete(u.objects, e.object)
	if e.row != nil && u.rows[e.identity()] == e {
		delete(u.rows, e.identity())
	}
	if i := slices.Index(u.order, e); i >= 0 {
		u.order = slices.Delete(u.order, i, i+1)
	}
}
