package unitofwork

import "slices"

// Begun takes note of the begin of a transaction or a savepoint, for whatever comes. One
// that the session begins of itself, implicit, has what was changed since the last one as a
// part of it; another one is preceded by that.
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

// BegunFor takes note of the begin of a transaction for one flush.
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

func (s *snapshot) remember(e *entry, object *picture) {
	s.memories = append(s.memories, memory{e, e.state, e.expired, e.row, object})
}

// Committed takes note of the commit of the level above depth, for good if depth is 0: what
// was done then can't be undone any more. It is also the end of a flush that needed no
// level. Expire says whether objects count as older than their rows from then on.
func (u *Unit) Committed(depth int, expire bool) {
	if u == nil {
		return
	}
	u.levels = u.levels[:depth]
	if depth > 0 {
		return
	}
	for _, e := range slices.Clone(u.order) {
		e.given, e.read = nil, nil
		e.expired = e.expired || expire && e.state == stored
		if e.state == buried {
			u.drop(e)
		}
	}
}

// RolledBack makes the unit and its objects what they were when the level above depth began.
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

// restore makes an entry and its object what they were.
func (m memory) restore() {
	e := m.entry
	e.state, e.row, e.expired = m.state, m.row, m.expired || m.state == stored
	e.become(m.object)
}

// keep has the unit know an entry, and its row by it if it has one.
func (u *Unit) keep(e *entry) {
	u.know(e)
	if e.state == stored || e.state == doomed {
		u.rows[e.identity()] = e
	}
}

// ungive takes back what flushes have set in an object.
func (e *entry) ungive() {
	for column, v := range e.given {
		e.model.Columns[column].Set(e.value, v)
	}
	e.given = nil
}
