package unobun

import (
	"cmp"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/schema"
)

var (
	errNotUTF8 = errors.New("the text is not UTF-8, and PostgreSQL keeps no other: convert it, or keep it as []byte in a bytea")
	errNUL     = errors.New("the text has a byte 0 in it, which PostgreSQL can't keep in text: remove it, or keep it as []byte in a bytea")
)

var (
	valuerType   = reflect.TypeFor[driver.Valuer]()
	appenderType = reflect.TypeFor[schema.QueryAppender]()
)

// scratches are where literals are written before they are strings. One in which a value
// panicked is not used again.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

const largestScratch = 4 << 10

// literal is the value of a struct's field as SQL, or why it can't be written.
func literal(gen schema.QueryGen, f *schema.Field, v reflect.Value) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its value panics when it is written: %v", p)
		}
	}()
	scratch := scratches.Get().(*[]byte)
	written := f.AppendValue(gen, (*scratch)[:0], v)
	text = string(written)
	if cap(written) <= largestScratch {
		*scratch = written
		scratches.Put(scratch)
	}
	field, absent := v.FieldByIndexErr(f.Index)
	if absent != nil {
		return text, nil
	}
	if wrong, failed := strings.CutPrefix(text, errorMark); failed {
		if err := cmp.Or(valuerError(field), elements(field)); err != nil {
			return "", err
		}
		for _, known := range []error{errNotUTF8, errNUL} {
			if strings.Contains(wrong, known.Error()) {
				return "", known
			}
		}
		return "", errors.New(strings.TrimSuffix(wrong, ")"))
	}
	if (strings.Contains(text, `\ufffd`) || strings.ContainsRune(text, utf8.RuneError)) && !sound(field, 0) {
		return "", errNotUTF8 // encoding/json has replaced it
	}
	if !whole(text) && !field.Type().Implements(appenderType) && !reflect.PointerTo(field.Type()).Implements(appenderType) {
		return "", fmt.Errorf("bun can't write a %v as %s: give it a type that is a driver.Valuer", field.Type(), f.UserSQLType)
	}
	return text, nil
}

// errorMark begins what bun writes instead of a value that it can't write.
const errorMark = "?!("

// valuerError is the error of a driver.Valuer, nil if it has none or is none.
func valuerError(field reflect.Value) error {
	if !field.Type().Implements(valuerType) && field.CanAddr() {
		field = field.Addr()
	}
	v, ok := field.Interface().(driver.Valuer)
	if !ok {
		return nil
	}
	_, err := v.Value()
	return err
}

// whole says whether a literal that begins as a string ends with it.
func whole(text string) bool {
	inside, quoted := strings.CutPrefix(text, "'")
	if !quoted {
		return true
	}
	inside, closed := strings.CutSuffix(inside, "'")
	return closed && !strings.Contains(strings.ReplaceAll(inside, "''", ""), "'")
}

// deepest is how far a value is looked into.
const deepest = 100

// sound says whether all text in a value is UTF-8.
func sound(v reflect.Value, depth int) bool {
	if depth > deepest {
		return true
	}
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || sound(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return true
		}
		for i := range v.Len() {
			if !sound(v.Index(i), depth+1) {
				return false
			}
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			if !sound(entry.Key(), depth+1) || !sound(entry.Value(), depth+1) {
				return false
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !sound(v.Field(i), depth+1) {
				return false
			}
		}
	}
	return true
}

// array returns an appender that checks the elements of an array and then calls write.
func array(write schema.AppenderFunc) schema.AppenderFunc {
	return func(gen schema.QueryGen, b []byte, v reflect.Value) []byte {
		if err := elements(v); err != nil {
			return dialect.AppendError(b, err)
		}
		return write(gen, b, v)
	}
}

// elements is what is wrong with the elements of an array, nil if nothing.
func elements(v reflect.Value) error {
	if v.IsValid() && v.Type().Implements(valuerType) && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		value, err := v.Interface().(driver.Valuer).Value()
		if err != nil {
			return err
		}
		if s, ok := value.(string); ok {
			return textual(s)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		return textual(v.String())
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return elements(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range v.Len() {
			if err := elements(v.Index(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// hstore writes a map in the order of its keys: the same map is the same literal.
func hstore(gen schema.QueryGen, b []byte, v reflect.Value) []byte {
	v = reflect.Indirect(v)
	if !v.IsValid() || v.IsNil() {
		return dialect.AppendNull(b)
	}
	m := v.Convert(reflect.TypeFor[map[string]string]()).Interface().(map[string]string)
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, inHstore(key)+"=>"+inHstore(m[key]))
	}
	return gen.Dialect().AppendString(b, strings.Join(pairs, ","))
}

func inHstore(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
