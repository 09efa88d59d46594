package unoactor

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// exchange is statements of a unit of work that are sent in one round trip, and what
// is done about their answers. What they mean, and what comes back, is the same
// whatever the session's settings are.
type exchange struct {
	session *Session
	set     []setTo    // what the settings must be for it
	ahead   []string   // statements that come before
	sent    []question // the statements
}

// question is a statement and what is done about its answer.
type question struct {
	sql     string
	formats []int16
	answer  func(*pgconn.ResultReader) (pgconn.CommandTag, error)
	wrap    func(error) error // says whose error it is
}

func newExchange(s *Session) *exchange {
	return &exchange{session: s, set: different(s.backend.Conn().PgConn())}
}

// statement adds one that returns some columns of a model, and then as many texts.
func (x *exchange) statement(q question, known *columns, returned []int, told int) {
	q.sql = portable(q.sql)
	for _, column := range returned {
		if known == nil {
			q.formats = append(q.formats, pgx.TextFormatCode)
			x.want(outputSettings)
			continue
		}
		q.formats = append(q.formats, known.formats[column])
		if !known.plain[column] {
			x.want(outputSettings)
		}
	}
	for range told {
		q.formats = append(q.formats, pgx.TextFormatCode)
	}
	if hasNullElement(q.sql) {
		x.want(inputSettings)
	}
	x.sent = append(x.sent, q)
}

func (x *exchange) want(settings []setTo) {
	for _, s := range settings {
		if !slices.Contains(x.set, s) {
			x.set = append(x.set, s)
		}
	}
}

// run sends the statements and has their answers taken. The error is the first.
func (x *exchange) run(ctx context.Context) error {
	s := x.session
	var questions []question
	if len(x.set) > 0 {
		questions = append(questions, question{sql: setAll(x.set), answer: ignore, wrap: asItIs})
	}
	for _, sql := range x.ahead {
		questions = append(questions, question{sql: sql, answer: ignore, wrap: asItIs})
	}
	questions = append(questions, x.sent...)
	if n := len(s.levels); len(x.set) > 0 && n > 0 && !s.levels[n-1].internal { // else the end of the transaction does it
		questions = append(questions, question{sql: restoreAll(x.set), answer: ignore, wrap: asItIs})
	}
	batch, texts := &pgconn.Batch{}, make([]string, len(questions))
	for i, q := range questions {
		batch.ExecParams(q.sql, nil, nil, nil, q.formats)
		texts[i] = q.sql
	}
	trace := traceBatch(ctx, s.backend, texts)
	s.backend.Sending()
	results := s.backend.Conn().PgConn().ExecBatch(trace.ctx, batch)
	var err error
	answered := 0
	for _, q := range questions {
		if !results.NextResult() {
			break
		}
		tag, failed := q.answer(results.ResultReader())
		trace.query(q.sql, tag, failed)
		if err == nil && failed != nil {
			err = q.wrap(failed)
		}
		answered++
	}
	if closed := results.Close(); err == nil && closed != nil {
		if err = closed; answered < len(questions) { // the server refused its text
			err = questions[answered].wrap(closed)
		}
	}
	trace.end(err)
	return err
}

func asItIs(err error) error { return err }

func ignore(r *pgconn.ResultReader) (pgconn.CommandTag, error) { return r.Close() }

// decode makes of the first n columns of a row what drivers of database/sql give.
func decode(types *pgtype.Map, n int, fields []pgconn.FieldDescription, values [][]byte) ([]driver.Value, error) {
	if len(fields) < n || len(values) < n {
		return nil, fmt.Errorf("%d columns were asked for, the server described %d and sent %d", n, len(fields), len(values))
	}
	row := make([]driver.Value, n)
	for i, f := range fields[:n] {
		if values[i] == nil {
			continue
		}
		known, ok := types.TypeForOID(f.DataTypeOID)
		if !ok {
			if f.Format != pgx.TextFormatCode {
				return nil, fmt.Errorf("column %s is of another type than it was: read it again", f.Name)
			}
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

// fetch reads the row with an object's key, after what is to be flushed.
func (s *Session) fetch(ctx context.Context, e *entry, key string) ([]driver.Value, error) {
	if _, err := s.connection(ctx); err != nil {
		return nil, err
	}
	sent := s.begun()
	row, err := s.fetchOn(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("read %s (%s): %w", e.model.Table, key, s.after(ctx, sent, "select", err))
	}
	return row, nil
}

// fetchOn is fetch on the backend that the session has.
func (s *Session) fetchOn(ctx context.Context, e *entry) (row []driver.Value, err error) {
	known, err := s.describe(ctx, e.model, e.value.Type())
	if err != nil {
		return nil, err
	}
	sql, err := s.unit.mapper.SQL(ctx, Statement{Operation: OpSelect, Object: e.object})
	if err != nil {
		return nil, err
	}
	all := make([]int, len(e.model.Columns))
	for i := range all {
		all[i] = i
	}
	x := newExchange(s)
	x.statement(question{sql: sql, wrap: asItIs, answer: func(r *pgconn.ResultReader) (pgconn.CommandTag, error) {
		var failed error
		for r.NextRow() {
			if failed == nil {
				row, failed = decode(s.backend.Conn().TypeMap(), len(all), r.FieldDescriptions(), r.Values())
			}
		}
		tag, err := r.Close()
		if err == nil {
			err = failed
		}
		return tag, err
	}}, known, all, 0)
	if err := x.run(ctx); err != nil {
		known.forget()
		return nil, err
	}
	if row == nil {
		return nil, pgx.ErrNoRows
	}
	return row, nil
}
