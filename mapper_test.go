package unoactor_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/mapping"
)

type pet struct {
	ID   int64 // 0 until the database has chosen it
	Name string
}

// byHand maps pets, and nothing else, without a library.
type byHand struct{ pets *mapping.Model }

func newByHand() byHand {
	id := func(v reflect.Value) reflect.Value { return v.FieldByName("ID") }
	name := func(v reflect.Value) reflect.Value { return v.FieldByName("Name") }
	column := func(of string, field func(reflect.Value) reflect.Value, literal func(reflect.Value) string, chosen func(reflect.Value) bool) mapping.Column {
		return mapping.Column{
			Name: of, Field: field, Chosen: chosen,
			Literal: func(v reflect.Value) (string, error) { return literal(field(v)), nil },
			Copy:    func(v reflect.Value) reflect.Value { return reflect.ValueOf(field(v).Interface()) },
			Set:     func(v, value reflect.Value) { field(v).Set(value) },
		}
	}
	return byHand{&mapping.Model{Table: "pets", Keys: 1, Columns: []mapping.Column{
		column("id", id, func(v reflect.Value) string { return strconv.FormatInt(v.Int(), 10) }, func(v reflect.Value) bool { return id(v).IsZero() }),
		column("name", name, func(v reflect.Value) string { return quoted(v.String()) }, func(reflect.Value) bool { return false }),
	}}}
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (m byHand) Model(of reflect.Type) (*mapping.Model, error) {
	if of != reflect.TypeFor[pet]() {
		return nil, fmt.Errorf("no table for %v", of)
	}
	return m.pets, nil
}

func (m byHand) SQL(_ context.Context, w mapping.Statement) (string, error) {
	p := w.Object.(*pet)
	returning := ""
	if len(w.Returning) > 0 {
		returning = " returning " + strings.Join(w.Returning, ", ")
	}
	switch {
	case w.Operation == mapping.Insert && p.ID == 0:
		return fmt.Sprintf("insert into pets (name) values (%s)%s", quoted(p.Name), returning), nil
	case w.Operation == mapping.Insert:
		return fmt.Sprintf("insert into pets (id, name) values (%d, %s)%s", p.ID, quoted(p.Name), returning), nil
	case w.Operation == mapping.Update:
		return fmt.Sprintf("update pets set name = %s where id = %d%s", quoted(p.Name), p.ID, returning), nil
	case w.Operation == mapping.Delete:
		return fmt.Sprintf("delete from pets where id = %d", p.ID), nil
	}
	return fmt.Sprintf("select id, name from pets where id = %d", p.ID), nil
}

func (m byHand) Scan(object any, columns []string, row []driver.Value) error {
	p := object.(*pet)
	for i, column := range columns {
		switch column {
		case "id":
			p.ID = row[i].(int64)
		case "name":
			p.Name = row[i].(string)
		}
	}
	return nil
}

func TestAMapperWrittenByHandIsEnoughForAUnitOfWork(t *testing.T) {
	db := open(t)
	execute(t, db, "create table pets (id bigserial primary key, name text)")
	mapped := unoactor.SessionConfig{Mapper: newByHand()}
	rex, tom := &pet{Name: "Rex"}, &pet{ID: 100, Name: `Tom \ O'Malley`}
	err := db.Session(t.Context(), func(_ context.Context, s *unoactor.Session) error { return s.Add(rex, tom) }, mapped)
	if err != nil || rex.ID != 1 {
		t.Fatalf("%v, %+v", err, rex)
	}
	err = db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		p, err := unoactor.Get[pet](ctx, s, tom.ID)
		if err != nil {
			return err
		}
		if *p != *tom {
			t.Errorf("%+v was written, and %+v is read", tom, p)
		}
		p.Name = "Tom"
		if _, err := unoactor.Get[pet](ctx, s, 7); !errors.Is(err, pgx.ErrNoRows) {
			t.Errorf("one that there is not: %v", err)
		}
		gone := &pet{ID: 7}
		if err := s.Delete(gone); err != nil {
			return err
		}
		var stale *unoactor.StaleObjectError
		if err := s.Flush(ctx); !errors.As(err, &stale) || stale.Operation != mapping.Delete || stale.Key != "7" {
			t.Errorf("the deletion of one that there is not: %v", err)
		}
		return s.Expunge(gone)
	}, mapped)
	if err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, db, "select string_agg(id || name, ' ' order by id) from pets"); got != "1Rex 100Tom" {
		t.Errorf("in the table: %s", got)
	}
	err = db.Session(t.Context(), func(_ context.Context, s *unoactor.Session) error { return s.Add(rex) })
	if !errors.Is(err, unoactor.ErrNoMapper) {
		t.Errorf("without a mapper: %v", err)
	}
}
