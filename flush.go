package unoactor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// StaleObjectError is an object whose statement found no row: deleted by somebody else
// since it was read, out of sight, or kept from the statement by a trigger.
type StaleObjectError struct {
	Operation Operation
	Table     string
	Key       string // SQL literals
	There     bool   // the row can be read all the same
}

func (e *StaleObjectError) Error() string {
	what := "no such row any more: somebody else deleted it since it was read"
	switch {
	case e.Operation == OpInsert:
		what = "nothing was inserted: a trigger (BEFORE INSERT) or a rule of the table skipped the row"
	case e.There:
		what = "the row is there and was left alone: a trigger (BEFORE " + map[Operation]string{OpUpdate: "UPDATE", OpDelete: "DELETE"}[e.Operation] +
			"), a rule or a row security policy of the table skipped it"
	}
	if e.Key == "" {
		return fmt.Sprintf("%s %s: %s", e.Operation, e.Table, what)
	}
	return fmt.Sprintf("%s %s (%s): %s", e.Operation, e.Table, e.Key, what)
}

// Flush writes what was added, changed and deleted: all statements in one round trip,
// in an order that foreign keys and unique keys allow, all or nothing. Keys and other
// values that the database chose are filled in. Outside a transaction, changes and
// deletions take one of their own. Without objects it does nothing. Rows that refer to
// each other in a circle, or exchange unique values, need constraints that are
// DEFERRABLE, which then wait for the end of the transaction.
func (s *Session) Flush(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.flush(ctx)
}

// errFlushInSQL is a flush whose own transaction would end the one that SQL has begun.
var errFlushInSQL = errors.New("nothing is flushed in a transaction that a statement, a batch or what used the session's connection began: " +
	"begin it with Begin, BeginTx or Tx")

func (s *Session) flush(ctx context.Context) error {
	if s.unit == nil {
		return nil
	}
	p, err := s.unit.plan()
	if err != nil || len(p.tasks) == 0 {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	if len(s.levels) > 0 {
		return s.send(ctx, p)
	}
	if s.backend.Conn().PgConn().TxStatus() != 'I' {
		return errFlushInSQL
	}
	if !p.circular && !slices.ContainsFunc(p.tasks, func(t *task) bool { return t.operation != OpInsert }) {
		err := s.send(ctx, p)
		if err == nil {
			s.unit.settle()
		}
		return err
	}
	if err := s.push(ctx, pgx.TxOptions{}, level{internal: true, flush: p.tasks}); err != nil {
		return err
	}
	if err := s.send(ctx, p); err != nil {
		_ = s.rollback(ctx) // it can but lose the connection, which rolls back too
		return err
	}
	return s.commit(ctx)
}

// send writes a plan in one round trip. If it fails the objects are as they were before.
func (s *Session) send(ctx context.Context, p plan) error {
	for _, t := range p.tasks {
		t.look()
	}
	sent := s.begun()
	err := s.sendAll(ctx, p)
	for _, t := range p.tasks {
		if err != nil {
			t.entry.become(t.before)
		} else {
			t.done(s.unit)
		}
	}
	return s.after(ctx, sent, "insert", err)
}

func (s *Session) sendAll(ctx context.Context, p plan) error {
	known, err := s.describeFor(ctx, p)
	if err != nil {
		return err
	}
	texts, err := s.unit.write(ctx, p.tasks, known)
	if err != nil {
		return err
	}
	x := newExchange(s)
	if p.circular {
		x.ahead = []string{"set constraints all deferred"}
	}
	for i, t := range p.tasks {
		x.statement(question{sql: texts[i], wrap: p.wrap(t), answer: func(r *pgconn.ResultReader) (pgconn.CommandTag, error) {
			return t.receive(s.unit, s.backend.Conn().TypeMap(), r)
		}}, known[t.entry.model], t.returned, len(t.told))
	}
	if err = x.run(ctx); err != nil {
		for _, c := range known {
			c.forget()
		}
	}
	if stale := (*StaleObjectError)(nil); errors.As(err, &stale) {
		return s.whyStale(ctx, p, stale)
	}
	return err
}

// wrap says of a task's error what it was about.
func (p plan) wrap(t *task) func(error) error {
	return func(err error) error {
		if errors.As(err, new(*StaleObjectError)) {
			return err
		}
		if pg := (*pgconn.PgError)(nil); p.circular && errors.As(err, &pg) && (pg.Code == "23503" || pg.Code == "23505") {
			return fmt.Errorf("%s %s: %w (rows of this flush refer to each other in a circle, or exchange unique values, which no order of statements can write: "+
				"make the constraint DEFERRABLE, or flush in steps)", t.operation, t.entry.model.Table, err)
		}
		return fmt.Errorf("%s %s: %w", t.operation, t.entry.model.Table, err)
	}
}

// whyStale looks whether a row that a statement did not find is there.
func (s *Session) whyStale(ctx context.Context, p plan, stale *StaleObjectError) error {
	i := slices.IndexFunc(p.tasks, func(t *task) bool {
		return t.operation == stale.Operation && t.row != nil && t.entry.model.Table == stale.Table && t.row.key(t.entry.model) == stale.Key
	})
	if i >= 0 {
		_, err := s.fetchOn(ctx, p.tasks[i].entry)
		stale.There = err == nil
	}
	return stale
}

// describeFor has the columns known of which the tasks' statements return values.
func (s *Session) describeFor(ctx context.Context, p plan) (map[*Model]*columns, error) {
	known := make(map[*Model]*columns)
	for _, t := range p.tasks {
		m, wanted := t.entry.model, false
		for i := range m.Columns {
			wanted = wanted || t.leaves(i)
		}
		for _, l := range t.links {
			wanted = wanted || l.task != nil
		}
		if !wanted || known[m] != nil {
			continue
		}
		var err error
		if known[m], err = s.describe(ctx, m, t.entry.value.Type()); err != nil {
			return nil, fmt.Errorf("%s %s: %w", t.operation, m.Table, err)
		}
	}
	return known, nil
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

// receive fills in what the database chose.
func (t *task) receive(u *unit, types *pgtype.Map, r *pgconn.ResultReader) (pgconn.CommandTag, error) {
	names := make([]string, len(t.returned))
	for i, at := range t.returned {
		names[i] = t.entry.model.Columns[at].Name
	}
	var failed error
	for r.NextRow() {
		if failed != nil || len(names) == 0 {
			continue
		}
		row, err := decode(types, len(names), r.FieldDescriptions(), r.Values())
		if err == nil {
			err = u.mapper.Scan(t.entry.object, names, row)
		}
		failed = err
	}
	tag, err := r.Close()
	switch {
	case err != nil:
		return tag, err
	case failed == nil && tag.RowsAffected() == 0:
		stale := &StaleObjectError{Operation: t.operation, Table: t.entry.model.Table}
		if t.row != nil {
			stale.Key = t.row.key(t.entry.model)
		}
		return tag, stale
	case failed == nil && tag.RowsAffected() > 1 && t.row != nil:
		failed = fmt.Errorf("%d rows have the key (%s): it is no key of the table", tag.RowsAffected(), t.row.key(t.entry.model))
	}
	return tag, failed
}

// done takes note of what is in the database now.
func (t *task) done(u *unit) {
	e := t.entry
	if t.operation == OpDelete {
		u.bury(e)
		return
	}
	if t.replaces != nil {
		u.bury(t.replaces)
	}
	e.state = stored
	e.row, e.expired = e.lookAfter(t.before), false
	u.rows[e.identity()] = e
	for _, column := range differing(t.before.literals, e.row.literals, 0) {
		if _, known := e.given[column]; !known {
			if e.given == nil {
				e.given = make(given)
			}
			e.given[column] = t.before.values[column]
		}
	}
}

// bury takes note that an entry's row is deleted.
func (u *unit) bury(e *entry) {
	e.state = gone
	if u.rows[e.identity()] == e {
		delete(u.rows, e.identity())
	}
}
