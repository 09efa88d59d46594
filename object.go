package unoactor

// attach takes the entry of an object that was read and is not known, and returns that
// of its row.
func (u *unit) attach(e *entry) (*entry, error) {
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
