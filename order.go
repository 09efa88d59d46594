package unoactor

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// before says that one task is to come before another, and why.
type before struct {
	first, then *task
	kind        kind
}

// kind is how much it matters, the most first.
type kind int8

const (
	needed   kind = iota // for a foreign key that the mapper knows
	likely               // for one that it does not know, as the values look
	unique               // for a value that the first gives up and the other one takes
	together             // for a pair of values, each of which others give up or take too
)

// byRank orders tasks as they would best come if nothing else is known: deletions,
// those of rows that refer to others first; updates; insertions, those of rows that
// others refer to first. What is deleted first leaves its unique keys to the rest.
func byRank(tasks []*task, references map[*Model][]reference) []*task {
	ranks := ranksOf(tasks, references)
	phase := map[Operation]int{OpDelete: 0, OpUpdate: 1, OpInsert: 2}
	arrival := make(map[*task]int, len(tasks))
	for i, t := range tasks {
		arrival[t] = i
	}
	return slices.SortedStableFunc(slices.Values(tasks), func(a, b *task) int {
		if c := cmp.Compare(phase[a.operation], phase[b.operation]); c != 0 {
			return c
		}
		switch a.operation {
		case OpDelete:
			return cmp.Or(cmp.Compare(ranks[b.entry.model], ranks[a.entry.model]), cmp.Compare(arrival[b], arrival[a]))
		case OpInsert:
			return cmp.Compare(ranks[a.entry.model], ranks[b.entry.model])
		}
		return 0
	})
}

// ranksOf orders models so that those that refer to others come after them. Models that
// refer to each other keep the order in which they came.
func ranksOf(tasks []*task, references map[*Model][]reference) map[*Model]int {
	ranks := make(map[*Model]int)
	visited := make(map[*Model]bool)
	var visit func(*Model)
	visit = func(m *Model) {
		if visited[m] {
			return
		}
		visited[m] = true
		for _, r := range references[m] {
			visit(r.parent)
		}
		ranks[m] = len(ranks)
	}
	for _, t := range tasks {
		visit(t.entry.model)
	}
	return ranks
}

// place is some columns of a model with their values.
type place struct {
	model    *Model
	columns  string // their numbers
	literals string
}

func placeOf(m *Model, columns []int, literals []string) (p place, known bool) {
	var numbers, values strings.Builder
	for _, c := range columns {
		if literals[c] == "NULL" {
			return place{}, false // refers to nothing
		}
		numbers.WriteRune(rune(c))
		values.WriteString(canonical(literals[c]))
		values.WriteByte(0)
	}
	return place{m, numbers.String(), values.String()}, true
}

// needs is what must come first for the foreign keys that the mapper knows: the
// insertion of a row before what refers to it, and what refers to a row, or did, before
// its deletion.
func needs(tasks []*task, references map[*Model][]reference) []before {
	inserted, deleted := make(map[place]*task), make(map[place]*task)
	for _, refs := range references {
		for _, r := range refs {
			for _, t := range tasks {
				switch {
				case t.entry.model != r.parent:
				case t.operation == OpInsert:
					if p, ok := placeOf(r.parent, r.keys, t.now); ok {
						inserted[p] = t
					}
				case t.operation == OpDelete:
					if p, ok := placeOf(r.parent, r.keys, t.row.literals); ok {
						deleted[p] = t
					}
				}
			}
		}
	}
	var all []before
	add := func(first, then *task) {
		if first != nil && then != nil && first != then {
			all = append(all, before{first, then, needed})
		}
	}
	for _, t := range tasks {
		for _, l := range t.links {
			add(l.task, t)
		}
		for _, r := range references[t.entry.model] {
			linked := slices.ContainsFunc(t.links, func(l link) bool { return l.parent == r.number })
			now, ok := placeOf(r.parent, r.columns, t.now)
			now.columns = numbers(r.keys)
			if ok && !linked && t.operation != OpDelete {
				add(inserted[now], t)
			}
			if t.row == nil {
				continue
			}
			was, ok := placeOf(r.parent, r.columns, t.row.literals)
			was.columns = numbers(r.keys)
			if ok && (t.operation == OpDelete || linked || was != now) {
				add(t, deleted[was])
			}
		}
	}
	return all
}

func numbers(columns []int) string {
	b := make([]rune, len(columns))
	for i, c := range columns {
		b[i] = rune(c)
	}
	return string(b)
}

const manyAlike = 4 // a value that so many have says nothing

// wishes is what had better come first, as it seems from the values of columns: nobody
// tells of all foreign keys and unique keys.
func wishes(tasks []*task, references map[*Model][]reference) []before {
	inserted, deleted := make(map[string][]*task), make(map[string][]*task)
	type column struct {
		model   *Model
		number  int
		literal string
	}
	gives, takes := make(map[column][]*task), make(map[column][]*task)
	for _, t := range tasks {
		m := t.entry.model
		if m.Keys == 1 && t.operation == OpInsert && !t.entry.unkeyed() {
			inserted[canonical(t.now[0])] = append(inserted[canonical(t.now[0])], t)
		}
		if m.Keys == 1 && t.operation == OpDelete {
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

// pairs are givers and takers of a value of which one giver and one taker alone have another
// value, too, as those of a unique key of two columns have.
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

func declared(references []reference, column int) bool {
	return slices.ContainsFunc(references, func(r reference) bool { return slices.Contains(r.columns, column) })
}

// change is what a task's row has no more in a column, and what it gets there; "" is
// nothing that could be a key.
func (t *task) change(column int) (was, now string) {
	if t.row != nil {
		was = t.row.literals[column]
	}
	if t.operation != OpDelete {
		now = t.now[column]
	}
	if was == now {
		return "", ""
	}
	return telling(was), telling(now)
}

func telling(literal string) string {
	switch literal {
	case "NULL", "TRUE", "FALSE", "''":
		return ""
	}
	return literal
}
