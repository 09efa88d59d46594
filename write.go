package unoactor

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"
)

// tell has the row's value of a column known to the rows that come after it, and says
// as which of those it tells.
func (t *task) tell(column int) int {
	if i := slices.Index(t.told, column); i >= 0 {
		return i
	}
	t.told = append(t.told, column)
	return len(t.told) - 1
}

// write is the text of each task.
func (u *unit) write(ctx context.Context, tasks []*task, known map[*Model]*columns) ([]string, error) {
	writes := make([]Statement, len(tasks))
	for i, t := range tasks {
		writes[i] = Statement{Operation: t.operation, Object: t.entry.object}
		for _, column := range t.columns {
			writes[i].Columns = append(writes[i].Columns, t.entry.model.Columns[column].Name)
		}
		if err := t.refer(&writes[i], known[t.entry.model]); err != nil {
			return nil, err
		}
	}
	texts := make([]string, len(tasks))
	for i, t := range tasks {
		t.want(&writes[i])
		var err error
		if texts[i], err = u.mapper.SQL(ctx, writes[i]); err != nil {
			return nil, fmt.Errorf("%s %s: %w", t.operation, t.entry.model.Table, err)
		}
	}
	return texts, nil
}

// want has the statement return what the database chooses, and tell the statements
// after it what they want to know.
func (t *task) want(w *Statement) {
	for i, c := range t.entry.model.Columns {
		_, instead := w.Instead[c.Name]
		leaves := t.leaves(i)
		if leaves && !instead && t.operation == OpUpdate {
			w.instead(c.Name, "DEFAULT")
		}
		if instead || leaves {
			t.returned = append(t.returned, i)
			w.Returning = append(w.Returning, pgx.Identifier{c.Name}.Sanitize())
		}
	}
	for i, column := range t.told {
		name := pgx.Identifier{t.entry.model.Columns[column].Name}.Sanitize()
		w.Returning = append(w.Returning, fmt.Sprintf("set_config('%s', %s::text, true)", setting(t.number, i), name))
	}
}

// leaves says whether a statement leaves the value of a column to the database.
func (t *task) leaves(column int) bool {
	return (t.operation == OpInsert || t.operation == OpUpdate && slices.Contains(t.columns, column)) && t.entry.model.Columns[column].Chosen(t.entry.value)
}

func (w *Statement) instead(column, expression string) {
	if w.Instead == nil {
		w.Instead = make(map[string]string)
	}
	w.Instead[column] = expression
}

// setting is where a row's key is kept by the server for the rows that refer to it.
func setting(task, column int) string { return fmt.Sprintf("unoactor.key_%d_%d", task, column) }

// refer gives the foreign keys of a row the keys of its parents: of those that are
// inserted in the same round trip, by what the server then knows.
func (t *task) refer(w *Statement, known *columns) error {
	m := t.entry.model
	for _, link := range t.links {
		p := m.Parents[link.parent]
		own, keys := m.at(p.Columns), link.to.model.at(p.Keys)
		if own == nil || keys == nil {
			continue
		}
		for i, column := range own {
			if link.task == nil || !link.task.chooses(keys[i]) {
				if err := t.copyKey(w, column, link.to, keys[i]); err != nil {
					return err
				}
				continue
			}
			name := m.Columns[column].Name
			if link.task.number >= t.number {
				return fmt.Errorf("%s %s: new objects refer to each other in a circle: add and flush one of them without its %s first",
					t.operation, m.Table, name)
			}
			w.instead(name, fmt.Sprintf("current_setting('%s')::%s", setting(link.task.number, link.task.tell(keys[i])), known.names[column]))
			w.sets(name)
		}
	}
	return nil
}

// chooses says whether the database chooses a column of a row that is inserted.
func (t *task) chooses(column int) bool {
	m := t.entry.model
	if m.Columns[column].Chosen(t.entry.value) {
		return true
	}
	return slices.ContainsFunc(t.links, func(l link) bool { // it comes from a row that is inserted before
		keys := l.to.model.at(m.Parents[l.parent].Keys)
		i := slices.Index(m.at(m.Parents[l.parent].Columns), column)
		return l.task != nil && l.task.number < t.number && i >= 0 && keys != nil && l.task.chooses(keys[i])
	})
}

// copyKey gives a column the key of an object, in Go if it can be converted, else by
// the statement.
func (t *task) copyKey(w *Statement, column int, to *entry, key int) error {
	c := t.entry.model.Columns[column]
	own, err := c.Literal(t.entry.value)
	if err != nil {
		return err
	}
	theirs, err := to.model.Columns[key].Literal(to.value)
	if err != nil || own == theirs || alike(own, theirs) && !t.entry.spells(column, to, key) {
		return err
	}
	if !give(c.Field(t.entry.value), to.model.Columns[key].Field(to.value)) {
		w.instead(c.Name, theirs)
	} else if own, err = c.Literal(t.entry.value); err != nil || !alike(own, theirs) {
		w.instead(c.Name, theirs)
	}
	w.sets(c.Name)
	return nil
}

// give gives a field the value of another, if it can.
func give(field, from reflect.Value) bool {
	from = reflect.Indirect(from)
	return from.IsValid() && assign(field, from.Interface()) == nil
}

// sets has an update set a column.
func (w *Statement) sets(column string) {
	if w.Operation == OpUpdate && !slices.Contains(w.Columns, column) {
		w.Columns = append(w.Columns, column)
	}
}
