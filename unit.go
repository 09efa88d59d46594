package unoactor

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// unit is a unit of work: the objects that a session knows, one for each row, and what
// they were when the database was last heard of. The pattern is Martin Fowler's
// (Patterns of Enterprise Application Architecture: Unit of Work, Identity Map).
type unit struct {
	mapper  Mapper
	objects map[any]*entry      // by pointer
	rows    map[identity]*entry // by key: those that are in the database
	order   []*entry            // in which they came
	undo    undo
}

// identity is a row: its type and the literals of its key.
type identity struct {
	model *Model
	key   string
}

type state int8

const (
	pending state = iota // to be inserted
	stored               // in the database as far as is known
	doomed               // to be deleted
	gone                 // deleted, in this transaction
)

// entry is an object that the unit knows.
type entry struct {
	object  any
	value   reflect.Value // the struct
	model   *Model
	state   state
	expired bool
	image   []string      // the literals of its columns as they are stored
	clean   reflect.Value // a shallow copy of the struct as of then
}

// Add has the session insert objects, pointers to structs, with its next flush. Those
// that it has got from the database are written when they were changed, without Add;
// one that was to be deleted is kept.
func (s *Session) Add(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, err := u.entry(object)
		if err == nil && e.state == doomed {
			u.undo.state(e)
			e.state = stored
		}
		return err
	})
}

// Delete has the session delete objects with its next flush. One that was not flushed
// yet is forgotten; one that it does not know is taken to be in the database.
func (s *Session) Delete(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, known := u.objects[object]
		if !known {
			var err error
			if e, err = u.describe(object); err == nil && e.unkeyed() {
				err = fmt.Errorf("delete %s: the object has no key, so it can't be in the database", e.model.Table)
			}
			if err == nil {
				e, err = u.attach(object)
			}
			if err != nil {
				return err
			}
		}
		switch e.state {
		case pending:
			u.forget(e)
		case stored:
			u.undo.state(e)
			e.state = doomed
		}
		return nil
	})
}

// Expunge has the session forget objects: what was changed in them is not written.
func (s *Session) Expunge(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		if e, known := u.objects[object]; known {
			u.forget(e)
		}
		return nil
	})
}

func (s *Session) each(objects []any, do func(*unit, any) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	u, err := s.work()
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := do(u, o); err != nil {
			return err
		}
	}
	return nil
}

// work is the session's unit of work.
func (s *Session) work() (*unit, error) {
	if s.unit == nil {
		if s.config.Mapper == nil {
			return nil, ErrNoMapper
		}
		s.unit = &unit{mapper: s.config.Mapper, objects: make(map[any]*entry), rows: make(map[identity]*entry)}
		s.unit.undo.marks = make([]int, len(s.levels))
	}
	return s.unit, nil
}

// Attach takes an object as it was just read from the database. It returns the object
// that the session has for that row: the one it had before, read again if it was
// expired, or else this one.
func Attach[T any](s *Session, object *T) (*T, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	u, err := s.work()
	if err != nil {
		return nil, err
	}
	e, err := u.attach(object)
	if err != nil {
		return nil, err
	}
	return e.object.(*T), nil
}

// Get is the object with a key: the one that the session has, or else, or if that is
// expired, the one that is read now. The error is [pgx.ErrNoRows] if there is none.
func Get[T any](ctx context.Context, s *Session, key ...any) (*T, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	u, err := s.work()
	if err != nil {
		return nil, err
	}
	object := new(T)
	id, err := u.identify(object, key)
	if err != nil {
		return nil, err
	}
	if e, known := u.rows[id]; known {
		if e.state != stored {
			return nil, fmt.Errorf("%s %s is to be deleted: %w", id.model.Table, id.key, pgx.ErrNoRows)
		}
		if !e.expired {
			return e.object.(*T), nil
		}
		return e.object.(*T), s.read(ctx, e)
	}
	if err := s.fetch(ctx, id.model, object); err != nil {
		return nil, err
	}
	e, err := u.attach(object)
	if err != nil {
		return nil, err
	}
	return e.object.(*T), nil
}

// Refresh reads objects of the session again. What was changed in them and not flushed
// is flushed before if the session flushes of itself, else lost.
func (s *Session) Refresh(ctx context.Context, objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, known := u.objects[object]
		if !known || e.state != stored {
			return fmt.Errorf("refresh %T: the session has no such row: Attach, Get or Add and Flush it first", object)
		}
		return s.read(ctx, e)
	})
}

// Expired says whether an object of the session may be older than its row: it was
// committed, or rolled back, since it was read.
func (s *Session) Expired(object any) bool {
	if s.unit == nil {
		return false
	}
	e, known := s.unit.objects[object]
	return known && e.expired
}

// read reads an entry's row into its object.
func (s *Session) read(ctx context.Context, e *entry) error {
	if err := s.fetch(ctx, e.model, e.object); err != nil {
		return err
	}
	s.unit.undo.image(e)
	e.remember()
	return nil
}

// entry is the one of an object, which is pending if it was not known.
func (u *unit) entry(object any) (*entry, error) {
	if e, known := u.objects[object]; known {
		return e, nil
	}
	e, err := u.describe(object)
	if err != nil {
		return nil, err
	}
	u.know(e)
	u.undo.do(func() { u.drop(e) })
	return e, nil
}

func (u *unit) describe(object any) (*entry, error) {
	v := reflect.ValueOf(object)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("%T is no object of a unit of work: give it a pointer to a struct", object)
	}
	m, err := u.mapper.Model(v.Elem().Type())
	if err != nil {
		return nil, err
	}
	return &entry{object: object, value: v.Elem(), model: m}, nil
}

func (u *unit) know(e *entry) {
	u.objects[e.object] = e
	u.order = append(u.order, e)
}

// forget drops an entry until a rollback.
func (u *unit) forget(e *entry) {
	u.drop(e)
	u.undo.do(func() {
		u.objects[e.object] = e
		u.order = append(u.order, e)
		if e.state != pending {
			u.rows[e.identity()] = e
		}
	})
}

func (u *unit) drop(e *entry) {
	delete(u.objects, e.object)
	if e.image != nil && u.rows[e.identity()] == e {
		delete(u.rows, e.identity())
	}
	if i := slices.Index(u.order, e); i >= 0 {
		u.order = slices.Delete(u.order, i, i+1)
	}
}

// attach takes an object that was read.
func (u *unit) attach(object any) (*entry, error) {
	if e, known := u.objects[object]; known {
		return e, nil
	}
	e, err := u.describe(object)
	if err != nil {
		return nil, err
	}
	e.state = stored
	e.remember()
	former, known := u.rows[e.identity()]
	if !known {
		u.know(e)
		u.rows[e.identity()] = e
		return e, nil
	}
	if former.expired {
		former.value.Set(e.value)
		u.undo.image(former)
		former.remember()
	}
	return former, nil
}

// identify sets the key of an object, and says which row that is.
func (u *unit) identify(object any, key []any) (identity, error) {
	e, err := u.describe(object)
	if err != nil {
		return identity{}, err
	}
	if len(key) != e.model.Keys {
		return identity{}, fmt.Errorf("the key of %s has %d columns, not %d", e.model.Table, e.model.Keys, len(key))
	}
	for i, k := range key {
		field, value := e.model.Columns[i].Field(e.value), reflect.ValueOf(k)
		if !value.IsValid() || !value.CanConvert(field.Type()) || (value.Kind() == reflect.String) != (field.Kind() == reflect.String) {
			return identity{}, fmt.Errorf("the key %s of %s is a %v, not a %T", e.model.Columns[i].Name, e.model.Table, field.Type(), k)
		}
		field.Set(value.Convert(field.Type()))
		if field.Convert(value.Type()).Interface() != k {
			return identity{}, fmt.Errorf("the key %s of %s is a %v, too small for %v", e.model.Columns[i].Name, e.model.Table, field.Type(), k)
		}
	}
	return identity{e.model, strings.Join(e.literals()[:e.model.Keys], ", ")}, nil
}

// identity is the row that the entry was last known to be.
func (e *entry) identity() identity {
	return identity{e.model, strings.Join(e.image[:e.model.Keys], ", ")}
}

func (e *entry) literals() []string {
	all := make([]string, len(e.model.Columns))
	for i, c := range e.model.Columns {
		all[i] = c.Literal(e.value)
	}
	return all
}

// remember takes what is in the object for what is stored.
func (e *entry) remember() {
	e.image, e.expired = e.literals(), false
	e.clean = reflect.New(e.value.Type()).Elem()
	e.clean.Set(e.value)
}

// changed lists the columns whose values are not what is stored.
func (e *entry) changed() ([]string, error) {
	var columns []string
	for i, c := range e.model.Columns {
		if c.Literal(e.value) == e.image[i] {
			continue
		}
		if i < e.model.Keys {
			return nil, fmt.Errorf("the key %s of %s was changed from %s to %s: delete the object and add another instead",
				c.Name, e.model.Table, e.image[i], c.Literal(e.value))
		}
		columns = append(columns, c.Name)
	}
	return columns, nil
}
