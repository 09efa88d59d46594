package unoactor

import (
	"fmt"
	"reflect"
	"slices"
)

// task is one statement of a flush.
type task struct {
	operation Operation
	entry     *entry
	columns   []string // what an update sets
	links     []link   // the objects that it refers to
	number    int
	told      []string // columns that other tasks want to know, once it is inserted
	returned  []int    // columns that the database chooses
}

// link is a reference from an object to one that the unit knows.
type link struct {
	parent Parent
	to     *entry
	task   *task // what inserts it in the same flush, nil if it is there
}

// plan is what there is to be done, in an order that foreign keys allow: inserts,
// parents first; updates; deletions, children first.
func (u *unit) plan() ([]*task, error) {
	if err := u.adopt(); err != nil {
		return nil, err
	}
	var inserts, updates, deletes []*task
	for _, e := range u.order {
		switch e.state {
		case pending:
			inserts = append(inserts, &task{operation: OpInsert, entry: e})
		case doomed:
			deletes = append(deletes, &task{operation: OpDelete, entry: e})
		case stored:
			columns, err := e.changed()
			if err != nil {
				return nil, err
			}
			t := &task{operation: OpUpdate, entry: e, columns: columns}
			if len(columns) > 0 || u.refersElsewhere(e) {
				updates = append(updates, t)
			}
		}
	}
	if len(inserts)+len(updates)+len(deletes) == 0 {
		return nil, nil
	}
	ranks := rank(u.order)
	byRank := func(a, b *task) int { return ranks[a.entry.model] - ranks[b.entry.model] }
	slices.SortStableFunc(inserts, byRank)
	slices.SortStableFunc(deletes, byRank)
	inserts = parentsFirst(inserts)
	deletes = parentsFirst(deletes)
	slices.Reverse(deletes)
	u.link(inserts, inserts)
	u.link(updates, inserts)
	all := slices.Concat(inserts, updates, deletes)
	for i, t := range all {
		t.number = i
	}
	return all, nil
}

// adopt takes up the new objects that objects of the unit refer to.
func (u *unit) adopt() error {
	for i := 0; i < len(u.order); i++ { // it grows
		e := u.order[i]
		if e.state != pending && e.state != stored {
			continue
		}
		for _, p := range e.model.Parents {
			object := p.Object(e.value)
			if object == nil || u.objects[object] != nil {
				continue
			}
			other, err := u.describe(object)
			if err != nil {
				return err
			}
			if other.unkeyed() {
				u.know(other)
				u.undo.do(func() { u.drop(other) })
			}
		}
	}
	return nil
}

// unkeyed says whether an object has no key yet, so that it can't have a row.
func (e *entry) unkeyed() bool {
	for _, c := range e.model.Columns[:e.model.Keys] {
		if c.Chosen(e.value) {
			return true
		}
	}
	return false
}

// refersElsewhere says whether a stored object was given another parent, whose key it
// does not have yet.
func (u *unit) refersElsewhere(e *entry) bool {
	for _, p := range e.model.Parents {
		to := u.parentOf(e, p)
		if to == nil || !e.moved(p) {
			continue
		}
		for i, name := range p.Columns {
			if e.model.column(name).Literal(e.value) != to.model.column(p.Keys[i]).Literal(to.value) {
				return true
			}
		}
	}
	return false
}

// moved says whether an object was given a parent since its row was last known. Where
// it was not, its foreign key says which one it has.
func (e *entry) moved(p Parent) bool {
	return e.state != stored || p.Object(e.value) != p.Object(e.clean)
}

// parentOf is the entry of the parent that an object points at. One that the unit does
// not know is described, for it has a key.
func (u *unit) parentOf(e *entry, p Parent) *entry {
	object := p.Object(e.value)
	if object == nil {
		return nil
	}
	if to := u.objects[object]; to != nil {
		return to
	}
	to, err := u.describe(object)
	if err != nil {
		return nil // adopt has described it before
	}
	return to
}

// link finds what the objects of tasks refer to.
func (u *unit) link(tasks, inserts []*task) {
	inserting := make(map[*entry]*task, len(inserts))
	for _, t := range inserts {
		inserting[t.entry] = t
	}
	for _, t := range tasks {
		for _, p := range t.entry.model.Parents {
			if to := u.parentOf(t.entry, p); to != nil && t.entry.moved(p) {
				t.links = append(t.links, link{parent: p, to: to, task: inserting[to]})
			}
		}
	}
}

// rank orders types so that those that refer to others come after them. Types that
// refer to each other keep the order in which they came.
func rank(order []*entry) map[*Model]int {
	byType := make(map[reflect.Type]*Model)
	for _, e := range order {
		byType[e.value.Type()] = e.model
	}
	before := make(map[*Model][]*Model)
	for _, m := range byType {
		for _, p := range m.Parents {
			before[m] = append(before[m], byType[p.Type])
		}
		for _, child := range m.Children {
			before[byType[child]] = append(before[byType[child]], m)
		}
	}
	ranks := make(map[*Model]int)
	visited := map[*Model]bool{nil: true} // a type of which there is no object
	var visit func(*Model)
	visit = func(m *Model) {
		if visited[m] {
			return
		}
		visited[m] = true
		for _, b := range before[m] {
			visit(b)
		}
		ranks[m] = len(ranks)
	}
	for _, e := range order {
		visit(e.model)
	}
	return ranks
}

// parentsFirst puts each task after those of the objects that its own refers to, and
// leaves the rest of the order as it is.
func parentsFirst(tasks []*task) []*task {
	byObject := make(map[any]*task, len(tasks))
	for _, t := range tasks {
		byObject[t.entry.object] = t
	}
	sorted := make([]*task, 0, len(tasks))
	visited := make(map[*task]bool, len(tasks))
	var visit func(*task)
	visit = func(t *task) {
		if t == nil || visited[t] {
			return
		}
		visited[t] = true
		for _, p := range t.entry.model.Parents {
			if object := p.Object(t.entry.value); object != nil {
				visit(byObject[object])
			}
		}
		sorted = append(sorted, t)
	}
	for _, t := range tasks {
		visit(t)
	}
	return sorted
}

// tell has the row's value of a column known to the rows that come after it, and says
// as which of those it tells.
func (t *task) tell(column string) int {
	if i := slices.Index(t.told, column); i >= 0 {
		return i
	}
	t.told = append(t.told, column)
	return len(t.told) - 1
}

func (m *Model) column(name string) Column {
	for _, c := range m.Columns {
		if c.Name == name {
			return c
		}
	}
	panic(fmt.Sprintf("the mapper's model of %s refers to a column %q that it does not have", m.Table, name))
}

// set gives a field the value of another, if it can.
func set(u *unit, field, from reflect.Value) bool {
	if field.Kind() == reflect.Pointer && from.Kind() != reflect.Pointer {
		if !from.CanConvert(field.Type().Elem()) {
			return false
		}
		u.undo.field(field)
		field.Set(reflect.New(field.Type().Elem()))
		field.Elem().Set(from.Convert(field.Type().Elem()))
		return true
	}
	if !from.CanConvert(field.Type()) {
		return false
	}
	u.undo.field(field)
	field.Set(from.Convert(field.Type()))
	return true
}

func keyOf(m *Model, object any) []string {
	v := reflect.ValueOf(object).Elem()
	key := make([]string, m.Keys)
	for i := range key {
		key[i] = m.Columns[i].Literal(v)
	}
	return key
}
