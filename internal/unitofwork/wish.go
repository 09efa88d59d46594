package unitofwork

import (
	"iter"
	"slices"

	"github.com/unoactor/unoactor/mapping"
)

const manyAlike = 4 // a value that so many have says nothing

// wishes returns the order that keys may require of which the mapper does not know, as far as
// the values of columns look like it: foreign keys of the database's own, and unique values.
func wishes(tasks []*task, references map[*mapping.Model][]reference) []before {
	inserted, deleted := make(map[string][]*task), make(map[string][]*task)
	type column struct {
		model   *mapping.Model
		number  int
		literal string
	}
	gives, takes := make(map[column][]*task), make(map[column][]*task)
	for _, t := range tasks {
		m := t.entry.model
		if m.Keys == 1 && t.operation == mapping.Insert && !t.entry.unkeyed() {
			inserted[canonical(t.now[0])] = append(inserted[canonical(t.now[0])], t)
		}
		if m.Keys == 1 && t.operation == mapping.Delete {
			deleted[canonical(t.row.literals[0])] = append(deleted[canonical(t.row.literals[0])], t)
		}
		for i := range m.Columns {
			if was, _ := t.change(i); was != "" {
				gives[column{m, i, was}] = append(gives[column{m, i, was}], t)
			}
		}
	}
	if len(inserted)+len(deleted)+len(gives) == 0 {
		return nil
	}
	for _, t := range tasks {
		m := t.entry.model
		for i := range m.Columns {
			if _, now := t.change(i); now != "" && gives[column{m, i, now}] != nil {
				takes[column{m, i, now}] = append(takes[column{m, i, now}], t)
			}
		}
	}
	var all []before
	add := func(first, then *task, why kind) {
		if first != then {
			all = append(all, before{first, then, why})
		}
	}
	for c, givers := range gives {
		switch takers := takes[c]; {
		case len(givers) == 1 && len(takers) == 1:
			add(givers[0], takers[0], unique)
		case len(takers) > 0:
			for first, then := range pairs(givers, takers) {
				add(first, then, together)
			}
		}
	}
	for _, t := range tasks {
		for i := range t.entry.model.Columns {
			if declared(references[t.entry.model], i) {
				continue
			}
			was, now := t.change(i)
			if parents := inserted[canonical(now)]; now != "" && len(parents) < manyAlike {
				for _, p := range parents {
					add(p, t, likely)
				}
			}
			if parents := deleted[canonical(was)]; was != "" && len(parents) < manyAlike {
				for _, p := range parents {
					add(t, p, likely)
				}
			}
		}
	}
	return all
}

// pairs returns the givers and the takers of a value that share a second value with nobody
// else, as the rows of a unique key of two columns do.
func pairs(givers, takers []*task) iter.Seq2[*task, *task] {
	type other struct {
		column  int
		literal string
	}
	gives, takes := make(map[other][]*task), make(map[other][]*task)
	for _, t := range givers {
		for i, literal := range t.row.literals {
			gives[other{i, literal}] = append(gives[other{i, literal}], t)
		}
	}
	for _, t := range takers {
		for i, literal := range t.now {
			takes[other{i, literal}] = append(takes[other{i, literal}], t)
		}
	}
	return func(yield func(*task, *task) bool) {
		for o, first := range gives {
			if then := takes[o]; len(first) == 1 && len(then) == 1 && !yield(first[0], then[0]) {
				return
			}
		}
	}
}

// declared says whether the mapper knows a foreign key that a column is a part of.
func declared(references []reference, column int) bool {
	return slices.ContainsFunc(references, func(r reference) bool { return slices.Contains(r.columns, column) })
}

// change returns what a task's row loses in a column, and what it gets there. "" stands for
// what could not be a key.
func (t *task) change(column int) (was, now string) {
	if t.row != nil {
		was = t.row.literals[column]
	}
	if t.operation != mapping.Delete {
		now = t.now[column]
	}
	if was == now {
		return "", ""
	}
	return telling(was), telling(now)
}

// telling returns a literal if it could be a key.
func telling(literal string) string {
	switch literal {
	case "NULL", "TRUE", "FALSE", "''":
		return ""
	}
	return literal
}
