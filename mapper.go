package unoactor

import (
	"errors"

	"github.com/unoactor/unoactor/mapping"
)

// What a program that has a mapper of its own needs of package mapping.
type (
	// Mapper is [mapping.Mapper].
	Mapper = mapping.Mapper
	// Model is [mapping.Model].
	Model = mapping.Model
	// Column is [mapping.Column].
	Column = mapping.Column
	// Parent is [mapping.Parent].
	Parent = mapping.Parent
	// Child is [mapping.Child].
	Child = mapping.Child
	// Operation is [mapping.Operation].
	Operation = mapping.Operation
	// Statement is [mapping.Statement].
	Statement = mapping.Statement
	// StaleObjectError is [mapping.StaleObjectError].
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
