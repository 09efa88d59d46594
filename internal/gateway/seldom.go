package gateway

import (
	"sync"
	"time"
)

// seldom keeps what strangers can make happen as often as they like from filling
// the log: of what happens within an interval only the first is told, the others
// are counted.
type seldom struct {
	every time.Duration

	mu     sync.Mutex
	last   time.Time
	untold int
}

// tell says whether to tell of something that happens now, and how much happened
// since the last time that was not told.
func (s *seldom) tell(now time.Time) (untold int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.last) < s.every {
		s.untold++
		return 0, false
	}
	untold, s.last, s.untold = s.untold, now, 0
	return untold, true
}

// rest returns how much is still to be told of when nothing has happened for the interval.
func (s *seldom) rest(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.untold == 0 || now.Sub(s.last) < s.every {
		return 0
	}
	n := s.untold
	s.last, s.untold = now, 0
	return n
}
