package unoactor

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
)

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
