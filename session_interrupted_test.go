package unoactor_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/mapping"
)

// interruptedMapper does something in the middle of a flush, before a statement is written.
type interruptedMapper struct {
	byHand
	before func(mapping.Statement)
}

func (m interruptedMapper) SQL(ctx context.Context, w mapping.Statement) (string, error) {
	m.before(w)
	return m.byHand.SQL(ctx, w)
}

// A panic and the end of the goroutine leave a flush in the same way: no statement after them
// may become a part of its transaction, which nobody commits.
func TestAFlushThatPanicsLeavesNoTransactionBehind(t *testing.T) {
	for name, end := range map[string]func(){"a panic": func() { panic("of the mapper") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			db, ctx := open(t), t.Context()
			execute(t, db, "create table pets (id bigserial primary key, name text); insert into pets values (1, 'Rex')")
			armed := true
			s := db.NewSession(unoactor.SessionConfig{Mapper: interruptedMapper{newByHand(), func(w mapping.Statement) {
				if armed && w.Operation == mapping.Update {
					end()
				}
			}}})
			defer s.Close()
			rex, err := unoactor.Get[pet](ctx, s, 1)
			if err != nil {
				t.Fatal(err)
			}
			rex.Name = "Max"
			var flush sync.WaitGroup
			flush.Go(func() {
				defer func() { _ = recover() }()
				t.Errorf("no end: %v", s.Flush(ctx))
			})
			flush.Wait()
			if n := s.InTransaction(); n != 0 {
				t.Errorf("in %d transactions", n)
			}
			armed = false
			if err := s.Flush(ctx); err != nil {
				t.Fatal(err)
			}
			if got := one[string](t, db, "select name from pets"); got != "Max" {
				t.Error(got)
			}
		})
	}
}

func TestATransactionWhoseSessionIsClosedInItsFlushIsRolledBackWithAnError(t *testing.T) {
	db := open(t)
	execute(t, db, "create table pets (id bigserial primary key, name text)")
	var s *unoactor.Session
	s = db.NewSession(unoactor.SessionConfig{Mapper: interruptedMapper{newByHand(), func(w mapping.Statement) {
		if w.Operation == mapping.Insert {
			s.Close() // as another goroutine may at any moment
		}
	}}})
	err := s.Tx(t.Context(), pgx.TxOptions{}, func(_ context.Context, s *unoactor.Session) error { return s.Add(&pet{Name: "Rex"}) })
	if err == nil {
		t.Error("it is told as committed")
	}
	if err := s.Flush(t.Context()); !errors.Is(err, unoactor.ErrSessionEnded) {
		t.Errorf("the session goes on: %v", err)
	}
	if n := one[int](t, db, "select count(*) from pets"); n != 0 {
		t.Errorf("%d pets", n)
	}
}

func TestATransactionWhoseSessionIsClosedInItsFunctionIsNotToldAsCommitted(t *testing.T) {
	db := open(t)
	execute(t, db, "create table t (a int)")
	s := db.NewSession()
	err := s.Tx(t.Context(), pgx.TxOptions{}, func(ctx context.Context, s *unoactor.Session) error {
		execute(t, s, "insert into t values (1)")
		s.Close()
		return nil
	})
	if !errors.Is(err, unoactor.ErrSessionEnded) {
		t.Errorf("got %v", err)
	}
	if n := one[int](t, db, "select count(*) from t"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestASessionThatItsFunctionClosesInATransactionIsNotToldAsCommitted(t *testing.T) {
	db := open(t)
	execute(t, db, "create table t (a int)")
	for name, c := range map[string]struct {
		config unoactor.SessionConfig
		before func(context.Context, *unoactor.Session) error
		want   error
	}{
		"in one that the session began": {unoactor.SessionConfig{Autocommit: unoactor.Off}, nil, unoactor.ErrSessionEnded},
		"in one that the function began": {unoactor.SessionConfig{}, func(ctx context.Context, s *unoactor.Session) error { return s.Begin(ctx) },
			unoactor.ErrSessionEnded},
		"in none": {unoactor.SessionConfig{}, nil, nil},
	} {
		err := db.Session(t.Context(), func(ctx context.Context, s *unoactor.Session) error {
			defer s.Close()
			if c.before != nil {
				if err := c.before(ctx, s); err != nil {
					return err
				}
			}
			_, err := s.Exec(ctx, "insert into t values (1)")
			return err
		}, c.config)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := one[int](t, db, "select count(*) from t"); n != 1 {
		t.Errorf("%d rows", n)
	}
}
