package unitofwork

import (
	"database/sql"
	"fmt"
	"reflect"
	"strings"
)

// identify gives the object a key, and returns the row that has it.
func (e *entry) identify(key []any) (identity, error) {
	m := e.model
	if len(key) != m.Keys {
		return identity{}, fmt.Errorf("the key of %s has %d columns, not %d", m.Table, m.Keys, len(key))
	}
	literals := make([]string, m.Keys)
	for i, k := range key {
		c := m.Columns[i]
		if err := assign(c.Field(e.value), k); err != nil {
			return identity{}, fmt.Errorf("the key %s of %s is a %w", c.Name, m.Table, err)
		}
		literal, err := c.Literal(e.value)
		if err != nil {
			return identity{}, fmt.Errorf("the key %s of %s: %w", c.Name, m.Table, err)
		}
		literals[i] = literal
	}
	return identity{m, strings.Join(literals, ", ")}, nil
}

// assign gives a field a value, if nothing of the value is lost by it. The error says what
// the field is, to be read after "the key is a".
func assign(field reflect.Value, k any) error {
	v := reflect.ValueOf(k)
	if !v.IsValid() {
		return fmt.Errorf("%v, and nil is none", field.Type())
	}
	if convert(field, v) {
		return nil
	}
	if scanner, ok := field.Addr().Interface().(sql.Scanner); ok && scanner.Scan(k) == nil {
		return nil
	}
	if number(v.Kind()) && number(indirect(field.Type()).Kind()) {
		return fmt.Errorf("%v, too small for %v", field.Type(), k)
	}
	return fmt.Errorf("%v, not a %T", field.Type(), k)
}

func indirect(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func number(k reflect.Kind) bool { return reflect.Int <= k && k <= reflect.Float64 }

// convert gives a field the value of another, if it can without losing anything: of the
// same type, of the same kind, or a number that fits. A pointer stands for what it
// points at.
func convert(field, from reflect.Value) bool {
	switch {
	case from.Type().AssignableTo(field.Type()):
		field.Set(from)
		return true
	case from.Kind() == reflect.Pointer:
		return !from.IsNil() && convert(field, from.Elem())
	case field.Kind() == reflect.Pointer:
		to := reflect.New(field.Type().Elem())
		if !convert(to.Elem(), from) {
			return false
		}
		field.Set(to)
		return true
	case number(field.Kind()) && number(from.Kind()):
		to := from.Convert(field.Type())
		if back := to.Convert(from.Type()); !back.Equal(from) || negative(to) != negative(from) {
			return false
		}
		field.Set(to)
		return true
	case field.Kind() == from.Kind() && from.CanConvert(field.Type()):
		field.Set(from.Convert(field.Type()))
		return true
	}
	return false
}

func negative(v reflect.Value) bool {
	return v.CanInt() && v.Int() < 0 || v.CanFloat() && v.Float() < 0
}

// alike says whether literals of two columns are of one key, though the types of their
// fields may write it in different ways.
func alike(a, b string) bool { return a == b || canonical(a) == canonical(b) }

// spells says whether a column and the key to which it refers are both text in Go. Nobody
// knows then whether the text is a UUID's, so that another spelling may be another key.
func (e *entry) spells(column int, to *entry, key int) bool { return e.text(column) && to.text(key) }

// text says whether the field of a column is a string, or a pointer to one.
func (e *entry) text(column int) bool {
	field := e.model.Columns[column].Field(reflect.New(e.value.Type()).Elem()) // of an object made for it: an embedded pointer would be set
	return indirect(field.Type()).Kind() == reflect.String
}

// canonical returns a literal without what depends on the type of its field: without quotes,
// and a UUID in lower case without hyphens.
func canonical(literal string) string {
	text, quoted := strings.CutPrefix(literal, "'")
	if !quoted {
		return literal
	}
	text = strings.TrimSuffix(text, "'")
	const digits = 32 // of a UUID
	if len(text) < digits || len(text) > digits+6 {
		return text
	}
	plain := strings.ToLower(strings.NewReplacer("-", "", "{", "", "}", "").Replace(text))
	if len(plain) == digits && strings.Trim(plain, "0123456789abcdef") == "" {
		return plain
	}
	return text
}
