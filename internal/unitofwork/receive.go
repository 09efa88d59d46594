package unitofwork

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/unoactor/unoactor/mapping"
)

// receive reads the answer to a task's statement, and gives the object what the database chose.
func (t *task) receive(u *Unit, types *pgtype.Map, r *pgconn.ResultReader) (pgconn.CommandTag, error) {
	names := make([]string, len(t.returned))
	for i, at := range t.returned {
		names[i] = t.entry.model.Columns[at].Name
	}
	var failed error
	for r.NextRow() {
		if failed != nil || len(names) == 0 {
			continue
		}
		row, err := decode(types, len(names), r.FieldDescriptions(), r.Values())
		if err == nil {
			err = u.mapper.Scan(t.entry.object, names, row)
		}
		failed = err
	}
	tag, err := r.Close()
	switch {
	case err != nil:
		return tag, err
	case failed == nil && tag.RowsAffected() == 0:
		stale := &mapping.StaleObjectError{Operation: t.operation, Table: t.entry.model.Table}
		if t.row != nil {
			stale.Key = t.row.key(t.entry.model)
		}
		return tag, stale
	case failed == nil && tag.RowsAffected() > 1 && t.row != nil:
		failed = fmt.Errorf("%d rows have the key (%s): it is no key of the table", tag.RowsAffected(), t.row.key(t.entry.model))
	}
	return tag, failed
}

// done notes that a task's statement has succeeded.
func (t *task) done(u *Unit) {
	e := t.entry
	if t.operation == mapping.Delete {
		u.bury(e)
		return
	}
	if t.replaces != nil {
		u.bury(t.replaces)
	}
	e.state = stored
	e.row, e.expired = e.pictureAfter(t.before), false
	u.rows[e.identity()] = e
	for _, column := range differing(t.before.literals, e.row.literals, 0) {
		if _, known := e.given[column]; !known {
			if e.given == nil {
				e.given = make(given)
			}
			e.given[column] = t.before.values[column]
		}
	}
}

// bury notes that an entry's row is deleted.
func (u *Unit) bury(e *entry) {
	e.state = buried
	if u.rows[e.identity()] == e {
		delete(u.rows, e.identity())
	}
}
