package unoactor

import (
	"reflect"
	"slices"
)

// reference is what a foreign key of a model's rows refers to, as far as the mapper
// knows.
type reference struct {
	parent  *Model
	number  int   // of the child's Parents, -1 if only the parent knows of it
	columns []int // of the child
	keys    []int // of the parent
}

// referencesOf are the references of each model that the unit has objects of.
func referencesOf(order []*entry) map[*Model][]reference {
	models := make(map[reflect.Type]*Model)
	var arrived []*Model
	for _, e := range order {
		if t := e.value.Type(); models[t] == nil {
			models[t] = e.model
			arrived = append(arrived, e.model)
		}
	}
	all := make(map[*Model][]reference)
	add := func(child, parent *Model, number int, columns, keys []string) {
		if child == nil || parent == nil {
			return
		}
		r := reference{parent, number, child.at(columns), parent.at(keys)}
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
				return child != nil && r.parent == m && slices.Equal(r.columns, child.at(c.Columns))
			}) {
				add(child, m, -1, c.Columns, c.Keys)
			}
		}
	}
	return all
}

// at are the numbers of columns, nil if the model does not have them all.
func (m *Model) at(names []string) []int {
	numbers := make([]int, len(names))
	for i, name := range names {
		numbers[i] = slices.IndexFunc(m.Columns, func(c Column) bool { return c.Name == name })
		if numbers[i] < 0 {
			return nil
		}
	}
	return numbers
}
