package unitofwork

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

// undoing is the fate of one object.
type undoing struct {
	fate
	memory // of an object that goes back; of others it has the entry alone
}

// undo says what a rollback to a snapshot does, with the objects that it knows and those
// that the unit knows since then. The unit knows those that are not forgotten in this
// order. It changes nothing.
func (s *snapshot) undo(since []*entry) []undoing {
	known, rows := make(map[*entry]int, len(s.memories)), make(map[identity]bool, len(s.memories))
	for i, m := range s.memories {
		known[m.entry] = i
		if m.row != nil {
			rows[identity{m.entry.model, m.row.key(m.entry.model)}] = true
		}
	}
	all := make([]undoing, 0, len(s.memories)+len(since))
	if !s.part { // those that were forgotten since are known again
		for _, m := range s.memories {
			all = append(all, undoing{back, m})
		}
	}
	for _, e := range since {
		i, there := known[e]
		switch {
		case !there:
			taken := e.read != nil && rows[identity{e.model, e.read.key(e.model)}]
			all = append(all, undoing{s.fateOf(e, taken), memory{entry: e}})
		case s.part:
			all = append(all, undoing{back, s.memories[i]})
		}
	}
	return all
}

// fateOf is the fate of an object that a snapshot does not know. Taken says that another
// object, which the snapshot knows, is that of its row.
func (s *snapshot) fateOf(e *entry, taken bool) fate {
	switch {
	case s.part:
		return untouched
	case e.read != nil && !taken:
		return reread
	}
	return forgotten
}
