package config

import (
	"reflect"
	"slices"
)

// differences matches what two topologies have of one kind, by name. What differs of two
// things of the same name is for settings to say.
func differences[T any](before, after []T, name func(T) string, settings func(a, b T) []Setting) Differences[T] {
	named := func(in []T, wanted string) int {
		return slices.IndexFunc(in, func(t T) bool { return name(t) == wanted })
	}
	var d Differences[T]
	for _, b := range after {
		i := named(before, name(b))
		if i < 0 {
			d.Added = append(d.Added, b)
			continue
		}
		if s := settings(before[i], b); len(s) > 0 {
			d.Changed = append(d.Changed, Changed[T]{before[i], b, s})
		}
	}
	for _, a := range before {
		if named(after, name(a)) < 0 {
			d.Removed = append(d.Removed, a)
		}
	}
	return d
}

// compared lists the settings of a table that differ between two structs, with prefix
// before their names. as and bs say where the structs are written.
func compared[T any](prefix string, table []setting[T], a, b T, as, bs Source) []Setting {
	var changed []Setting
	for _, s := range table {
		get := s.of(&a).get
		if get == nil {
			continue // another setting of the same field
		}
		from, to := get(), s.of(&b).get()
		if equal(from, to) {
			continue
		}
		name := prefix + s.name
		c := Setting{Name: name, Reload: s.reload, File: bs.File}
		if c.Line = bs.of(name).line; c.Line == 0 {
			c.Line = bs.Line
		}
		if _, secret := from.(Secret); !secret && !as.hides(name) && !bs.hides(name) {
			c.From, c.To = show(from), show(to)
		}
		changed = append(changed, c)
	}
	return changed
}

// equal takes nil and empty for the same.
func equal(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if va.Kind() == reflect.Map || va.Kind() == reflect.Slice {
		if va.Len() == 0 && vb.Len() == 0 {
			return true
		}
	}
	return reflect.DeepEqual(a, b)
}

// reordering compares the order of the names that are in both lists; nil if it is the same.
func reordering(before, after []string) *Reordering {
	among := func(names, in []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(in, n) })
	}
	from, to := among(before, after), among(after, before)
	if slices.Equal(from, to) {
		return nil
	}
	return &Reordering{from, to}
}
