package unoactor

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

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
