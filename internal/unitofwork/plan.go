package unitofwork

import (
	"slices"
	"strings"

	"github.com/unoactor/unoactor/mapping"
)

// Plan is what a flush is to do: statements, in an order that foreign keys and unique keys
// allow, and the objects that the unit comes to know by it.
type Plan struct {
	adopted  []*entry
	tasks    []*task
	circular bool // no order is allowed unless constraints wait for the transaction's end
}

// Empty says whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.tasks) == 0 }

// Insertions says whether a plan needs no transaction of its own, because it only inserts,
// in an order that is allowed: its one round trip is done as a whole or not at all.
func (p Plan) Insertions() bool {
	return !p.circular && !slices.ContainsFunc(p.tasks, func(t *task) bool { return t.operation != mapping.Insert })
}

// task is one statement of a flush.
type task struct {
	operation mapping.Operation
	entry     *entry
	row       *picture // the row that the statement finds in the database, nil if it inserts
	now       []string // the literals of the object's columns
	before    *picture // the object when the flush began, nil until it is asked for
	columns   []int    // what an update sets
	links     []link   // the objects that it refers to
	replaces  *entry   // the deleted object whose row the update gives to this one, nil if there is none
	number    int      // in the order of the plan
	told      []int    // columns that later tasks ask for, once the row is inserted
	returned  []int    // columns that the database chooses
}

// picture is that of the object as the flush found it, taken before the flush changes it.
func (t *task) picture() *picture {
	if t.before == nil {
		t.before = t.entry.draw(t.now, nil, t.entry.row)
	}
	return t.before
}

// link is a reference from an object to another one, by pointer.
type link struct {
	parent int // the number of the reference
	to     *entry
	task   *task // the insertion of that object in the same flush, nil if there is none
}

// Plan says what a flush is to do. From then on the unit knows the new objects to which
// those that it knew refer.
func (u *Unit) Plan() (Plan, error) {
	if u == nil {
		return Plan{}, nil
	}
	p, err := plan(u)
	if err != nil {
		return Plan{}, err
	}
	for _, e := range p.adopted {
		u.know(e)
	}
	return p, nil
}

// plan says what a flush of a unit is to do. It changes nothing: no object, and not what
// the unit knows.
func plan(u *Unit) (Plan, error) {
	s := survey{unit: u}
	if err := s.adopt(); err != nil {
		return Plan{}, err
	}
	var tasks []*task
	known := s.known()
	for _, e := range known {
		t, err := s.todo(e)
		if err != nil {
			return Plan{}, err
		}
		if t != nil {
			tasks = append(tasks, t)
		}
	}
	if len(tasks) == 0 {
		return Plan{adopted: s.adopted}, nil
	}
	tasks = takeovers(tasks)
	s.link(tasks)
	references := referencesOf(known)
	sorted, circular := arrange(byRank(tasks, references), slices.Concat(needs(tasks, references), wishes(tasks, references)))
	for i, t := range sorted {
		t.number = i
	}
	return Plan{s.adopted, sorted, circular}, nil
}

// takeovers replaces the deletion of a row and the insertion of one with the same key by an
// update, so that other rows may go on to refer to the row. A row that has nothing but its
// key is deleted and inserted.
func takeovers(tasks []*task) []*task {
	deleted := make(map[identity]*task)
	for _, t := range tasks {
		if t.operation == mapping.Delete {
			deleted[t.entry.identity()] = t
		}
	}
	if len(deleted) == 0 {
		return tasks
	}
	for _, t := range tasks {
		m := t.entry.model
		if t.operation != mapping.Insert || t.entry.unkeyed() || !slices.ContainsFunc(m.Columns[m.Keys:], func(c mapping.Column) bool { return !c.Fixed }) {
			continue
		}
		id := identity{m, strings.Join(t.now[:m.Keys], ", ")}
		d := deleted[id]
		if d == nil {
			continue
		}
		delete(deleted, id)
		d.operation = "" // the update does it
		t.operation, t.row, t.replaces = mapping.Update, d.row, d.entry
		for i := m.Keys; i < len(m.Columns); i++ {
			if !m.Columns[i].Fixed {
				t.columns = append(t.columns, i)
			}
		}
	}
	return slices.DeleteFunc(tasks, func(t *task) bool { return t.operation == "" })
}

// link notes the objects to which those of tasks refer by other keys than their rows have.
func (s *survey) link(tasks []*task) {
	inserting := make(map[*entry]*task)
	for _, t := range tasks {
		if t.operation == mapping.Insert {
			inserting[t.entry] = t
		}
	}
	for _, t := range tasks {
		if t.operation == mapping.Delete {
			continue
		}
		for n := range t.entry.model.Parents {
			if to := s.parentOf(t.entry, n); to != nil && t.entry.moved(n) {
				t.links = append(t.links, link{parent: n, to: to, task: inserting[to]})
			}
		}
	}
}
