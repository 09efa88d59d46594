package mapping

import "reflect"

// Model is how the objects of a type are kept. It is not changed once a [Mapper] has
// returned it, and its address is its identity.
type Model struct {
	Table   string
	Columns []Column // those of the key first
	Keys    int      // how many columns are the key
	Parents []Parent
	// Children are types whose rows refer to rows of this one, as far as this one
	// knows: they are inserted after it, and deleted before it.
	Children []Child
}

// Column is where a field is kept.
type Column struct {
	Name string
	// Field is the field in a struct.
	Field func(reflect.Value) reflect.Value
	// Literal is the field's value in a struct as SQL, or why it can't be written.
	// Two values are the same if their literals are.
	Literal func(reflect.Value) (string, error)
	// Chosen says whether an INSERT of the struct leaves the value to the database.
	Chosen func(reflect.Value) bool
	// Fixed says that an update never changes it.
	Fixed bool
	// Copy is a copy of the field's value in a struct that shares no memory with it,
	// and Set gives the field a copy of such a value. It is the zero reflect.Value
	// where the struct has no place for the field, as behind an embedded nil pointer.
	Copy func(reflect.Value) reflect.Value
	Set  func(reflect.Value, reflect.Value)
}

// Parent is the object that a struct refers to by a foreign key. Pointing it at another
// object changes the key; changing the key by hand does too. Pointing it at its former object
// again, before a flush, is no change: a key that was changed by hand meanwhile stays.
type Parent struct {
	Type    reflect.Type            // of the parent, a struct
	Object  func(reflect.Value) any // a pointer to it, nil if there is none
	Set     func(child reflect.Value, parent any)
	Columns []string // the foreign key
	Keys    []string // what they refer to
}

// Child is a type whose rows refer to those of another.
type Child struct {
	Type    reflect.Type // a struct
	Columns []string     // its foreign key
	Keys    []string     // what they refer to
}
