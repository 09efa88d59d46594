package unoactor

// snapshot is what a unit of work was when a transaction, or a savepoint, began.
type snapshot struct {
	memories []memory // in the order of the unit
	// part says that it is of those alone that a flush is about: the rest does not
	// change until its transaction's end.
	part bool
}

// memory is what is known of an object.
type memory struct {
	entry   *entry
	state   state
	expired bool
	row     *picture
	object  *picture
}

// fate is what a rollback does with an object.
type fate int8

const (
	untouched fate = iota // it may be older than its row
	back                  // it is what it was when the transaction began
	reread                // it is what it was when it was read, since the transaction began
	forgotten             // it was added since then: it has no row and no key
)

// fateOf is the fate of an object that a snapshot knows or does not know. Taken says
// that another object, which the snapshot knows, is that of its row.
func (s *snapshot) fateOf(e *entry, known, taken bool) fate {
	switch {
	case known:
		return back
	case s.part:
		return untouched
	case e.read != nil && !taken:
		return reread
	}
	return forgotten
}
