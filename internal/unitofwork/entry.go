package unitofwork

import (
	"fmt"
	"reflect"

	"github.com/unoactor/unoactor/mapping"
)

// state is what the unit of work knows, or is to do, about an object's row.
type state int8

const (
	pending  state = iota // the row is to be inserted
	stored                // the row is in the database, as far as is known
	deleting              // the row is to be deleted
	buried                // the row was deleted, in this transaction
)

// entry is an object that the unit knows.
type entry struct {
	object  any
	value   reflect.Value // the struct
	model   *mapping.Model
	state   state
	expired bool     // the row may have been changed since
	row     *picture // of the row when the database last told of it, nil if there is none
	read    *picture // of the object when it was attached, nil if it was added
	given   given    // what flushes have set in the object since the transaction began
}

// identity is a row: its type and the literals of its key.
type identity struct {
	model *mapping.Model
	key   string
}

// given are values of columns, by their number, from before a flush set them.
type given map[int]reflect.Value

// literals are what the object's columns would be written as now. In the place of a value
// that can't be written there is [unwritable], and wrong says why for the first of them.
func (e *entry) literals() (all []string, wrong error) {
	all = make([]string, len(e.model.Columns))
	for i, c := range e.model.Columns {
		literal, err := c.Literal(e.value)
		if err != nil {
			literal = unwritable
			if wrong == nil {
				wrong = fmt.Errorf("column %s of %s: %w", c.Name, e.model.Table, err)
			}
		}
		all[i] = literal
	}
	return all, wrong
}

// parents are the objects that the object points at, by the number of the reference.
func (e *entry) parents() []any {
	if len(e.model.Parents) == 0 {
		return nil
	}
	all := make([]any, len(e.model.Parents))
	for i, p := range e.model.Parents {
		all[i] = p.Object(e.value)
	}
	return all
}

// remember notes that the row is now what the object is.
func (e *entry) remember() { e.row, e.expired = e.picture(), false }

// identity says which row the object was last known to have.
func (e *entry) identity() identity { return identity{e.model, e.key()} }

// key is the key of the row, as SQL.
func (e *entry) key() string { return e.row.key(e.model) }

// unkeyed says whether the database is to choose a part of the object's key, so that the
// object can't have a row yet.
func (e *entry) unkeyed() bool {
	for _, c := range e.model.Columns[:e.model.Keys] {
		if c.Chosen(e.value) {
			return true
		}
	}
	return false
}

// moved says whether the object was pointed at another parent since its row was last known.
// If it was not, its foreign key says which parent it has.
func (e *entry) moved(parent int) bool {
	return e.state != stored || e.model.Parents[parent].Object(e.value) != e.row.parents[parent]
}

// mine are the columns that the program has changed since the row was last known.
func (e *entry) mine() []int {
	var columns []int
	now, _ := e.literals()
	for i := range now {
		if now[i] != e.row.literals[i] {
			columns = append(columns, i)
		}
	}
	return columns
}

// sameKey returns an error if the object's key is not the row's any more.
func (e *entry) sameKey(now []string) error {
	for i, c := range e.model.Columns[:e.model.Keys] {
		if now[i] != e.row.literals[i] {
			return fmt.Errorf("the key %s of %s was changed from %s to %s: delete the object and add another instead",
				c.Name, e.model.Table, e.row.literals[i], now[i])
		}
	}
	return nil
}
