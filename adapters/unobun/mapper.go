package unobun

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/unoactor/unoactor/mapping"
)

// mapper is bun's view of Go structs, as the unit of work wants it.
type mapper struct {
	db     *bun.DB
	models sync.Map // reflect.Type to *mapping.Model
	wrong  error    // the models that it was made with, nil if they are right
}

// Mapper maps objects by bun's struct tags and writes bun's SQL. It is safe for
// concurrent use, and one is enough. Models, nil pointers to structs, are those that
// bun must know before others: the join tables of relations with the tag m2m, as
// (*OrderToItem)(nil). One that bun can't map is told with the first use.
func Mapper(models ...any) mapping.Mapper {
	m := &mapper{db: bun.NewDB(nil, newDialect())}
	for _, model := range models {
		t := reflect.TypeOf(model)
		if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
			m.wrong = errors.Join(m.wrong, fmt.Errorf("unobun.Mapper(%T): give it a pointer to a struct, as (*OrderToItem)(nil)", model))
			continue
		}
		if _, err := m.table(t.Elem()); err != nil {
			m.wrong = errors.Join(m.wrong, err)
		}
	}
	return m
}

// table is bun's description of a struct type.
func (m *mapper) table(t reflect.Type) (table *schema.Table, err error) {
	defer func() {
		if p := recover(); p != nil { // bun's way to say that tags make no sense
			err = fmt.Errorf("bun can't map %v to a table: %v", t, p)
			if text := fmt.Sprint(p); strings.Contains(text, "RegisterModel") {
				err = fmt.Errorf("%w: give unobun.Mapper the struct of that table, as unobun.Mapper((*OrderToItem)(nil))", err)
			}
		}
	}()
	return m.db.Table(t), nil
}

// Model implements [mapping.Mapper].
func (m *mapper) Model(t reflect.Type) (*mapping.Model, error) {
	if known, ok := m.models.Load(t); ok {
		return known.(*mapping.Model), nil
	}
	if m.wrong != nil {
		return nil, m.wrong
	}
	table, err := m.table(t)
	if err != nil {
		return nil, err
	}
	model, err := m.describe(table)
	if err != nil {
		return nil, err
	}
	known, _ := m.models.LoadOrStore(t, model) // the first one stays: its address is its identity
	return known.(*mapping.Model), nil
}

func (m *mapper) describe(table *schema.Table) (*mapping.Model, error) {
	if len(table.PKs) == 0 {
		return nil, fmt.Errorf("%v has no primary key, by which a unit of work could know its rows: give a field the tag `bun:\",pk\"`", table.Type)
	}
	model := &mapping.Model{Table: table.Name, Keys: len(table.PKs)}
	for _, f := range slices.Concat(table.PKs, table.DataFields) {
		if f.Append == nil || f.Scan == nil {
			return nil, fmt.Errorf("bun can't keep a %v, as in the field %s of %v: give it the tag `bun:\"-\"`, or a type that it can", f.StructField.Type, f.GoName, table.Type)
		}
		model.Columns = append(model.Columns, m.column(f))
	}
	for _, r := range table.Relations {
		switch {
		case r.Type == schema.BelongsToRelation || r.Type == schema.HasOneRelation && refersToKey(r):
			model.Parents = append(model.Parents, parent(r))
		case r.Type == schema.HasOneRelation || r.Type == schema.HasManyRelation:
			model.Children = append(model.Children, mapping.Child{Type: r.JoinTable.Type, Columns: names(r.JoinPKs), Keys: names(r.BasePKs)})
		}
	}
	return model, nil
}

// refersToKey says whether a relation leads from columns that are no key to the key of the
// other table: then the relation's own table has the foreign key, whatever the tag says.
func refersToKey(r *schema.Relation) bool {
	key := func(f *schema.Field) bool { return f.IsPK }
	return !slices.ContainsFunc(r.BasePKs, key) && !slices.ContainsFunc(r.JoinPKs, func(f *schema.Field) bool { return !f.IsPK })
}

func names(fields []*schema.Field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return all
}

func (m *mapper) column(f *schema.Field) mapping.Column {
	copied := copier(f.StructField.Type)
	return mapping.Column{
		Name:    f.Name,
		Fixed:   f.SkipUpdate(),
		Field:   f.Value,
		Literal: func(v reflect.Value) (string, error) { return literal(m.db.QueryGen(), f, v) },
		Chosen: func(v reflect.Value) bool {
			return f.IsPtr && f.HasNilValue(v) || f.HasZeroValue(v) && (f.NullZero || f.SQLDefault != "")
		},
		Copy: func(v reflect.Value) reflect.Value {
			field, err := v.FieldByIndexErr(f.Index)
			if err != nil {
				return reflect.Value{}
			}
			return copied(field)
		},
		Set: func(v, value reflect.Value) {
			if value.IsValid() {
				f.Value(v).Set(copied(value))
			} else if field, err := v.FieldByIndexErr(f.Index); err == nil {
				field.SetZero()
			}
		},
	}
}

func parent(r *schema.Relation) mapping.Parent {
	p := mapping.Parent{
		Type: r.JoinTable.Type, Columns: names(r.BasePKs), Keys: names(r.JoinPKs),
		Object: func(reflect.Value) any { return nil },
		Set:    func(reflect.Value, any) {},
	}
	if r.Field.StructField.Type.Kind() != reflect.Pointer {
		return p // a struct within the struct is no object
	}
	p.Object = func(v reflect.Value) any {
		if object, err := v.FieldByIndexErr(r.Field.Index); err == nil && !object.IsNil() {
			return object.Interface()
		}
		return nil
	}
	p.Set = func(v reflect.Value, object any) {
		if object != nil {
			r.Field.Value(v).Set(reflect.ValueOf(object))
		} else if field, err := v.FieldByIndexErr(r.Field.Index); err == nil {
			field.SetZero()
		}
	}
	return p
}

// Scan implements [mapping.Mapper].
func (m *mapper) Scan(object any, columns []string, row []driver.Value) error {
	v := reflect.ValueOf(object).Elem()
	table := m.db.Table(v.Type())
	fresh := reflect.New(v.Type()).Elem() // bun keeps what is in a map or a slice that it scans into
	fields := make([]*schema.Field, len(columns))
	for i, name := range columns {
		if fields[i] = table.FieldMap[name]; fields[i] == nil {
			return fmt.Errorf("%v has no field for column %q", v.Type(), name)
		}
		if err := fields[i].ScanValue(fresh, row[i]); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	for _, f := range fields {
		if value, err := fresh.FieldByIndexErr(f.Index); err == nil {
			f.Value(v).Set(value)
		} else if field, err := v.FieldByIndexErr(f.Index); err == nil {
			field.SetZero()
		}
	}
	if hook, ok := object.(bun.AfterScanRowHook); ok {
		return hook.AfterScanRow(context.Background()) // what was read is there: nothing is waited for
	}
	return nil
}

// SQL implements [mapping.Mapper].
func (m *mapper) SQL(ctx context.Context, w mapping.Statement) (sql string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bun can't write it: %v", p)
		}
	}()
	v := reflect.ValueOf(w.Object).Elem()
	table := m.db.Table(v.Type())
	if hook, ok := w.Object.(bun.BeforeAppendModelHook); ok {
		before := m.literals(table.DataFields, v)
		if err := hook.BeforeAppendModel(ctx, m.query(w)); err != nil {
			return "", err
		}
		if w.Operation == mapping.Update {
			for i, now := range m.literals(table.DataFields, v) {
				if name := table.DataFields[i].Name; now != before[i] && !slices.Contains(w.Columns, name) {
					w.Columns = append(w.Columns, name)
				}
			}
		}
	}
	if err := m.writable(table, v, w); err != nil {
		return "", err
	}
	text, err := m.query(w).AppendQuery(m.db.QueryGen(), nil)
	return string(text), err
}

func (m *mapper) literals(fields []*schema.Field, v reflect.Value) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i], _ = literal(m.db.QueryGen(), f, v)
	}
	return all
}

// writable returns the error of the first value that can't be written in a statement, nil
// if there is none. Bun would write the text of that error into the SQL.
func (m *mapper) writable(table *schema.Table, v reflect.Value, w mapping.Statement) error {
	for _, f := range table.Fields {
		if f.IsPK || w.Operation == mapping.Insert || slices.Contains(w.Columns, f.Name) {
			if _, err := literal(m.db.QueryGen(), f, v); err != nil {
				return fmt.Errorf("column %s: %w", f.Name, err)
			}
		}
	}
	return nil
}

func (m *mapper) query(w mapping.Statement) bun.Query {
	returning := strings.Join(w.Returning, ", ")
	if returning == "" {
		returning = "NULL" // bun's word for none
	}
	switch w.Operation {
	case mapping.Insert:
		q := m.db.NewInsert().Model(w.Object).Returning("?", bun.Safe(returning))
		for column, expression := range w.Instead {
			q = q.Value(column, "?", bun.Safe(expression))
		}
		return q
	case mapping.Update:
		q := m.db.NewUpdate().Model(w.Object).Column(w.Columns...).WherePK().Returning("?", bun.Safe(returning))
		for column, expression := range w.Instead {
			q = q.Value(column, "?", bun.Safe(expression))
		}
		return q
	case mapping.Delete:
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
