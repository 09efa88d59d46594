package unobun

import (
	"reflect"
	"time"

	"github.com/huandu/go-clone"
)

// copier makes copies of the values of a type that share no memory with them.
func copier(t reflect.Type) func(reflect.Value) reflect.Value {
	switch {
	case plain(t):
		return assigned
	case t.Kind() == reflect.Slice && plain(t.Elem()):
		return func(v reflect.Value) reflect.Value {
			if v.IsNil() {
				return reflect.Zero(t)
			}
			c := reflect.MakeSlice(t, v.Len(), v.Len())
			reflect.Copy(c, v)
			return c
		}
	case t.Kind() == reflect.Pointer && plain(t.Elem()):
		return func(v reflect.Value) reflect.Value {
			if v.IsNil() {
				return reflect.Zero(t)
			}
			c := reflect.New(t.Elem())
			c.Elem().Set(v.Elem())
			return c
		}
	}
	return cloned
}

// assigned is a copy by assignment.
func assigned(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

// cloned is a deep copy, also of what is not exported and of what refers to itself.
func cloned(v reflect.Value) (c reflect.Value) {
	defer func() {
		if recover() != nil { // the library can't: what is within is then shared
			c = assigned(v)
		}
	}()
	c = reflect.New(v.Type()).Elem()
	if copied := reflect.ValueOf(clone.Slowly(v.Interface())); copied.IsValid() {
		c.Set(copied)
	}
	return c
}

// plain says whether an assignment copies all of a value.
func plain(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Time]() {
		return true // its location is never changed
	}
	if t.PkgPath() == "sync" || t.PkgPath() == "sync/atomic" {
		return false
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return true
	case reflect.Array:
		return plain(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !plain(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return false
}
