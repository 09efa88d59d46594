package unoactor

import (
	"errors"

	"github.com/unoactor/unoactor/mapping"
)

// The language of mappers, as package mapping has it.
type (
	// Mapper knows how objects are kept in tables, and writes the SQL for it.
	Mapper = mapping.Mapper
	// Model is how the objects of a type are kept.
	Model = mapping.Model
	// Column is where a field is kept.
	Column = mapping.Column
	// Parent is the object that a struct refers to by a foreign key.
	Parent = mapping.Parent
	// Child is a type whose rows refer to those of another.
	Child = mapping.Child
	// Operation is what a statement is to do.
	Operation = mapping.Operation
	// Statement is a statement about one object, which a mapper writes.
	Statement = mapping.Statement
	// StaleObjectError is an object whose statement found no row.
	StaleObjectError = mapping.StaleObjectError
)

// The operations.
const (
	OpInsert = mapping.Insert
	OpUpdate = mapping.Update
	OpDelete = mapping.Delete
	OpSelect = mapping.Select
)

// ErrNoMapper is an object given to a session that has no [Mapper].
var ErrNoMapper = errors.New("the session has no mapper for objects: give SessionConfig.Mapper one, such as that of adapters/unobun")
