package unitofwork

// snapshot is what a unit of work was when a transaction, or a savepoint, began.
type snapshot struct {
	memories []memory // in the order of the unit
	// part says that the snapshot is one of the objects alone that a flush is about. No
	// other object is changed before the flush has ended.
	part bool
}

// memory is what an object was when a snapshot was taken.
type memory struct {
	entry   *entry
	state   state
	expired bool
	row     *picture
	object  *picture // what a rollback makes it be again
}

// fate is what a rollback does with an object.
type fate int8

const (
	untouched fate = iota // the object stays as it is, and is expired
	back                  // the object becomes what it was when the level began
	reread                // the object becomes what it was when it was read, after the level began
	forgotten             // the object was added after the level began: it has no row and no key
)

// undoing is the fate of one object.
type undoing struct {
	fate
	memory // of an object that goes back; of others it has the entry alone
}

// undo returns what a rollback to a snapshot does with the objects that the snapshot has and
// with those that the unit has come to know since. Those that are not forgotten are returned
// in the order in which the unit knows them afterwards. It changes nothing.
func (s *snapshot) undo(since []*entry) []undoing {
	known, rows := make(map[*entry]int, len(s.memories)), make(map[identity]bool, len(s.memories))
	for i, m := range s.memories {
		known[m.entry] = i
		if m.row != nil {
			rows[identity{m.entry.model, m.row.key(m.entry.model)}] = true
		}
	}
	all := make([]undoing, 0, len(s.memories)+len(since))
	if !s.part { // also those that were forgotten since
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

// fateOf returns the fate of an object that a snapshot does not have. Taken says that the
// snapshot has another object for its row.
func (s *snapshot) fateOf(e *entry, taken bool) fate {
	switch {
	case s.part:
		return untouched
	case e.read != nil && !taken:
		return reread
	}
	return forgotten
}
