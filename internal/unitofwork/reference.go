package unitofwork

import (
	"reflect"
	"slices"

	"github.com/unoactor/unoactor/mapping"
)

// reference is a foreign key of a model's rows, as the mapper knows it.
type reference struct {
	parent  *mapping.Model
	number  int   // in the child's Parents, -1 if only the parent's Children tell of it
	columns []int // of the child
	keys    []int // of the parent
}

// referencesOf returns the references between the models of the objects of a unit.
func referencesOf(order []*entry) map[*mapping.Model][]reference {
	models := make(map[reflect.Type]*mapping.Model)
	var arrived []*mapping.Model
	for _, e := range order {
		if t := e.value.Type(); models[t] == nil {
			models[t] = e.model
			arrived = append(arrived, e.model)
		}
	}
	all := make(map[*mapping.Model][]reference)
	add := func(child, parent *mapping.Model, number int, columns, keys []string) {
		if child == nil || parent == nil {
			return
		}
		r := reference{parent, number, columnsOf(child, columns), columnsOf(parent, keys)}
		if r.columns != nil && r.keys != nil && len(r.columns) == len(r.keys) {
			all[child] = append(all[child], r)
		}
	}
	for _, m := range arrived {
		for n, p := range m.Parents {
			add(m, models[p.Type], n, p.Columns, p.Keys)
		}
	}
	for _, m := range arrived {
		for _, c := range m.Children {
			child := models[c.Type]
			if !slices.ContainsFunc(all[child], func(r reference) bool {
				return child != nil && r.parent == m && slices.Equal(r.columns, columnsOf(child, c.Columns))
			}) {
				add(child, m, -1, c.Columns, c.Keys)
			}
		}
	}
	return all
}

// columnsOf are the numbers of columns of a model, nil if it does not have them all.
func columnsOf(m *mapping.Model, names []string) []int {
	numbers := make([]int, len(names))
	for i, name := range names {
		numbers[i] = slices.IndexFunc(m.Columns, func(c mapping.Column) bool { return c.Name == name })
		if numbers[i] < 0 {
			return nil
		}
	}
	return numbers
}
