package unitofwork

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/unoactor/unoactor/mapping"
)

// Backend is the connection that a unit of work writes to and reads from.
type Backend interface {
	// Conn is the connection as pgx has it.
	Conn() *pgx.Conn
	// Exchange sends questions in one round trip and has their answers taken, in that
	// order. The error is the first, wrapped by its question.
	Exchange(context.Context, []Question) error
	// Lasts says whether the transaction in which an exchange is goes on after it.
	Lasts() bool
}

// Question is a statement and what is done about its answer.
type Question struct {
	SQL     string
	Formats []int16 // of the columns that come back
	Answer  func(*pgconn.ResultReader) (pgconn.CommandTag, error)
	Wrap    func(error) error // says whose error it is
}

// exchange is some statements that are sent in one round trip. What they mean and what comes
// back is the same whatever parameters the program has set.
type exchange struct {
	backend Backend
	set     []parameter // what they must be for the exchange
	ahead   []string    // statements that come before
	sent    []Question  // the statements
}

// newExchange makes an exchange for so many statements.
func newExchange(b Backend, statements int) *exchange {
	return &exchange{backend: b, set: different(b.Conn().PgConn()), sent: make([]Question, 0, statements)}
}

// statement adds a statement that returns some columns of a model, and after them as many
// texts as are told.
func (x *exchange) statement(q Question, known *columns, returned []int, told int) {
	q.SQL = portable(q.SQL)
	for _, column := range returned {
		if known == nil {
			q.Formats = append(q.Formats, pgx.TextFormatCode)
			x.want(outputParameters)
			continue
		}
		q.Formats = append(q.Formats, known.formats[column])
		if !known.plain[column] {
			x.want(outputParameters)
		}
	}
	for range told {
		q.Formats = append(q.Formats, pgx.TextFormatCode)
	}
	if hasNullElement(q.SQL) {
		x.want(inputParameters)
	}
	x.sent = append(x.sent, q)
}

// want adds parameters to those that must be set.
func (x *exchange) want(parameters []parameter) {
	for _, s := range parameters {
		if !slices.Contains(x.set, s) {
			x.set = append(x.set, s)
		}
	}
}

// run sends the statements and has their answers taken. The error is the first.
func (x *exchange) run(ctx context.Context) error {
	if len(x.set)+len(x.ahead) == 0 {
		return x.backend.Exchange(ctx, x.sent)
	}
	questions := make([]Question, 0, 2+len(x.ahead)+len(x.sent))
	if len(x.set) > 0 {
		questions = append(questions, command(setAll(x.set)))
	}
	for _, sql := range x.ahead {
		questions = append(questions, command(sql))
	}
	questions = append(questions, x.sent...)
	if len(x.set) > 0 && x.backend.Lasts() { // else the end of the transaction does it
		questions = append(questions, command(restoreAll(x.set)))
	}
	return x.backend.Exchange(ctx, questions)
}

// command is a question whose answer tells nothing.
func command(sql string) Question { return Question{SQL: sql, Answer: ignore, Wrap: asItIs} }

func asItIs(err error) error { return err }

func ignore(r *pgconn.ResultReader) (pgconn.CommandTag, error) { return r.Close() }

// decode returns the first n columns of a row as the values that drivers of database/sql give.
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

// fetch reads the row with an object's key.
func (u *Unit) fetch(ctx context.Context, b Backend, e *entry) (row []driver.Value, err error) {
	known, err := u.columns(ctx, b, e.model, e.value.Type())
	if err != nil {
		return nil, err
	}
	sql, err := u.mapper.SQL(ctx, mapping.Statement{Operation: mapping.Select, Object: e.object})
	if err != nil {
		return nil, err
	}
	all := make([]int, len(e.model.Columns))
	for i := range all {
		all[i] = i
	}
	x := newExchange(b, 1)
	x.statement(Question{SQL: sql, Wrap: asItIs, Answer: func(r *pgconn.ResultReader) (pgconn.CommandTag, error) {
		var failed error
		for r.NextRow() {
			if failed == nil {
				row, failed = decode(b.Conn().TypeMap(), len(all), r.FieldDescriptions(), r.Values())
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
