package unitofwork

import (
	"fmt"
	"reflect"

	"github.com/unoactor/unoactor/mapping"
)

type state int8

const (
	pending state = iota // to be inserted
	stored               // in the database as far as is known
	doomed               // to be deleted
	buried               // deleted, in this transaction
)

// entry is an object that the unit knows.
type entry struct {
	object  any
	value   reflect.Value // the struct
	model   *mapping.Model
	state   state
	expired bool
	row     *picture // what its row was when it was last heard of, nil if it has none
	read    *picture // what it was when it came to be known by being read, nil if it was added
	given   given    // what flushes have set in it since the transaction began
}

// identity is a row: its type and the literals of its key.
type identity struct {
	model *mapping.Model
	key   string
}

// given are values of columns, by their number, from before a flush set them.
type given map[int]reflect.Value

// literals are what the object's columns would be written as now. The one of a value
// that can't be written is not a literal.
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

// remember takes what is in the object for what is stored.
func (e *entry) remember() { e.row, e.expired = e.picture(), false }

// identity is the row that the entry was last known to be.
func (e *entry) identity() identity { return identity{e.model, e.key()} }

// key is that of the row, as SQL.
func (e *entry) key() string { return e.row.key(e.model) }

// unkeyed says whether an object has no key yet, so that it can't have a row.
func (e *entry) unkeyed() bool {
	for _, c := range e.model.Columns[:e.model.Keys] {
		if c.Chosen(e.value) {
			return true
		}
	}
	return false
}

// moved says whether an object was given a parent since its row was last known. Where
// it was not, its foreign key says which one it has.
func (e *entry) moved(parent int) bool {
	return e.state != stored || e.model.Parents[parent].Object(e.value) != e.row.parents[parent]
}

// mine are the columns whose values were changed since the row was last known.
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

// sameKey is an error if the object's key is not the row's any more.
func (e *entry) sameKey(now []string) error {
	for i, c := range e.model.Columns[:e.model.Keys] {
		if now[i] != e.row.literals[i] {
			return fmt.Errorf("the key %s of %s was changed from %s to %s: delete the object and add another instead",
				c.Name, e.model.Table, e.row.literals[i], now[i])
		}
	}
	return nil
}
