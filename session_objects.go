package unoactor

import (
	"context"
	"fmt"

	"github.com/unoactor/unoactor/internal/unitofwork"
)

// Add marks objects, pointers to structs, to be inserted by the session's next flush. Those
// that it has got from the database are written when they were changed, without Add.
// One that was to be deleted is kept; one that was deleted is inserted again. An object
// with the key of one that is deleted in the same flush takes over its row, by an update.
func (s *Session) Add(objects ...any) error { return s.each(objects, (*unitofwork.Unit).Add) }

// Delete marks objects to be deleted by the session's next flush. One that was not flushed
// yet is forgotten; one that the session does not know is taken to be in the database.
func (s *Session) Delete(objects ...any) error { return s.each(objects, (*unitofwork.Unit).Delete) }

// Expunge makes the session forget objects: what was changed in them is not written. After a
// rollback it knows again those that it knew when the transaction began.
func (s *Session) Expunge(objects ...any) error { return s.each(objects, (*unitofwork.Unit).Expunge) }

// each does something about each object.
func (s *Session) each(objects []any, do func(*unitofwork.Unit, any) error) error {
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

// work returns the session's unit of work, which is made for the first object.
func (s *Session) work() (*unitofwork.Unit, error) {
	if s.unit == nil {
		if s.config.Mapper == nil {
			return nil, ErrNoMapper
		}
		s.unit = unitofwork.New(s.config.Mapper)
		for range s.depth() {
			s.unit.Begun(false)
		}
	}
	return s.unit, nil
}

// Mapper returns what maps the session's objects to tables, nil if there is none.
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
	known, err := u.Attach(object)
	if err != nil {
		return nil, err
	}
	return known.(*T), nil
}

// Get returns the object with a key: the one that the session has, or else the one that is
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
	r, err := u.Seek(new(T), key)
	if err != nil {
		return nil, err
	}
	if r.Done() {
		return r.Object().(*T), nil
	}
	object, err := s.read(ctx, r)
	if err != nil {
		return nil, err
	}
	return object.(*T), nil
}

// Refresh reads objects of the session again. What was changed in them and not flushed
// is flushed before if the session flushes of itself, else lost.
func (s *Session) Refresh(ctx context.Context, objects ...any) error {
	return s.each(objects, func(u *unitofwork.Unit, object any) error {
		r, err := u.Again(object)
		if err == nil {
			_, err = s.read(ctx, r)
		}
		return err
	})
}

// read reads a row, after the flush that precedes each statement.
func (s *Session) read(ctx context.Context, r unitofwork.Reading) (object any, err error) {
	if _, err := s.connection(ctx); err != nil {
		return nil, err
	}
	sent := s.begun()
	row, err := r.Fetch(ctx, (*unitBackend)(s))
	if err != nil {
		return nil, fmt.Errorf("read %v: %w", r, s.after(ctx, sent, "select", err))
	}
	return r.Take(row)
}

// Expired says whether an object of the session may be older than its row: it was
// committed, or rolled back, since it was read.
func (s *Session) Expired(object any) bool { return s.unit.Expired(object) }
