package mapping

import (
	"context"
	"database/sql/driver"
	"reflect"
)

// Mapper knows how objects are kept in tables, and writes the SQL for it. The unit of
// work decides what is to be done, and in which order. It is safe for concurrent use.
type Mapper interface {
	// Model describes a struct type. It is asked often and should remember.
	Model(reflect.Type) (*Model, error)
	// SQL writes one statement without arguments, as it is read where
	// standard_conforming_strings is on. A value that can't be written is an error,
	// not a part of the statement. The columns of an update are at least those that
	// the statement names.
	SQL(context.Context, Statement) (sql string, err error)
	// Scan replaces columns of an object, a pointer to a struct, with what came from
	// the database: nothing of the former values is kept in the new ones. If one can't
	// be set, none is.
	Scan(object any, columns []string, row []driver.Value) error
}

// Operation is what a statement is to do.
type Operation string

// The operations.
const (
	Insert Operation = "insert"
	Update Operation = "update"
	Delete Operation = "delete"
	Select Operation = "select" // all columns, in the order of the model
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
