package unoactor

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// task is one statement of a flush.
type task struct {
	operation Operation
	entry     *entry
	row       *picture // what the statement finds in the database, nil if it inserts
	now       []string // the literals of the object's columns
	before    *picture // the object when the flush began, nil until it is asked for
	columns   []int    // what an update sets
	links     []link   // the objects that it refers to
	replaces  *entry   // the deleted object whose row an update gives to this one, nil if none
	number    int
	told      []int // columns that other tasks want to know, once it is inserted
	returned  []int // columns that the database chooses
}

// look is a picture of the object as the flush found it, taken before the flush changes it.
func (t *task) look() *picture {
	if t.before == nil {
		t.before = t.entry.picture(t.now, nil, t.entry.row)
	}
	return t.before
}

// link is a reference from an object to one that the unit knows.
type link struct {
	parent int // of the model's
	to     *entry
	task   *task // what inserts it in the same flush, nil if it is there
}

// plan is what there is to be done, in an order that foreign keys and unique keys
// allow. It sends nothing and changes no object.
type plan struct {
	tasks    []*task
	circular bool // no order is allowed unless constraints wait for the transaction's end
}

// plan says what a flush is to do.
func (u *unit) plan() (plan, error) {
	if err := u.adopt(); err != nil {
		return plan{}, err
	}
	var tasks []*task
	for _, e := range u.order {
		t, err := u.todo(e)
		if err != nil {
			return plan{}, err
		}
		if t != nil {
			tasks = append(tasks, t)
		}
	}
	if len(tasks) == 0 {
		return plan{}, nil
	}
	tasks = takeovers(tasks)
	u.link(tasks)
	references := referencesOf(u.order)
	sorted, circular := arrange(byRank(tasks, references), slices.Concat(needs(tasks, references), wishes(tasks, references)))
	for i, t := range sorted {
		t.number = i
	}
	return plan{sorted, circular}, nil
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
			if u.isNew(other, 0) {
				u.know(other)
			}
		}
	}
	return nil
}

// deepest is how many parents of parents are asked for the key of an object.
const deepest = 20

// isNew says whether an object that is not known can't have a row: it has no key, or a
// part of its key is that of a parent that is new or another one.
func (u *unit) isNew(e *entry, depth int) bool {
	if e.unkeyed() {
		return true
	}
	for n, p := range e.model.Parents {
		columns := e.model.at(p.Columns)
		to := u.parentOf(e, n)
		if depth == deepest || to == nil || columns == nil || slices.Min(columns) >= e.model.Keys {
			continue
		}
		if to.state == pending && (u.objects[to.object] == to || u.isNew(to, depth+1)) {
			return true
		}
		for i, key := range to.model.at(p.Keys) {
			own, _ := e.model.Columns[columns[i]].Literal(e.value)
			if theirs, _ := to.model.Columns[key].Literal(to.value); columns[i] < e.model.Keys && !alike(own, theirs) {
				return true
			}
		}
	}
	return false
}

// todo is what is to be done about an object, nil if there is nothing.
func (u *unit) todo(e *entry) (*task, error) {
	if e.state == gone {
		return nil, nil
	}
	now, wrong := e.literals()
	if wrong != nil {
		return nil, wrong
	}
	t := &task{entry: e, row: e.row, now: now}
	if e.state == pending {
		t.operation, t.row = OpInsert, nil
		return t, nil
	}
	if err := e.sameKey(now); err != nil {
		return nil, err
	}
	if e.state == doomed {
		t.operation = OpDelete
		return t, nil
	}
	t.operation = OpUpdate
	t.columns = slices.DeleteFunc(differing(now, e.row.literals, e.model.Keys), func(column int) bool { return e.model.Columns[column].Fixed })
	elsewhere, err := u.refersElsewhere(e, now)
	if err != nil || len(t.columns) == 0 && !elsewhere {
		return nil, err
	}
	return t, nil
}

// differing are the columns from one on whose literals are not the same.
func differing(a, b []string, from int) []int {
	var columns []int
	for i := from; i < len(a); i++ {
		if a[i] != b[i] {
			columns = append(columns, i)
		}
	}
	return columns
}

// refersElsewhere says whether a stored object was given another parent, whose key it
// does not have yet. If that would change its own key, it is an error.
func (u *unit) refersElsewhere(e *entry, now []string) (elsewhere bool, err error) {
	for n, p := range e.model.Parents {
		to := u.parentOf(e, n)
		if to == nil || !e.moved(n) {
			continue
		}
		columns, keys := e.model.at(p.Columns), to.model.at(p.Keys)
		if columns == nil || keys == nil {
			continue
		}
		for i, column := range columns {
			key, err := to.model.Columns[keys[i]].Literal(to.value)
			if err != nil {
				return false, err
			}
			if alike(now[column], key) && !to.model.Columns[keys[i]].Chosen(to.value) && (now[column] == key || column < e.model.Keys || !e.spells(column, to, keys[i])) {
				continue
			}
			if column < e.model.Keys {
				return false, fmt.Errorf("the object of %s with the key (%s) was given another %v, whose key is a part of its own, %s: delete the object and add another instead",
					e.model.Table, e.key(), p.Type, p.Columns[i])
			}
			elsewhere = true
		}
	}
	return elsewhere, nil
}

// parentOf is the entry of the parent that an object points at. One that the unit does
// not know is described, for it has a key.
func (u *unit) parentOf(e *entry, parent int) *entry {
	object := e.model.Parents[parent].Object(e.value)
	if object == nil {
		return nil
	}
	to, err := u.describe(object)
	if err != nil {
		return nil // adopt has described it before
	}
	return to
}

// takeovers makes of the deletion of a row and the insertion of one with the same key
// an update: what else refers to that row goes on to do so. A model that has nothing
// but its key is deleted and inserted.
func takeovers(tasks []*task) []*task {
	deleted := make(map[identity]*task)
	for _, t := range tasks {
		if t.operation == OpDelete {
			deleted[t.entry.identity()] = t
		}
	}
	if len(deleted) == 0 {
		return tasks
	}
	for _, t := range tasks {
		m := t.entry.model
		if t.operation != OpInsert || t.entry.unkeyed() || !slices.ContainsFunc(m.Columns[m.Keys:], func(c Column) bool { return !c.Fixed }) {
			continue
		}
		id := identity{m, strings.Join(t.now[:m.Keys], ", ")}
		d := deleted[id]
		if d == nil {
			continue
		}
		delete(deleted, id)
		d.operation = "" // the update does it
		t.operation, t.row, t.replaces = OpUpdate, d.row, d.entry
		for i := m.Keys; i < len(m.Columns); i++ {
			if !m.Columns[i].Fixed {
				t.columns = append(t.columns, i)
			}
		}
	}
	return slices.DeleteFunc(tasks, func(t *task) bool { return t.operation == "" })
}

// link finds what the objects of tasks refer to.
func (u *unit) link(tasks []*task) {
	inserting := make(map[*entry]*task)
	for _, t := range tasks {
		if t.operation == OpInsert {
			inserting[t.entry] = t
		}
	}
	for _, t := range tasks {
		if t.operation == OpDelete {
			continue
		}
		for n := range t.entry.model.Parents {
			if to := u.parentOf(t.entry, n); to != nil && t.entry.moved(n) {
				t.links = append(t.links, link{parent: n, to: to, task: inserting[to]})
			}
		}
	}
}

// tell has the row's value of a column known to the rows that come after it, and says
// as which of those it tells.
func (t *task) tell(column int) int {
	if i := slices.Index(t.told, column); i >= 0 {
		return i
	}
	t.told = append(t.told, column)
	return len(t.told) - 1
}

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
