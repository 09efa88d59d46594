package unitofwork

import "slices"

// Begun notes that a transaction or a savepoint has begun. What was changed in objects before
// and not flushed is undone with one that the session began of itself, which is implicit; it
// precedes any other one, whose rollback leaves it as it is.
func (u *Unit) Begun(implicit bool) {
	if u == nil {
		return
	}
	s := &snapshot{}
	for _, e := range u.order {
		object := e.row
		if !implicit || e.state == pending {
			object = e.picture()
		}
		s.remember(e, object)
	}
	u.levels = append(u.levels, s)
}

// BegunFor notes that a transaction has begun for one flush.
func (u *Unit) BegunFor(p Plan) {
	s := &snapshot{part: true}
	for _, t := range p.tasks {
		s.remember(t.entry, t.picture())
		if t.replaces != nil {
			s.remember(t.replaces, t.replaces.picture())
		}
	}
	u.levels = append(u.levels, s)
}

// remember adds an object to a snapshot, with the picture that a rollback makes it be again.
func (s *snapshot) remember(e *entry, object *picture) {
	s.memories = append(s.memories, memory{e, e.state, e.expired, e.row, object})
}

// Committed notes that the level above depth was committed. At depth 0 that is for good: what
// was done can't be undone any more. A flush that needed no level ends so, too. Expire says
// whether objects count as expired from then on.
func (u *Unit) Committed(depth int, expire bool) {
	if u == nil {
		return
	}
	u.levels = u.levels[:depth]
	if depth > 0 {
		return
	}
	u.order = slices.DeleteFunc(u.order, func(e *entry) bool {
		e.given, e.read = nil, nil
		e.expired = e.expired || expire && e.state == stored
		if e.state == buried {
			delete(u.objects, e.object) // bury has removed its row
		}
		return e.state == buried
	})
}

// RolledBack notes that the level above depth was rolled back: the unit and its objects become
// what they were when it began.
func (u *Unit) RolledBack(depth int) {
	if u == nil || len(u.levels) <= depth {
		return
	}
	undone := u.levels[depth].undo(u.order)
	u.levels = u.levels[:depth]
	u.order, u.rows, u.objects = nil, make(map[identity]*entry, len(undone)), make(map[any]*entry, len(undone))
	for _, o := range undone {
		e := o.entry
		switch o.fate {
		case back:
			o.restore()
		case untouched:
			e.expired = e.expired || e.state == stored
		case reread:
			e.state, e.row, e.expired = stored, e.read, true
			e.become(e.read)
		case forgotten:
			e.ungive()
			continue
		}
		u.keep(e)
	}
}

// restore makes an entry and its object what they were when the snapshot was taken. Its row
// may have been changed since by others.
func (m memory) restore() {
	e := m.entry
	e.state, e.row, e.expired = m.state, m.row, m.expired || m.state == stored
	e.become(m.object)
}

// keep adds an entry to those that the unit knows, by its row too if it has one.
func (u *Unit) keep(e *entry) {
	u.know(e)
	if e.state == stored || e.state == deleting {
		u.rows[e.identity()] = e
	}
}

// ungive takes back what flushes have set in an object, such as its key.
func (e *entry) ungive() {
	for column, v := range e.given {
		e.model.Columns[column].Set(e.value, v)
	}
	e.given = nil
}
