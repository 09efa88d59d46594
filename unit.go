package unoactor

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"slices"

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
	levels  []*snapshot         // what it was when each transaction and savepoint began
}

// Add has the session insert objects, pointers to structs, with its next flush. Those
// that it has got from the database are written when they were changed, without Add.
// One that was to be deleted is kept; one that was deleted is inserted again. An object
// with the key of one that is deleted in the same flush takes over its row, by an update.
func (s *Session) Add(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, err := u.entry(object)
		if err != nil {
			return err
		}
		switch e.state {
		case doomed:
			e.state = stored
		case gone:
			e.state, e.row = pending, nil
		}
		return nil
	})
}

// Delete has the session delete objects with its next flush. One that was not flushed
// yet is forgotten; one that it does not know is taken to be in the database.
func (s *Session) Delete(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, known, err := u.find(object)
		if err != nil {
			return err
		}
		if !known {
			if e.unkeyed() {
				return fmt.Errorf("delete %s: the object has no key, so it can't be in the database", e.model.Table)
			}
			if e, err = u.attach(e); err != nil {
				return err
			}
		}
		switch e.state {
		case pending:
			u.drop(e)
		case stored:
			e.state = doomed
		}
		return nil
	})
}

// Expunge has the session forget objects: what was changed in them is not written. A
// rollback has those that were known when its transaction began known again.
func (s *Session) Expunge(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, known, err := u.find(object)
		if known {
			u.drop(e)
		}
		return err
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
		for range s.levels {
			s.unit.begun(nil, false)
		}
	}
	return s.unit, nil
}

// Mapper is what maps the session's objects to tables, nil if there is none.
func (s *Session) Mapper() Mapper { return s.config.Mapper }

// Attach takes an object as it was just read from the database. It returns the object
// that the session has for that row: the one it had before, or else this one. If the
// one it had was expired it gets the values that were read, but for those that were
// changed in it and not flushed yet.
func Attach[T any](s *Session, object *T) (*T, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	u, err := s.work()
	if err != nil {
		return nil, err
	}
	e, known, err := u.find(object)
	if err == nil && !known {
		e, err = u.attach(e)
	}
	if err != nil {
		return nil, err
	}
	return e.object.(*T), nil
}

// Get is the object with a key: the one that the session has, or else the one that is
// read now. One that is expired is read again; what was changed in it and not flushed
// stays. The error is [pgx.ErrNoRows] if there is none.
func Get[T any](ctx context.Context, s *Session, key ...any) (*T, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	u, err := s.work()
	if err != nil {
		return nil, err
	}
	e, err := u.describe(new(T))
	if err != nil {
		return nil, err
	}
	id, err := e.identify(key)
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
		return e.object.(*T), s.read(ctx, e, true)
	}
	row, err := s.fetch(ctx, e, id.key)
	if err != nil {
		return nil, err
	}
	if err = u.scan(e, row); err == nil {
		e, err = u.attach(e)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id.model.Table, err)
	}
	return e.object.(*T), nil
}

// Refresh reads objects of the session again. What was changed in them and not flushed
// is flushed before if the session flushes of itself, else lost.
func (s *Session) Refresh(ctx context.Context, objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, known, err := u.find(object)
		if err != nil {
			return err
		}
		if !known || e.state != stored {
			return fmt.Errorf("refresh %T: the session has no such row: Attach, Get or Add and Flush it first", object)
		}
		return s.read(ctx, e, false)
	})
}

// Expired says whether an object of the session may be older than its row: it was
// committed, or rolled back, since it was read.
func (s *Session) Expired(object any) bool {
	if s.unit == nil {
		return false
	}
	e, known, _ := s.unit.find(object)
	return known && e.expired
}

// read reads an entry's row into its object, all of it or all but what was changed in
// it since.
func (s *Session) read(ctx context.Context, e *entry, keep bool) error {
	now, wrong := e.literals()
	if wrong != nil {
		return fmt.Errorf("read %s: %w", e.model.Table, wrong)
	}
	if err := e.sameKey(now); err != nil {
		return fmt.Errorf("read %s: %w", e.model.Table, err)
	}
	row, err := s.fetch(ctx, e, e.key())
	if err != nil {
		return err
	}
	u := s.unit
	if mine := e.mine(); keep && len(mine) > 0 {
		fresh, err := u.describe(reflect.New(e.value.Type()).Interface())
		if err == nil {
			err = u.scan(fresh, row)
		}
		if err == nil {
			e.take(fresh, mine)
		}
		return err
	}
	if err := u.scan(e, row); err != nil {
		return fmt.Errorf("read %s: %w", e.model.Table, err)
	}
	e.remember()
	return nil
}

// scan gives an object all columns of a row.
func (u *unit) scan(e *entry, row []driver.Value) error {
	names := make([]string, len(e.model.Columns))
	for i, c := range e.model.Columns {
		names[i] = c.Name
	}
	return u.mapper.Scan(e.object, names, row)
}

// entry is the one of an object, which is pending if it was not known.
func (u *unit) entry(object any) (*entry, error) {
	e, known, err := u.find(object)
	if err == nil && !known {
		u.know(e)
	}
	return e, err
}

// find is the entry of an object. If it is not known the unit does not have it yet.
func (u *unit) find(object any) (e *entry, known bool, err error) {
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
func (u *unit) describe(object any) (*entry, error) {
	e, _, err := u.find(object)
	return e, err
}

func (u *unit) know(e *entry) {
	u.objects[e.object] = e
	u.order = append(u.order, e)
}

func (u *unit) drop(e *entry) {
	delete(u.objects, e.object)
	if e.row != nil && u.rows[e.identity()] == e {
		delete(u.rows, e.identity())
	}
	if i := slices.Index(u.order, e); i >= 0 {
		u.order = slices.Delete(u.order, i, i+1)
	}
}

// attach takes the entry of an object that was read and is not known, and returns that
// of its row.
func (u *unit) attach(e *entry) (*entry, error) {
	e.state = stored
	if e.remember(); e.row.wrong != nil {
		return nil, e.row.wrong
	}
	e.read = e.row
	former, known := u.rows[e.identity()]
	if !known {
		u.know(e)
		u.rows[e.identity()] = e
		return e, nil
	}
	if former.expired && former.state == stored {
		former.take(e, former.mine())
	}
	return former, nil
}

// take gives an object what was read into another one for the same row: all but its own
// changes. What is no column is taken if it is there.
func (e *entry) take(fresh *entry, mine []int) {
	own := make([]reflect.Value, len(mine))
	for i, column := range mine {
		own[i] = e.model.Columns[column].Copy(e.value)
	}
	for i := range e.value.NumField() {
		if to, from := e.value.Field(i), fresh.value.Field(i); to.CanSet() && !from.IsZero() {
			to.Set(from)
		}
	}
	fresh.row = nil
	row := fresh.look()
	for i, c := range e.model.Columns {
		c.Set(e.value, row.values[i])
	}
	row.parents = e.parents()
	for i, column := range mine {
		e.model.Columns[column].Set(e.value, own[i])
	}
	e.row, e.expired = row, false
}
