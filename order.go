package unoactor

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
)

// before says that one task is to come before another.
type before struct{ first, then *task }

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
		values.WriteString(literals[c])
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
			all = append(all, before{first, then})
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

// wish is what had better come first, as it seems from the values of columns: nobody
// tells of all foreign keys and unique keys.
type wish struct {
	before
	unique bool // the first gives up a value that the other one takes
}

const manyWishes = 4 // a value that so many have says nothing

// wishes are for foreign keys that the mapper does not know, and for values that one
// row has no more and another gets.
func wishes(tasks []*task, references map[*Model][]reference) []wish {
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
			inserted[t.now[0]] = append(inserted[t.now[0]], t)
		}
		if m.Keys == 1 && t.operation == OpDelete {
			deleted[t.row.literals[0]] = append(deleted[t.row.literals[0]], t)
		}
		for i := range m.Columns {
			was, now := t.change(i)
			if was != "" {
				gives[column{m, i, was}] = append(gives[column{m, i, was}], t)
			}
			if now != "" {
				takes[column{m, i, now}] = append(takes[column{m, i, now}], t)
			}
		}
	}
	var all []wish
	add := func(first, then *task, unique bool) {
		if first != then {
			all = append(all, wish{before{first, then}, unique})
		}
	}
	for c, givers := range gives {
		if takers := takes[c]; len(givers) == 1 && len(takers) == 1 {
			add(givers[0], takers[0], true)
		}
	}
	for _, t := range tasks {
		for i := range t.entry.model.Columns {
			if declared(references[t.entry.model], i) {
				continue
			}
			was, now := t.change(i)
			if parents := inserted[now]; now != "" && len(parents) < manyWishes {
				for _, p := range parents {
					add(p, t, false)
				}
			}
			if parents := deleted[was]; was != "" && len(parents) < manyWishes {
				for _, p := range parents {
					add(t, p, false)
				}
			}
		}
	}
	return all
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

// arrange sorts tasks by what must come first, then by what had better, then as they
// are. It is circular if that can't be had.
func arrange(tasks []*task, needs []before, wishes []wish) (sorted []*task, circular bool) {
	steps := make(map[*task]*step, len(tasks))
	for i, t := range tasks {
		steps[t] = &step{task: t, position: i}
	}
	for _, n := range needs {
		steps[n.first].frees = append(steps[n.first].frees, release{steps[n.then], needed})
		steps[n.then].waits[needed]++
	}
	for _, w := range wishes {
		kind := wished
		if w.unique {
			kind = unique
		}
		steps[w.first].frees = append(steps[w.first].frees, release{steps[w.then], kind})
		steps[w.then].waits[kind]++
	}
	var ready queue
	for _, t := range tasks {
		heap.Push(&ready, steps[t])
	}
	for len(ready) > 0 {
		s := heap.Pop(&ready).(*step)
		circular = circular || s.waits[needed] > 0 || s.waits[unique] > 0
		s.done = true
		sorted = append(sorted, s.task)
		for _, r := range s.frees {
			if r.then.waits[r.kind]--; !r.then.done {
				heap.Fix(&ready, r.then.index)
			}
		}
	}
	return sorted, circular
}

// Why a step waits for another.
const (
	needed = iota
	wished
	unique
	kinds
)

// step is a task that waits for others.
type step struct {
	task     *task
	position int
	waits    [kinds]int // for how many
	frees    []release
	done     bool
	index    int // in the queue
}

type release struct {
	then *step
	kind int
}

// queue is a heap of steps: first is what waits for the least that matters.
type queue []*step

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	a, b := q[i], q[j]
	for kind := range kinds {
		if x, y := a.waits[kind] > 0, b.waits[kind] > 0; x != y {
			return y
		}
	}
	return a.position < b.position
}
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *queue) Push(x any) {
	s := x.(*step)
	s.index = len(*q)
	*q = append(*q, s)
}
func (q *queue) Pop() any {
	old := *q
	s := old[len(old)-1]
	*q = old[:len(old)-1]
	return s
}
