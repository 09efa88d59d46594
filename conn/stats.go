package conn

// Stats are the figures of a pool at one moment. Size = Used + Idle + Busy.
type Stats struct {
	Size      int // open backends, without the reserve
	Used      int // leased backends
	Idle      int
	Busy      int // backends that are being cleaned up or closed
	Waiting   int // those who wait for a lease
	SoftLimit int // how many backends are kept
	HardLimit int // how many backends there may be at most
	Reserve   int // backends in the reserve, beyond the hard limit: 0 or 1
	Paused    bool

	Acquired uint64 // leases so far
	Waits    uint64 // those of the leases that were waited for
	Refused  uint64 // acquires that failed, for whatever reason
	Timeouts uint64 // those of the failed acquires that had waited for acquire_timeout
}

// Stats looks at each slot once: a slot is counted in the state in which it was then, so that the sums
// agree. It takes no lock and stops nobody.
func (s *Slots) Stats() Stats {
	lay := s.layout.Load()
	st := Stats{SoftLimit: int(s.size.Load()), HardLimit: int(s.hard.Load()), Waits: s.handed.Load() + s.granted.Load(),
		Timeouts: s.refusals[RefusedTimeout].Load(), Paused: s.Paused()}
	for i := range s.refusals {
		st.Refused += s.refusals[i].Load()
	}
	for _, sh := range lay.shards {
		st.Acquired += sh.word.Load() >> shardSlots
	}
	st.Acquired += s.handed.Load() - s.undone.Load()
	st.Acquired += lay.reserve.shard.word.Load() >> shardSlots
	for _, sl := range lay.slots {
		state := sl.state()
		switch {
		case sl.reserved:
			if state != Empty {
				st.Reserve++
			}
		case state == Idle:
			st.Idle++
		case state == Leased:
			st.Used++
		case state == Claimed:
			st.Busy++
		}
	}
	st.Size = st.Idle + st.Used + st.Busy
	st.Waiting = s.Waiting()
	return st
}

// Waiting returns how many wait for a lease.
func (s *Slots) Waiting() int { return int(s.gate.Load() >> waitingShift) }

// Utilisation returns Used as a part of the hard limit, from 0 to 1.
func (st Stats) Utilisation() float64 {
	if st.HardLimit == 0 {
		return 0
	}
	return float64(st.Used) / float64(st.HardLimit)
}
