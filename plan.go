package unoactor

import (
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
