package unitofwork

import (
	"context"
	"slices"
	"strings"

	"github.com/unoactor/unoactor/mapping"
)

// PlanOf draws what a flush of a unit would do: the objects that it adopts, and its
// statements in their order. It does nothing.
func PlanOf(u *Unit, name func(any) string) string {
	p, err := plan(u)
	if err != nil {
		return "error: " + err.Error()
	}
	var all []string
	for _, e := range p.adopted {
		all = append(all, "adopt "+name(e.object))
	}
	for _, t := range p.tasks {
		text := string(t.operation) + " " + name(t.entry.object)
		if t.replaces == nil {
			for _, column := range t.columns {
				text += " " + t.entry.model.Columns[column].Name
			}
		} else {
			text += " for " + name(t.replaces.object)
		}
		for _, l := range t.links {
			if t.operation == mapping.Update {
				text += " -> " + name(l.to.object)
			}
		}
		all = append(all, text)
	}
	if p.circular {
		all = append(all, "deferred")
	}
	return strings.Join(all, ", ")
}

// TextsOf are the statements of a plan, where the types of all columns are int4. Objects get
// the keys of their parents.
func TextsOf(u *Unit, p Plan) ([]string, error) {
	known := make(map[*mapping.Model]*columns)
	for _, t := range p.tasks {
		known[t.entry.model] = &columns{names: slices.Repeat([]string{"int4"}, len(t.entry.model.Columns))}
	}
	return u.texts(context.Background(), p.tasks, known)
}

// Perform takes a plan for done. Choose gives an object what the database would choose.
func Perform(u *Unit, p Plan, choose func(any)) {
	for _, t := range p.tasks {
		t.picture()
	}
	for _, t := range p.tasks {
		choose(t.entry.object)
		t.done(u)
	}
}

// Knows says whether a unit knows an object.
func Knows(u *Unit, object any) bool { return u.objects[object] != nil }

// Known draws what a unit knows: each object with its mark, whom it points at, the columns
// that are not of its key and have a value, with the row's where that is another, and a *
// if it is expired.
func Known(u *Unit, name func(any) string) string {
	var all []string
	for _, e := range u.order {
		text := map[state]string{pending: "+", stored: "", deleting: "-", buried: "x"}[e.state] + name(e.object)
		for _, p := range e.parents() {
			if p != nil {
				text += "(" + name(p) + ")"
			}
		}
		now, _ := e.literals()
		for i := e.model.Keys; i < len(now); i++ {
			is, was := strings.Trim(now[i], "'"), ""
			if e.row != nil && e.row.literals[i] != now[i] {
				was = strings.Trim(e.row.literals[i], "'") + ">"
			}
			if was != "" || is != "" && is != "NULL" {
				text += "." + e.model.Columns[i].Name + "=" + was + is
			}
		}
		if e.expired {
			text += "*"
		}
		if hasRow := e.state == stored || e.state == deleting; e.row != nil && hasRow != (u.rows[e.identity()] == e) {
			text += " (which is not the object of its row)"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// Levels is how many levels a unit was told of.
func Levels(u *Unit) int { return len(u.levels) }

// FatesOf draws what a rollback of the innermost level would do. It does nothing.
func FatesOf(u *Unit, name func(any) string) string {
	words := map[fate]string{untouched: "untouched", back: "back", reread: "reread", forgotten: "forgotten"}
	var all []string
	for _, o := range u.levels[len(u.levels)-1].undo(u.order) {
		all = append(all, name(o.entry.object)+" "+words[o.fate])
	}
	return strings.Join(all, ", ")
}

// Arrange arranges tasks, each a letter, by what must come before what: a<b is needed, a?b
// likely, a:b a unique value, a+b a pair of values.
func Arrange(tasks, edges string) string {
	byName := make(map[rune]*task)
	var all []*task
	for _, name := range tasks {
		t := &task{}
		byName[name] = t
		all = append(all, t)
	}
	var order []before
	for edge := range strings.FieldsSeq(edges) {
		kinds := map[byte]kind{'<': needed, '?': likely, ':': unique, '+': together}
		order = append(order, before{byName[rune(edge[0])], byName[rune(edge[2])], kinds[edge[1]]})
	}
	sorted, circular := arrange(all, order)
	var text strings.Builder
	for _, t := range sorted {
		text.WriteByte(tasks[slices.Index(all, t)])
	}
	if circular {
		text.WriteString(" deferred")
	}
	return text.String()
}
