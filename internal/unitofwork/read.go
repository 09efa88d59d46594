package unitofwork

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"
)

// Reading is a row that is to be read into an object.
type Reading struct {
	unit  *Unit
	entry *entry
	key   string
	found bool // the unit knows the object, so it has a row to compare with
	keep  bool // what was changed in it and not flushed stays
	done  bool // there is nothing to read
}

// Seek looks for the object with a key. If it is not known, object is to be read: a
// pointer to a zero struct, which is given the key. One that is known and expired is to be
// read again, all but what was changed in it and not flushed. The error is [pgx.ErrNoRows]
// if the object is to be deleted.
func (u *Unit) Seek(object any, key []any) (Reading, error) {
	e, err := u.describe(object)
	if err != nil {
		return Reading{}, err
	}
	id, err := e.identify(key)
	if err != nil {
		return Reading{}, err
	}
	known, found := u.rows[id]
	switch {
	case !found:
		return Reading{unit: u, entry: e, key: id.key}, nil
	case known.state != stored:
		return Reading{}, fmt.Errorf("%s %s is to be deleted: %w", id.model.Table, id.key, pgx.ErrNoRows)
	case !known.expired:
		return Reading{unit: u, entry: known, key: id.key, found: true, done: true}, nil
	}
	return u.again(known, true)
}

// Again returns the reading of an object that is known. It loses what was changed in the
// object and not flushed.
func (u *Unit) Again(object any) (Reading, error) {
	e, known, err := u.find(object)
	if err != nil {
		return Reading{}, err
	}
	if !known || e.state != stored {
		return Reading{}, fmt.Errorf("refresh %T: the session has no such row: Attach, Get or Add and Flush it first", object)
	}
	return u.again(e, false)
}

func (u *Unit) again(e *entry, keep bool) (Reading, error) {
	now, wrong := e.literals()
	if wrong == nil {
		wrong = e.sameKey(now)
	}
	if wrong != nil {
		return Reading{}, fmt.Errorf("read %s: %w", e.model.Table, wrong)
	}
	return Reading{unit: u, entry: e, key: e.key(), found: true, keep: keep}, nil
}

// Done says whether there is nothing to read.
func (r Reading) Done() bool { return r.done }

// Object is the object that there is without reading.
func (r Reading) Object() any { return r.entry.object }

// String is the table and the key of the row, for errors.
func (r Reading) String() string { return fmt.Sprintf("%s (%s)", r.entry.model.Table, r.key) }

// Fetch reads the row. It changes no object.
func (r Reading) Fetch(ctx context.Context, b Backend) ([]driver.Value, error) {
	return r.unit.fetch(ctx, b, r.entry)
}

// Take gives the object what was fetched, and returns the one that is known for the row.
func (r Reading) Take(row []driver.Value) (any, error) {
	e, err := r.take(row)
	if err != nil {
		return nil, err
	}
	return e.object, nil
}

func (r Reading) take(row []driver.Value) (e *entry, err error) {
	u, e := r.unit, r.entry
	if mine := r.mine(); len(mine) > 0 {
		fresh, err := u.describe(reflect.New(e.value.Type()).Interface())
		if err == nil {
			err = u.scan(fresh, row)
		}
		if err == nil {
			e.take(fresh, mine)
		}
		return e, err
	}
	if err = u.scan(e, row); err == nil && !r.found {
		e, err = u.attach(e)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.entry.model.Table, err)
	}
	if r.found {
		e.remember()
	}
	return e, nil
}

// mine are the columns of the object that what was fetched does not replace.
func (r Reading) mine() []int {
	if !r.keep {
		return nil
	}
	return r.entry.mine()
}

// scan gives an object all columns of a row.
func (u *Unit) scan(e *entry, row []driver.Value) error {
	names := make([]string, len(e.model.Columns))
	for i, c := range e.model.Columns {
		names[i] = c.Name
	}
	return u.mapper.Scan(e.object, names, row)
}

// take gives an object what was read into another one for the same row, except in the columns
// that are its own changes. A field that is no column is taken if it is not zero.
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
	row := fresh.picture()
	for i, c := range e.model.Columns {
		c.Set(e.value, row.values[i])
	}
	row.parents = e.parents()
	for i, column := range mine {
		e.model.Columns[column].Set(e.value, own[i])
	}
	e.row, e.expired = row, false
}
