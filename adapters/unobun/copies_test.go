package unobun_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unobun"
)

// counting counts how often values are copied.
type counting struct {
	unoactor.Mapper
	models map[reflect.Type]*unoactor.Model
	copies int
}

func (c *counting) Model(t reflect.Type) (*unoactor.Model, error) {
	if m := c.models[t]; m != nil {
		return m, nil
	}
	m, err := c.Mapper.Model(t)
	if err != nil {
		return nil, err
	}
	counted := *m
	counted.Columns = slices.Clone(m.Columns)
	for i := range counted.Columns {
		made := counted.Columns[i].Copy
		counted.Columns[i].Copy = func(v reflect.Value) reflect.Value { c.copies++; return made(v) }
	}
	c.models[t] = &counted
	return &counted, nil
}

func TestAFlushCopiesOnceWhatWasChangedAndNothingElse(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), boxes); err != nil {
		t.Fatal(err)
	}
	mapper := &counting{Mapper: unobun.Mapper(), models: make(map[reflect.Type]*unoactor.Model)}
	err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
		b := newBox()
		if err := errors.Join(s.Add(b), s.Flush(ctx)); err != nil {
			return err
		}
		for range 2 {
			mapper.copies = 0
			b.Name += " and more"
			if err := s.Flush(ctx); err != nil {
				return err
			}
			if mapper.copies != 1 {
				t.Errorf("%d values were copied for one that was changed", mapper.copies)
			}
		}
		return nil
	}, unoactor.SessionConfig{Mapper: mapper})
	if err != nil {
		t.Fatal(err)
	}
}
