package unitofwork

import "fmt"

// Add marks an object, unless it is known, to be inserted by the next flush. One that was to
// be deleted is kept; one that was deleted is inserted again.
func (u *Unit) Add(object any) error {
	e, err := u.entry(object)
	if err != nil {
		return err
	}
	switch e.state {
	case deleting:
		e.state = stored
	case buried:
		e.state, e.row = pending, nil
	}
	return nil
}

// Delete marks an object to be deleted by the next flush. One that was not flushed yet is
// forgotten; one that is not known is taken to be in the database.
func (u *Unit) Delete(object any) error {
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
		e.state = deleting
	}
	return nil
}

// Expunge makes the unit forget an object: what was changed in it is not written.
func (u *Unit) Expunge(object any) error {
	e, known, err := u.find(object)
	if known {
		u.drop(e)
	}
	return err
}

// Attach takes an object as it was just read from the database, and returns the one that
// is known for its row: the one that was before, or else this one.
func (u *Unit) Attach(object any) (any, error) {
	e, known, err := u.find(object)
	if err == nil && !known {
		e, err = u.attach(e)
	}
	if err != nil {
		return nil, err
	}
	return e.object, nil
}

// Expired says whether an object that is known may be older than its row.
func (u *Unit) Expired(object any) bool {
	if u == nil {
		return false
	}
	e, known, _ := u.find(object)
	return known && e.expired
}

// attach takes the entry of an object that was read and is not known, and returns the entry
// that is known for its row: another one that was known before, or else this one.
func (u *Unit) attach(e *entry) (*entry, error) {
	e.state = stored
	if e.remember(); e.row.wrong != nil {
		return nil, e.row.wrong
	}
	e.read = e.row
	former, known := u.rows[e.identity()]
	if !known {
		u.know(e)
		u.rows[e.identity()] = e
		return e, nil
	}
	if former.expired && former.state == stored {
		former.take(e, former.mine())
	}
	return former, nil
}
