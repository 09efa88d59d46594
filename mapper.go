package unoactor

import (
	"context"
	"database/sql/driver"
	"errors"
	"reflect"
)

// Mapper knows how objects are kept in tables, and writes the SQL for it. The unit of
// work decides what is to be done, and in which order. It is safe for concurrent use.
type Mapper interface {
	// Model describes a struct type. It is asked often and should remember.
	Model(reflect.Type) (*Model, error)
	// SQL writes one statement without arguments.
	SQL(context.Context, Statement) (sql string, err error)
	// Scan sets columns of an object, a pointer to a struct, from what came from
	// the database.
	Scan(object any, columns []string, row []driver.Value) error
}

// Model is how the objects of a type are kept.
type Model struct {
	Table   string
	Columns []Column // those of the key first
	Keys    int      // how many columns are the key
	Parents []Parent
	// Children are types whose rows refer to rows of this one, as far as this one
	// knows: they are inserted after it.
	Children []reflect.Type
}

// Column is where a field is kept.
type Column struct {
	Name string
	Type string // of SQL, to cast to
	// Field is the field in a struct.
	Field func(reflect.Value) reflect.Value
	// Literal is the field's value as SQL; two values are the same if their
	// literals are.
	Literal func(reflect.Value) string
	// Chosen says whether an INSERT of the struct leaves the value to the database.
	Chosen func(reflect.Value) bool
}

// Parent is the object that a struct refers to by a foreign key. Pointing it at another
// object changes the key; changing the key by hand does too.
type Parent struct {
	Type    reflect.Type            // of the parent, a struct
	Object  func(reflect.Value) any // a pointer to it, nil if there is none
	Columns []string                // the foreign key
	Keys    []string                // what they refer to
}

// Operation is what a statement is to do.
type Operation string

// The operations.
const (
	OpInsert Operation = "insert"
	OpUpdate Operation = "update"
	OpDelete Operation = "delete"
	OpSelect Operation = "select" // all columns, in the order of the model
)

// Statement is about one object, found by its key unless it is inserted.
type Statement struct {
	Operation Operation
	Object    any      // a pointer to a struct
	Columns   []string // what an update sets
	// Instead are SQL expressions for columns whose value the object does not have yet.
	Instead   map[string]string
	Returning []string // SQL expressions
}

// ErrNoMapper is an object given to a session that has no [Mapper].
var ErrNoMapper = errors.New("the session has no mapper for objects: give SessionConfig.Mapper one, such as that of adapters/unobun")
