package unitofwork

import (
	"cmp"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/mapping"
)

// before says that one task should come before another, and why.
type before struct {
	first, then *task
	kind        kind
}

// kind says how much the order of two tasks matters. The kind that matters most is the first.
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
func byRank(tasks []*task, references map[*mapping.Model][]reference) []*task {
	ranks := ranksOf(tasks, references)
	phase := map[mapping.Operation]int{mapping.Delete: 0, mapping.Update: 1, mapping.Insert: 2}
	arrival := make(map[*task]int, len(tasks))
	for i, t := range tasks {
		arrival[t] = i
	}
	return slices.SortedStableFunc(slices.Values(tasks), func(a, b *task) int {
		if c := cmp.Compare(phase[a.operation], phase[b.operation]); c != 0 {
			return c
		}
		switch a.operation {
		case mapping.Delete:
			return cmp.Or(cmp.Compare(ranks[b.entry.model], ranks[a.entry.model]), cmp.Compare(arrival[b], arrival[a]))
		case mapping.Insert:
			return cmp.Compare(ranks[a.entry.model], ranks[b.entry.model])
		}
		return 0
	})
}

// ranksOf orders models so that those that refer to others come after them. Models that
// refer to each other keep the order in which they came.
func ranksOf(tasks []*task, references map[*mapping.Model][]reference) map[*mapping.Model]int {
	ranks := make(map[*mapping.Model]int)
	visited := make(map[*mapping.Model]bool)
	var visit func(*mapping.Model)
	visit = func(m *mapping.Model) {
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

// place is where foreign keys lead: columns of a model, and their values.
type place struct {
	model    *mapping.Model
	columns  string // their numbers
	literals string
}

// placeOf returns the place that literals lead to. A NULL among them leads nowhere.
func placeOf(m *mapping.Model, columns []int, literals []string) (p place, known bool) {
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

// needs returns the order that foreign keys require which the mapper knows: a row is
// inserted before other rows refer to it, and deleted after those that did refer to it.
func needs(tasks []*task, references map[*mapping.Model][]reference) []before {
	inserted, deleted := make(map[place]*task), make(map[place]*task)
	for _, refs := range references {
		for _, r := range refs {
			for _, t := range tasks {
				switch {
				case t.entry.model != r.parent:
				case t.operation == mapping.Insert:
					if p, ok := placeOf(r.parent, r.keys, t.now); ok {
						inserted[p] = t
					}
				case t.operation == mapping.Delete:
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
			if ok && !linked && t.operation != mapping.Delete {
				add(inserted[now], t)
			}
			if t.row == nil {
				continue
			}
			was, ok := placeOf(r.parent, r.columns, t.row.literals)
			was.columns = numbers(r.keys)
			if ok && (t.operation == mapping.Delete || linked || was != now) {
				add(t, deleted[was])
			}
		}
	}
	return all
}

// numbers are columns as a part of a place.
func numbers(columns []int) string {
	b := make([]rune, len(columns))
	for i, c := range columns {
		b[i] = rune(c)
	}
	return string(b)
}
