package gateway

// statement is the client's unnamed statement, as far as it outlives a lease.
type statement struct {
	parse   []byte // the Parse message, nil if there is none, or it is too long to be kept
	there   bool   // the leased backend has it
	unkept  bool   // only the leased backend has it, and it is not bound yet
	shape   uint64 // of its rows, as the client was told; 0 if it was not
	changed bool   // parsed anew it has rows of another shape
	resets  resets // what running it puts back
}

// maxStatement is the longest Parse of an unnamed statement that is kept for a
// later transaction. With a longer one that is not bound in the batch that parses it, the
// client keeps its backend until it is.
const maxStatement = bufferSize

// maxComing is how many bytes of statements are kept whose Parse is not answered yet, besides
// the last. When an error brings back one that was not kept, the client has none.
const maxComing = 4 * maxStatement

// statements follow the unnamed statement through requests that are not answered yet: the
// server skips some of them after an error, and then the statement of before is still there.
type statements struct {
	statement             // when all that was sent is done
	done      statement   // when all that was answered is done
	coming    []statement // coming[next:] are those between, each with an expected reply that states it
	next      int
	kept      int    // bytes of their texts
	stated    bool   // the last of them is in the batch that is open
	checking  bool   // the server was asked what shape the rows have now
	sum       uint64 // of the shape that it is about to tell
	unsummed  bool   // not all of it
}

// changes notes that a request makes the unnamed statement what it is now.
func (s *statements) changes(e *expect) {
	e.states = true
	s.stated = true
	one := s.statement
	if n := len(one.parse) + one.resets.size(); s.kept+n > maxComing {
		one = statement{}
	} else {
		s.kept += n
	}
	s.coming = append(s.coming, one)
}

// unconfirmed says that the server has not yet said what the unnamed statement is.
func (s *statements) unconfirmed() bool { return s.next < len(s.coming) }

func (s *statements) take() statement {
	one := s.coming[s.next]
	s.coming[s.next] = statement{}
	s.kept -= len(one.parse) + one.resets.size()
	if s.next++; s.next == len(s.coming) {
		s.next, s.coming = 0, s.coming[:0]
		if cap(s.coming) > 64 {
			s.coming = nil
		}
		s.kept = 0
	}
	return one
}

// confirm notes that the next of those that are coming is a fact.
func (s *statements) confirm() {
	if s.done = s.take(); !s.unconfirmed() {
		s.done = s.statement
	}
}

// forgo notes that the next of those that are coming will not be.
func (s *statements) forgo() {
	if s.take(); !s.unconfirmed() {
		s.statement = s.done
	}
}

// returned says that the next backend will know nothing of the client.
func (s *statements) returned() {
	s.there, s.unkept, s.changed, s.checking = false, false, false, false
	s.done = s.statement
}

func (s *statements) forget() { *s = statements{} }

// shaped looks at what a Describe of the unnamed statement brings: the types of its
// parameters, then the columns of its rows. Two statements that differ only in which table the
// columns come from have the same shape, as for PostgreSQL.
func (c *core) shaped(m message, ours bool) {
	const prime = 1099511628211 // of FNV-1a
	sum := c.sum
	add := func(b []byte) {
		for _, one := range b {
			sum = (sum ^ uint64(one)) * prime
		}
	}
	switch m.typ {
	case msgParameters:
		sum = 14695981039346656037
	case msgRowDescription, msgNoData:
	default:
		return
	}
	add([]byte{m.typ})
	if body := m.body(); m.missing > 0 {
		c.unsummed = true
	} else if m.typ == msgRowDescription && len(body) >= 2 {
		for rest := body[2:]; ; {
			name, column, ok := cstring(rest)
			if !ok || len(column) < 18 {
				break
			}
			add(name)
			add(column[6:16]) // after the table and the column's number; before the format
			rest = column[18:]
		}
	} else {
		add(body)
	}
	c.sum = sum
	if m.typ == msgParameters {
		return
	}
	if c.unsummed {
		c.sum, c.unsummed = 0, false // too long to be compared
	}
	if ours {
		if c.changed = c.sum != c.shape; !c.changed {
			return
		}
	} else {
		c.done.shape = c.sum
		if c.unconfirmed() {
			return
		}
		c.shape = c.sum
	}
	c.done = c.statement
}
