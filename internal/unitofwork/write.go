package unitofwork

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/mapping"
)

// texts returns the SQL of tasks. It gives foreign keys in the objects the keys of parents.
func (u *Unit) texts(ctx context.Context, tasks []*task, known map[*mapping.Model]*columns) ([]string, error) {
	writes := make([]mapping.Statement, len(tasks))
	for i, t := range tasks {
		writes[i] = mapping.Statement{Operation: t.operation, Object: t.entry.object}
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

// want completes a statement so that it returns the values which the database chooses, and
// keeps on the server the values for which later statements ask.
func (t *task) want(w *mapping.Statement) {
	for i, c := range t.entry.model.Columns {
		_, instead := w.Instead[c.Name]
		leaves := t.leaves(i)
		if leaves && !instead && t.operation == mapping.Update {
			substitute(w, c.Name, "DEFAULT")
		}
		if instead || leaves {
			t.returned = append(t.returned, i)
			w.Returning = append(w.Returning, pgx.Identifier{c.Name}.Sanitize())
		}
	}
	for i, column := range t.told {
		name := pgx.Identifier{t.entry.model.Columns[column].Name}.Sanitize()
		w.Returning = append(w.Returning, fmt.Sprintf("set_config('%s', %s::text, true)", keptAs(t.number, i), name))
	}
}

// leaves says whether a statement leaves the value of a column to the database.
func (t *task) leaves(column int) bool {
	return (t.operation == mapping.Insert || t.operation == mapping.Update && slices.Contains(t.columns, column)) && t.entry.model.Columns[column].Chosen(t.entry.value)
}

// substitute makes a statement write an SQL expression into a column.
func substitute(w *mapping.Statement, column, expression string) {
	if w.Instead == nil {
		w.Instead = make(map[string]string)
	}
	w.Instead[column] = expression
}

// keptAs is the parameter in which the server keeps a row's key for the rows that refer to it.
func keptAs(task, column int) string { return fmt.Sprintf("unoactor.key_%d_%d", task, column) }

// refer gives the foreign keys of a row the keys of its parents. The keys of parents that are
// inserted in the same round trip are known to the server alone: see keptAs.
func (t *task) refer(w *mapping.Statement, known *columns) error {
	m := t.entry.model
	for _, link := range t.links {
		p := m.Parents[link.parent]
		own, keys := columnsOf(m, p.Columns), columnsOf(link.to.model, p.Keys)
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
			substitute(w, name, fmt.Sprintf("current_setting('%s')::%s", keptAs(link.task.number, link.task.tell(keys[i])), known.names[column]))
			sets(w, name)
		}
	}
	return nil
}

// chooses says whether the value of a column of a row that is inserted is not known before.
func (t *task) chooses(column int) bool {
	m := t.entry.model
	if m.Columns[column].Chosen(t.entry.value) {
		return true
	}
	return slices.ContainsFunc(t.links, func(l link) bool { // it comes from a row that is inserted before
		keys := columnsOf(l.to.model, m.Parents[l.parent].Keys)
		i := slices.Index(columnsOf(m, m.Parents[l.parent].Columns), column)
		return l.task != nil && l.task.number < t.number && i >= 0 && keys != nil && l.task.chooses(keys[i])
	})
}

// copyKey gives a column the key of an object: the field in Go if it can have that value, the
// statement otherwise.
func (t *task) copyKey(w *mapping.Statement, column int, to *entry, key int) error {
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
		substitute(w, c.Name, theirs)
	} else if own, err = c.Literal(t.entry.value); err != nil || !alike(own, theirs) {
		substitute(w, c.Name, theirs)
	}
	sets(w, c.Name)
	return nil
}

// give gives a field the value of another, if it can.
func give(field, from reflect.Value) bool {
	from = reflect.Indirect(from)
	return from.IsValid() && assign(field, from.Interface()) == nil
}

// sets adds a column to those that an update sets.
func sets(w *mapping.Statement, column string) {
	if w.Operation == mapping.Update && !slices.Contains(w.Columns, column) {
		w.Columns = append(w.Columns, column)
	}
}

// tell makes the statement keep a column's value for the statements after it, and returns the
// number by which they find it.
func (t *task) tell(column int) int {
	if i := slices.Index(t.told, column); i >= 0 {
		return i
	}
	t.told = append(t.told, column)
	return len(t.told) - 1
}
