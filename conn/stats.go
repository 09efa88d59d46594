package conn

// Stats is what the slots of a pool look like at one moment.
type Stats struct {
	Size, Hard int // soft and hard limit
	Open       int // Leased + Idle + Busy
	Leased     int
	Idle       int
	Busy       int // being reset, checked or closed
	Waiting    int // for a lease
	Acquired   uint64
	Refused    uint64
}

// Stats looks at each slot once. The sums agree with each other; slots looked
// at first may have changed since.
func (s *Slots) Stats() Stats {
	st := Stats{Size: s.size, Hard: len(s.slots), Refused: s.refusals.Load()}
	for _, sh := range s.shards {
		st.Acquired += sh.word.Load() >> shardSlots
	}
	for _, sl := range s.slots {
		switch sl.state() {
		case Idle:
			st.Idle++
		case Leased:
			st.Leased++
		case Claimed:
			st.Busy++
		}
	}
	st.Open = st.Idle + st.Leased + st.Busy
	st.Waiting = s.Waiting()
	return st
}

// Waiting is how many wait for a lease.
func (s *Slots) Waiting() int { return int(s.gate.Load() >> 8) }

// State is what a slot is at one moment.
type State uint8

// The states of a slot.
const (
	Empty State = iota
	Idle
	Leased
	Claimed
)

var states = [...]string{"empty", "idle", "leased", "claimed"}

func (s State) String() string { return states[s] }

func (sl *slot) state() State {
	switch {
	case sl.epoch.Load()&1 == 1:
		return Leased
	case sl.shard.word.Load()&sl.bit != 0:
		return Idle
	case sl.backend.Load() != nil:
		return Claimed
	}
	return Empty
}
