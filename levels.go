package unoactor

import (
	"slices"
)

// begun takes note of a level's begin. Tasks are what its transaction is for, nil if it
// is for whatever comes. What was changed since the last one is part of a transaction
// that the session begins of itself, and precedes another one.
func (u *unit) begun(tasks []*task, implicit bool) {
	s := &snapshot{part: tasks != nil}
	remember := func(e *entry, object *picture) {
		s.memories = append(s.memories, memory{e, e.state, e.expired, e.row, object})
	}
	for _, t := range tasks {
		remember(t.entry, t.look())
		if t.replaces != nil {
			remember(t.replaces, t.replaces.look())
		}
	}
	if !s.part {
		for _, e := range u.order {
			object := e.row
			if !implicit || e.state == pending {
				object = e.look()
			}
			remember(e, object)
		}
	}
	u.levels = append(u.levels, s)
}

// committed keeps what was done, for good if that was the outermost level.
func (u *unit) committed(depth int, expire bool) {
	u.levels = u.levels[:depth]
	if depth > 0 {
		return
	}
	u.settle()
	for _, e := range u.order {
		e.expired = e.expired || expire && e.state == stored
	}
}

// settle forgets what can't be undone any more.
func (u *unit) settle() {
	for _, e := range slices.Clone(u.order) {
		e.given, e.read = nil, nil
		if e.state == gone {
			u.drop(e)
		}
	}
}

// rolledBack makes the unit what it was when the level above depth began.
func (u *unit) rolledBack(depth int) {
	if len(u.levels) <= depth {
		return
	}
	s := u.levels[depth]
	u.levels = u.levels[:depth]
	known, rows := make(map[*entry]memory, len(s.memories)), make(map[identity]bool, len(s.memories))
	for _, m := range s.memories {
		known[m.entry] = m
		if m.row != nil {
			rows[identity{m.entry.model, m.row.key(m.entry.model)}] = true
		}
	}
	since := u.order
	u.order, u.rows, u.objects = nil, make(map[identity]*entry), make(map[any]*entry)
	if !s.part { // those that were forgotten since are known again
		for _, m := range s.memories {
			m.restore()
			u.keep(m.entry)
		}
	}
	for _, e := range since {
		m, there := known[e]
		switch s.fateOf(e, there, e.read != nil && rows[identity{e.model, e.read.key(e.model)}]) {
		case back:
			if s.part {
				m.restore()
				u.keep(e)
			}
		case untouched:
			e.expired = e.expired || e.state == stored
			u.keep(e)
		case reread:
			e.state, e.row, e.expired = stored, e.read, true
			e.become(e.read)
			u.keep(e)
		case forgotten:
			e.ungive()
		}
	}
}

// restore makes an entry and its object what they were.
func (m memory) restore() {
	e := m.entry
	e.state, e.row, e.expired = m.state, m.row, m.expired || m.state == stored
	e.become(m.object)
}

// keep has the unit know an entry, and its row by it if it has one.
func (u *unit) keep(e *entry) {
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
