package unitofwork

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/mapping"
)

// Write sends a plan in one round trip, and takes note of what is in the database then. If
// it fails, or the mapper panics, the objects are as they were before.
func (u *Unit) Write(ctx context.Context, b Backend, p Plan) error {
	for _, t := range p.tasks {
		t.picture()
	}
	written := false
	defer func() {
		if !written {
			for _, t := range p.tasks {
				t.entry.become(t.before)
			}
		}
	}()
	if err := u.send(ctx, b, p); err != nil {
		return err
	}
	written = true
	for _, t := range p.tasks {
		t.done(u)
	}
	return nil
}

func (u *Unit) send(ctx context.Context, b Backend, p Plan) error {
	known, err := u.columnsFor(ctx, b, p)
	if err != nil {
		return err
	}
	texts, err := u.texts(ctx, p.tasks, known)
	if err != nil {
		return err
	}
	x := newExchange(b, len(p.tasks))
	if p.circular {
		x.ahead = []string{"set constraints all deferred"}
	}
	for i, t := range p.tasks {
		x.statement(Question{SQL: texts[i], Wrap: p.wrap(t), Answer: func(r *pgconn.ResultReader) (pgconn.CommandTag, error) {
			return t.receive(u, b.Conn().TypeMap(), r)
		}}, known[t.entry.model], t.returned, len(t.told))
	}
	if err = x.run(ctx); err != nil {
		for _, c := range known {
			c.forget()
		}
	}
	if stale := (*mapping.StaleObjectError)(nil); errors.As(err, &stale) {
		return u.whyStale(ctx, b, p, stale)
	}
	return err
}

// wrap returns what says of an error which statement it is about, and what would help.
func (p Plan) wrap(t *task) func(error) error {
	return func(err error) error {
		if errors.As(err, new(*mapping.StaleObjectError)) {
			return err
		}
		if pg := (*pgconn.PgError)(nil); p.circular && errors.As(err, &pg) && (pg.Code == "23503" || pg.Code == "23505") {
			return fmt.Errorf("%s %s: %w (rows of this flush refer to each other in a circle, or exchange unique values, which no order of statements can write: "+
				"make the constraint DEFERRABLE, or flush in steps)", t.operation, t.entry.model.Table, err)
		}
		return fmt.Errorf("%s %s: %w", t.operation, t.entry.model.Table, err)
	}
}

// whyStale asks whether the row that a statement did not find is there.
func (u *Unit) whyStale(ctx context.Context, b Backend, p Plan, stale *mapping.StaleObjectError) error {
	i := slices.IndexFunc(p.tasks, func(t *task) bool {
		return t.operation == stale.Operation && t.row != nil && t.entry.model.Table == stale.Table && t.row.key(t.entry.model) == stale.Key
	})
	if i >= 0 {
		_, err := u.fetch(ctx, b, p.tasks[i].entry)
		stale.There = err == nil
	}
	return stale
}

// columnsFor asks for the columns of the models whose statements return values.
func (u *Unit) columnsFor(ctx context.Context, b Backend, p Plan) (map[*mapping.Model]*columns, error) {
	known := make(map[*mapping.Model]*columns)
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
		if known[m], err = u.columns(ctx, b, m, t.entry.value.Type()); err != nil {
			return nil, fmt.Errorf("%s %s: %w", t.operation, m.Table, err)
		}
	}
	return known, nil
}
