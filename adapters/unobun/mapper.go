package unobun

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"github.com/unoactor/unoactor"
)

// mapper is bun's view of Go structs, as the unit of work wants it.
type mapper struct {
	db     *bun.DB
	models sync.Map // reflect.Type to *unoactor.Model
}

// Mapper maps objects by bun's struct tags and writes bun's SQL. It is safe for
// concurrent use, and one is enough.
func Mapper() unoactor.Mapper { return &mapper{db: bun.NewDB(nil, pgdialect.New())} }

// Model implements [unoactor.Mapper].
func (m *mapper) Model(t reflect.Type) (model *unoactor.Model, err error) {
	if known, ok := m.models.Load(t); ok {
		return known.(*unoactor.Model), nil
	}
	defer func() {
		if p := recover(); p != nil { // bun's way to say that tags make no sense
			err = fmt.Errorf("bun can't map %v to a table: %v", t, p)
		}
	}()
	if model, err = m.describe(m.db.Table(t)); err != nil {
		return nil, err
	}
	known, _ := m.models.LoadOrStore(t, model) // the first one stays: its address is its identity
	return known.(*unoactor.Model), nil
}

func (m *mapper) describe(table *schema.Table) (*unoactor.Model, error) {
	if len(table.PKs) == 0 {
		return nil, fmt.Errorf("%v has no primary key, by which a unit of work could know its rows: give a field the tag `bun:\",pk\"`", table.Type)
	}
	model := &unoactor.Model{Table: table.Name, Keys: len(table.PKs)}
	for _, f := range table.PKs {
		model.Columns = append(model.Columns, m.column(f))
	}
	for _, f := range table.DataFields {
		model.Columns = append(model.Columns, m.column(f))
	}
	for _, r := range table.Relations {
		switch {
		case r.Type == schema.BelongsToRelation && r.Field.StructField.Type.Kind() == reflect.Pointer:
			model.Parents = append(model.Parents, parent(r))
		case r.Type == schema.HasOneRelation || r.Type == schema.HasManyRelation:
			model.Children = append(model.Children, r.JoinTable.Type)
		}
	}
	return model, nil
}

func (m *mapper) column(f *schema.Field) unoactor.Column {
	return unoactor.Column{
		Name:  f.Name,
		Type:  castable(f.CreateTableSQLType),
		Field: f.Value,
		Literal: func(v reflect.Value) string {
			return string(f.AppendValue(m.db.QueryGen(), nil, v))
		},
		Chosen: func(v reflect.Value) bool {
			return f.IsPtr && f.HasNilValue(v) || f.HasZeroValue(v) && (f.NullZero || f.SQLDefault != "")
		},
	}
}

// castable is a column's type without what is no type but a way to fill it.
func castable(t string) string {
	switch strings.ToUpper(t) {
	case "SMALLSERIAL":
		return "smallint"
	case "SERIAL":
		return "integer"
	case "BIGSERIAL":
		return "bigint"
	}
	return t
}

func parent(r *schema.Relation) unoactor.Parent {
	p := unoactor.Parent{Type: r.JoinTable.Type, Object: func(v reflect.Value) any {
		if object := v.FieldByIndex(r.Field.Index); !object.IsNil() {
			return object.Interface()
		}
		return nil
	}}
	for i, f := range r.BasePKs {
		p.Columns = append(p.Columns, f.Name)
		p.Keys = append(p.Keys, r.JoinPKs[i].Name)
	}
	return p
}

// Scan implements [unoactor.Mapper].
func (m *mapper) Scan(object any, columns []string, row []driver.Value) error {
	v := reflect.ValueOf(object).Elem()
	table := m.db.Table(v.Type())
	for i, name := range columns {
		f := table.FieldMap[name]
		if f == nil {
			return fmt.Errorf("%v has no field for column %q", v.Type(), name)
		}
		if err := f.ScanValue(v, row[i]); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	if hook, ok := object.(bun.AfterScanRowHook); ok {
		return hook.AfterScanRow(context.Background()) // what was read is there: nothing is waited for
	}
	return nil
}

// SQL implements [unoactor.Mapper].
func (m *mapper) SQL(ctx context.Context, w unoactor.Statement) (string, error) {
	q := m.query(w)
	if hook, ok := w.Object.(bun.BeforeAppendModelHook); ok {
		if err := hook.BeforeAppendModel(ctx, q); err != nil {
			return "", err
		}
	}
	sql, err := q.AppendQuery(m.db.QueryGen(), nil)
	return string(sql), err
}

func (m *mapper) query(w unoactor.Statement) bun.Query {
	returning := strings.Join(w.Returning, ", ")
	if returning == "" {
		returning = "NULL" // bun's word for none
	}
	switch w.Operation {
	case unoactor.OpInsert:
		q := m.db.NewInsert().Model(w.Object).Returning("?", bun.Safe(returning))
		for column, expression := range w.Instead {
			q = q.Value(column, "?", bun.Safe(expression))
		}
		return q
	case unoactor.OpUpdate:
		q := m.db.NewUpdate().Model(w.Object).Column(w.Columns...).WherePK().Returning("?", bun.Safe(returning))
		for column, expression := range w.Instead {
			q = q.Value(column, "?", bun.Safe(expression))
		}
		return q
	case unoactor.OpDelete:
		return m.db.NewDelete().Model(w.Object).WherePK()
	}
	table := m.db.Table(reflect.TypeOf(w.Object).Elem())
	q := m.db.NewSelect().Model(w.Object).WherePK()
	for _, f := range table.PKs {
		q = q.Column(f.Name)
	}
	for _, f := range table.DataFields {
		q = q.Column(f.Name)
	}
	return q
}
