package unitofwork

import (
	"fmt"
	"slices"

	"github.com/unoactor/unoactor/mapping"
)

// todo returns the statement that an object needs, nil if it needs none.
func (s *survey) todo(e *entry) (*task, error) {
	if e.state == buried {
		return nil, nil
	}
	now, wrong := e.literals()
	if wrong != nil {
		return nil, wrong
	}
	t := &task{entry: e, row: e.row, now: now}
	if e.state == pending {
		t.operation, t.row = mapping.Insert, nil
		return t, nil
	}
	if err := e.sameKey(now); err != nil {
		return nil, err
	}
	if e.state == deleting {
		t.operation = mapping.Delete
		return t, nil
	}
	t.operation = mapping.Update
	t.columns = slices.DeleteFunc(differing(now, e.row.literals, e.model.Keys), func(column int) bool { return e.model.Columns[column].Fixed })
	elsewhere, err := s.refersElsewhere(e, now)
	if err != nil || len(t.columns) == 0 && !elsewhere {
		return nil, err
	}
	return t, nil
}

// differing are the columns, from a number on, whose literals are not the same.
func differing(a, b []string, from int) []int {
	var columns []int
	for i := from; i < len(a); i++ {
		if a[i] != b[i] {
			columns = append(columns, i)
		}
	}
	return columns
}

// refersElsewhere says whether a stored object was pointed at another parent, whose key its
// foreign key does not have yet. The error says that its own key would change by it.
func (s *survey) refersElsewhere(e *entry, now []string) (elsewhere bool, err error) {
	for n, p := range e.model.Parents {
		to := s.parentOf(e, n)
		if to == nil || !e.moved(n) {
			continue
		}
		columns, keys := columnsOf(e.model, p.Columns), columnsOf(to.model, p.Keys)
		if columns == nil || keys == nil {
			continue
		}
		for i, column := range columns {
			key, err := to.model.Columns[keys[i]].Literal(to.value)
			if err != nil {
				return false, err
			}
			if alike(now[column], key) && !to.model.Columns[keys[i]].Chosen(to.value) && (now[column] == key || column < e.model.Keys || !e.spells(column, to, keys[i])) {
				continue
			}
			if column < e.model.Keys {
				return false, fmt.Errorf("the object of %s with the key (%s) was given another %v, whose key is a part of its own, %s: delete the object and add another instead",
					e.model.Table, e.key(), p.Type, p.Columns[i])
			}
			elsewhere = true
		}
	}
	return elsewhere, nil
}
