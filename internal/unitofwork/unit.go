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

// entry is the one of an object, which is pending if it was not known.
func (u *Unit) entry(object any) (*entry, error) {
	e, known, err := u.find(object)
	if err == nil && !known {
		u.know(e)
	}
	return e, err
}

// find is the entry of an object. If it is not known the unit does not have it yet.
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

// notAnObject says what is wrong with what was given as an object.
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

// describe is the entry of an object that is not known.
func (u *Unit) describe(object any) (*entry, error) {
	e, _, err := u.find(object)
	return e, err
}

func (u *Unit) know(e *entry) {
	u.objects[e.object] = e
	u.order = append(u.order, e)
}

func (u *Unit) drop(e *entry) {
	delete(u.objects, e.object)
	if e.row != nil && u.rows[e.identity()] == e {
		delete(u.rows, e.identity())
	}
	if i := slices.Index(u.order, e); i >= 0 {
		u.order = slices.Delete(u.order, i, i+1)
	}
}
