package prepared

import "github.com/unoactor/unoactor/internal/gateway/wire"

// Shape makes a number of what a Describe of a statement brings: the types of its parameters, then the columns of
// its rows. Two statements that differ only in which table the columns come from have the same shape, as for
// PostgreSQL.
type Shape struct {
	sum  uint64
	part bool // not all of it was there
}

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/
const (
	offset = 14695981039346656037
	prime  = 1099511628211
)

// Add takes a message of the answer in, and says whether it was the last: sum is then the shape, 0 where it was
// too long to be compared.
func (s *Shape) Add(m wire.Message) (sum uint64, last bool) {
	switch m.Type {
	case wire.Parameters:
		s.sum, s.part = offset, false
	case wire.RowDescription, wire.NoData:
	default:
		return 0, false
	}
	s.mix([]byte{m.Type})
	if body := m.Body(); m.Missing > 0 {
		s.part = true
	} else if m.Type == wire.RowDescription && len(body) >= 2 {
		for rest := body[2:]; ; {
			name, column, ok := wire.CString(rest)
			if !ok || len(column) < 18 {
				break
			}
			s.mix(name)
			s.mix(column[6:16]) // after the table and the column's number; before the format
			rest = column[18:]
		}
	} else {
		s.mix(body)
	}
	if m.Type == wire.Parameters {
		return 0, false
	}
	if sum = s.sum; s.part {
		sum, s.part = 0, false
	}
	return sum, true
}

func (s *Shape) mix(b []byte) {
	for _, one := range b {
		s.sum = (s.sum ^ uint64(one)) * prime
	}
}
