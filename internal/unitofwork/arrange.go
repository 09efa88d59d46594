package unitofwork

import (
	"container/heap"
	"slices"
)

// arrange sorts tasks so that edges are minded, and otherwise leaves them in their order.
// Tasks that wait for each other in a circle are sorted by the edges that matter more. The
// result is circular if an edge for a foreign key, or for a unique value, could not be minded.
func arrange(tasks []*task, edges []before) (sorted []*task, circular bool) {
	a := arrangement{edges: edges, position: make(map[*task]int, len(tasks))}
	for i, t := range tasks {
		a.position[t] = i
	}
	a.sort(tasks, together)
	return a.sorted, a.circular
}

// arrangement is the work of arrange.
type arrangement struct {
	edges    []before
	position map[*task]int // as they came
	sorted   []*task
	circular bool
}

// sort appends tasks in an order that minds all edges down to the kind that matters least.
func (a *arrangement) sort(tasks []*task, least kind) {
	g := a.graph(tasks, least)
	circles := g.circles()
	of := make([]int, len(tasks))
	for i, c := range circles {
		for _, node := range c {
			of[node] = i
		}
	}
	waits, frees := make([]int, len(circles)), make([][]int, len(circles))
	for node, next := range g.next {
		for _, n := range next {
			if of[node] != of[n] {
				waits[of[n]]++
				frees[of[node]] = append(frees[of[node]], of[n])
			}
		}
	}
	ready := &queue{first: make([]int, len(circles))}
	for i, c := range circles {
		ready.first[i] = a.position[tasks[slices.MinFunc(c, func(x, y int) int { return a.position[tasks[x]] - a.position[tasks[y]] })]]
		if waits[i] == 0 {
			heap.Push(ready, i)
		}
	}
	for ready.Len() > 0 {
		i := heap.Pop(ready).(int)
		a.circle(g, tasks, circles[i], least)
		for _, n := range frees[i] {
			if waits[n]--; waits[n] == 0 {
				heap.Push(ready, n)
			}
		}
	}
}

// circle appends the tasks of a circle, which is often one task alone. Several are sorted
// without the kind of edges that matters least among those that make the circle.
func (a *arrangement) circle(g graph, tasks []*task, circle []int, least kind) {
	members := make([]*task, len(circle))
	for i, node := range circle {
		members[i] = tasks[node]
	}
	slices.SortFunc(members, func(x, y *task) int { return a.position[x] - a.position[y] })
	switch {
	case len(members) == 1:
		a.sorted = append(a.sorted, members...)
	case least == needed:
		a.circular = true
		a.sorted = append(a.sorted, members...)
	default:
		a.circular = a.circular || least == unique && g.has(circle, unique)
		a.sort(members, least-1)
	}
}

// graph is tasks by their number, with those that come after each.
type graph struct {
	next  [][]int
	kinds []map[int]kind // of the edge to each, the one that matters least
}

func (a *arrangement) graph(tasks []*task, least kind) graph {
	number := make(map[*task]int, len(tasks))
	for i, t := range tasks {
		number[t] = i
	}
	g := graph{make([][]int, len(tasks)), make([]map[int]kind, len(tasks))}
	for _, e := range a.edges {
		from, ok := number[e.first]
		to, also := number[e.then]
		if !ok || !also || e.kind > least {
			continue
		}
		if g.kinds[from] == nil {
			g.kinds[from] = make(map[int]kind)
		}
		known, there := g.kinds[from][to]
		if !there {
			g.next[from] = append(g.next[from], to)
		}
		g.kinds[from][to] = max(known, e.kind)
	}
	return g
}

// has says whether there is an edge of a kind between two nodes of a circle.
func (g graph) has(circle []int, k kind) bool {
	for _, from := range circle {
		for to, is := range g.kinds[from] {
			if is == k && slices.Contains(circle, to) {
				return true
			}
		}
	}
	return false
}

// circles returns the strongly connected components: Tarjan, Depth-first search and linear
// graph algorithms, 1972.
func (g graph) circles() [][]int {
	var (
		found      [][]int
		stack      []int
		count      int
		index, low = make([]int, len(g.next)), make([]int, len(g.next))
		onTheStack = make([]bool, len(g.next))
		visit      func(int)
	)
	visit = func(node int) {
		count++
		index[node], low[node] = count, count
		stack, onTheStack[node] = append(stack, node), true
		for _, n := range g.next[node] {
			if index[n] == 0 {
				visit(n)
				low[node] = min(low[node], low[n])
			} else if onTheStack[n] {
				low[node] = min(low[node], index[n])
			}
		}
		if low[node] < index[node] {
			return
		}
		at := len(stack) - 1
		for stack[at] != node {
			at--
		}
		for _, n := range stack[at:] {
			onTheStack[n] = false
		}
		found = append(found, slices.Clone(stack[at:]))
		stack = stack[:at]
	}
	for node := range g.next {
		if index[node] == 0 {
			visit(node)
		}
	}
	return found
}

// queue is a heap of circles, by the first of their tasks.
type queue struct {
	all   []int
	first []int // of each circle
}

func (q *queue) Len() int           { return len(q.all) }
func (q *queue) Less(i, j int) bool { return q.first[q.all[i]] < q.first[q.all[j]] }
func (q *queue) Swap(i, j int)      { q.all[i], q.all[j] = q.all[j], q.all[i] }
func (q *queue) Push(x any)         { q.all = append(q.all, x.(int)) }
func (q *queue) Pop() any {
	last := q.all[len(q.all)-1]
	q.all = q.all[:len(q.all)-1]
	return last
}
