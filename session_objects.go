package unoactor

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Add has the session insert objects, pointers to structs, with its next flush. Those
// that it has got from the database are written when they were changed, without Add.
// One that was to be deleted is kept; one that was deleted is inserted again. An object
// with the key of one that is deleted in the same flush takes over its row, by an update.
func (s *Session) Add(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, err := u.entry(object)
		if err != nil {
			return err
		}
		switch e.state {
		case doomed:
			e.state = stored
		case gone:
			e.state, e.row = pending, nil
		}
		return nil
	})
}

// Delete has the session delete objects with its next flush. One that was not flushed
// yet is forgotten; one that it does not know is taken to be in the database.
func (s *Session) Delete(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, known, err := u.find(object)
		if err != nil {
			return err
		}
		if !known {
			if e.unkeyed() {
				return fmt.Errorf("delete %s: the object has no key, so it can't be in the database", e.model.Table)
			}
			if e, err = u.attach(e); err != nil {
				return err
			}
		}
		switch e.state {
		case pending:
			u.drop(e)
		case stored:
			e.state = doomed
		}
		return nil
	})
}

// Expunge has the session forget objects: what was changed in them is not written. A
// rollback has those that were known when its transaction began known again.
func (s *Session) Expunge(objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, known, err := u.find(object)
		if known {
			u.drop(e)
		}
		return err
	})
}

func (s *Session) each(objects []any, do func(*unit, any) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	u, err := s.work()
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := do(u, o); err != nil {
			return err
		}
	}
	return nil
}

// work is the session's unit of work.
func (s *Session) work() (*unit, error) {
	if s.unit == nil {
		if s.config.Mapper == nil {
			return nil, ErrNoMapper
		}
		s.unit = &unit{mapper: s.config.Mapper, objects: make(map[any]*entry), rows: make(map[identity]*entry)}
		for range s.levels {
			s.unit.begun(nil, false)
		}
	}
	return s.unit, nil
}

// Mapper is what maps the session's objects to tables, nil if there is none.
func (s *Session) Mapper() Mapper { return s.config.Mapper }

// Attach takes an object as it was just read from the database. It returns the object
// that the session has for that row: the one it had before, or else this one. If the
// one it had was expired it gets the values that were read, but for those that were
// changed in it and not flushed yet.
func Attach[T any](s *Session, object *T) (*T, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	u, err := s.work()
	if err != nil {
		return nil, err
	}
	e, known, err := u.find(object)
	if err == nil && !known {
		e, err = u.attach(e)
	}
	if err != nil {
		return nil, err
	}
	return e.object.(*T), nil
}

// Get is the object with a key: the one that the session has, or else the one that is
// read now. One that is expired is read again; what was changed in it and not flushed
// stays. The error is [pgx.ErrNoRows] if there is none.
func Get[T any](ctx context.Context, s *Session, key ...any) (*T, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	u, err := s.work()
	if err != nil {
		return nil, err
	}
	e, err := u.describe(new(T))
	if err != nil {
		return nil, err
	}
	id, err := e.identify(key)
	if err != nil {
		return nil, err
	}
	if e, known := u.rows[id]; known {
		if e.state != stored {
			return nil, fmt.Errorf("%s %s is to be deleted: %w", id.model.Table, id.key, pgx.ErrNoRows)
		}
		if !e.expired {
			return e.object.(*T), nil
		}
		return e.object.(*T), s.read(ctx, e, true)
	}
	row, err := s.fetch(ctx, e, id.key)
	if err != nil {
		return nil, err
	}
	if err = u.scan(e, row); err == nil {
		e, err = u.attach(e)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id.model.Table, err)
	}
	return e.object.(*T), nil
}

// Refresh reads objects of the session again. What was changed in them and not flushed
// is flushed before if the session flushes of itself, else lost.
func (s *Session) Refresh(ctx context.Context, objects ...any) error {
	return s.each(objects, func(u *unit, object any) error {
		e, known, err := u.find(object)
		if err != nil {
			return err
		}
		if !known || e.state != stored {
			return fmt.Errorf("refresh %T: the session has no such row: Attach, Get or Add and Flush it first", object)
		}
		return s.read(ctx, e, false)
	})
}

// Expired says whether an object of the session may be older than its row: it was
// committed, or rolled back, since it was read.
func (s *Session) Expired(object any) bool {
	if s.unit == nil {
		return false
	}
	e, known, _ := s.unit.find(object)
	return known && e.expired
}
