package unoactor

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// StaleObjectError is an object whose row is not there any more: deleted by somebody
// else since it was read, or out of sight.
type StaleObjectError struct {
	Operation Operation
	Table     string
	Key       string // SQL literals
}

func (e *StaleObjectError) Error() string {
	return fmt.Sprintf("%s %s (%s): no such row any more: somebody else deleted it since it was read", e.Operation, e.Table, e.Key)
}

// Flush writes what was added, changed and deleted: all statements in one round trip,
// in an order that foreign keys allow, all or nothing. Keys and other values that the
// database chose are filled in. Outside a transaction, changes and deletions take one
// of their own. Without objects it does nothing.
func (s *Session) Flush(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.flush(ctx)
}

func (s *Session) flush(ctx context.Context) error {
	if s.unit == nil {
		return nil
	}
	plan, err := s.unit.plan()
	if err != nil || len(plan) == 0 {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	if len(s.levels) > 0 {
		return s.send(ctx, plan)
	}
	if plan[len(plan)-1].operation == OpInsert { // what comes last is no insert if anything isn't
		err := s.send(ctx, plan)
		if err == nil {
			s.unit.settle()
		}
		return err
	}
	if err := s.push(ctx, pgx.TxOptions{}, level{internal: true}); err != nil {
		return err
	}
	if err := s.send(ctx, plan); err != nil {
		_ = s.rollback(ctx) // it can but lose the connection, which rolls back too
		return err
	}
	return s.commit(ctx)
}

// send writes a plan in one round trip. If it fails the unit is as it was before.
func (s *Session) send(ctx context.Context, plan []*task) error {
	before := len(s.unit.undo.steps)
	err := s.sendAll(ctx, plan)
	if err != nil {
		s.unit.undo.back(before)
	}
	return s.after(ctx, err)
}

func (s *Session) sendAll(ctx context.Context, plan []*task) error {
	texts, err := s.unit.write(ctx, plan)
	if err != nil {
		return err
	}
	batch := &pgconn.Batch{}
	for _, sql := range texts {
		batch.ExecParams(sql, nil, nil, nil, nil)
	}
	c := s.backend.Conn()
	trace := traceBatch(ctx, s.backend, texts)
	results := c.PgConn().ExecBatch(trace.ctx, batch)
	err = nil
	for i, t := range plan {
		if !results.NextResult() {
			break
		}
		tag, failed := t.receive(s.unit, c.TypeMap(), results.ResultReader())
		trace.query(texts[i], tag, failed)
		if err == nil && failed != nil {
			err = fmt.Errorf("%s %s: %w", t.operation, t.entry.model.Table, failed)
		}
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	trace.end(err)
	if err != nil {
		return err
	}
	for _, t := range plan {
		t.done(s.unit)
	}
	return nil
}

// write is the text of each task.
func (u *unit) write(ctx context.Context, plan []*task) ([]string, error) {
	writes := make([]Statement, len(plan))
	for i, t := range plan {
		writes[i] = Statement{Operation: t.operation, Object: t.entry.object, Columns: t.columns}
		if err := t.refer(u, &writes[i]); err != nil {
			return nil, err
		}
	}
	texts := make([]string, len(plan))
	for i, t := range plan {
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
		if instead || t.operation == OpInsert && c.Chosen(t.entry.value) {
			t.returned = append(t.returned, i)
			w.Returning = append(w.Returning, pgx.Identifier{c.Name}.Sanitize())
		}
	}
	for i, name := range t.told {
		w.Returning = append(w.Returning, fmt.Sprintf("set_config('%s', %s::text, true)", setting(t.number, i), pgx.Identifier{name}.Sanitize()))
	}
}

// setting is where a row's key is kept by the server for the rows that refer to it.
func setting(task, column int) string { return fmt.Sprintf("unoactor.key_%d_%d", task, column) }

// refer gives the foreign keys of a row the keys of its parents: of those that are
// inserted in the same round trip, by what the server then knows.
func (t *task) refer(u *unit, w *Statement) error {
	for _, link := range t.links {
		for i, name := range link.parent.Columns {
			at, own := link.to.model.column(link.parent.Keys[i]), t.entry.model.column(name)
			if link.task == nil || !at.Chosen(link.to.value) {
				field, key := own.Field(t.entry.value), at.Field(link.to.value)
				if own.Literal(t.entry.value) != at.Literal(link.to.value) && set(u, field, key) && t.operation == OpUpdate {
					w.Columns = append(w.Columns, name)
				}
				continue
			}
			if t.operation == OpInsert && link.task.number >= t.number {
				return fmt.Errorf("insert %s: new objects refer to each other in a circle: add and flush one of them without its %s first",
					t.entry.model.Table, name)
			}
			if w.Instead == nil {
				w.Instead = make(map[string]string)
			}
			w.Instead[name] = fmt.Sprintf("current_setting('%s')::%s", setting(link.task.number, link.task.tell(at.Name)), own.Type)
			if t.operation == OpUpdate && !slices.Contains(w.Columns, name) {
				w.Columns = append(w.Columns, name)
			}
		}
	}
	return nil
}

// receive fills in what the database chose.
func (t *task) receive(u *unit, types *pgtype.Map, r *pgconn.ResultReader) (pgconn.CommandTag, error) {
	names := make([]string, len(t.returned))
	for i, at := range t.returned {
		c := t.entry.model.Columns[at]
		names[i] = c.Name
		u.undo.field(c.Field(t.entry.value))
	}
	var failed error
	for r.NextRow() {
		if failed != nil || len(names) == 0 {
			continue
		}
		row, err := decode(types, r.FieldDescriptions()[:len(names)], r.Values())
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
		return tag, &StaleObjectError{t.operation, t.entry.model.Table, strings.Join(keyOf(t.entry.model, t.entry.object), ", ")}
	}
	return tag, failed
}

// done takes note of what is in the database now.
func (t *task) done(u *unit) {
	e := t.entry
	switch t.operation {
	case OpInsert:
		u.undo.do(func() {
			delete(u.rows, e.identity())
			e.state, e.image = pending, nil
		})
		e.state = stored
		e.remember()
		u.rows[e.identity()] = e
	case OpUpdate:
		u.undo.image(e)
		e.remember()
	case OpDelete:
		u.undo.do(func() { e.state, u.rows[e.identity()] = doomed, e })
		e.state = gone
		delete(u.rows, e.identity())
	}
}

// decode makes of a row what drivers of database/sql give.
func decode(types *pgtype.Map, fields []pgconn.FieldDescription, values [][]byte) ([]driver.Value, error) {
	row := make([]driver.Value, len(fields))
	for i, f := range fields {
		if values[i] == nil {
			continue
		}
		known, ok := types.TypeForOID(f.DataTypeOID)
		if !ok {
			row[i] = string(values[i])
			continue
		}
		v, err := known.Codec.DecodeDatabaseSQLValue(types, f.DataTypeOID, f.Format, values[i])
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", f.Name, err)
		}
		row[i] = v
	}
	return row, nil
}

// fetch reads the row with an object's key into it.
func (s *Session) fetch(ctx context.Context, m *Model, object any) error {
	sql, err := s.unit.mapper.SQL(ctx, Statement{Operation: OpSelect, Object: object})
	if err != nil {
		return fmt.Errorf("read %s: %w", m.Table, err)
	}
	c, err := s.connection(ctx)
	if err != nil {
		return err
	}
	names := make([]string, len(m.Columns))
	for i, col := range m.Columns {
		names[i] = col.Name
	}
	found := false
	rows, err := c.Query(ctx, sql, pgx.QueryExecModeExec, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return s.after(ctx, err)
	}
	for rows.Next() {
		found = true
		row, err := decode(c.TypeMap(), rows.FieldDescriptions(), rows.RawValues())
		if err == nil {
			err = s.unit.mapper.Scan(object, names, row)
		}
		if err != nil {
			rows.Close()
			return fmt.Errorf("read %s: %w", m.Table, err)
		}
	}
	if err := s.after(ctx, rows.Err()); err != nil {
		return fmt.Errorf("read %s: %w", m.Table, err)
	}
	if !found {
		return fmt.Errorf("read %s (%s): %w", m.Table, strings.Join(keyOf(m, object), ", "), pgx.ErrNoRows)
	}
	return nil
}
