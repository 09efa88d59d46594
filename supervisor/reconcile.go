package supervisor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// phase is the state of a slot's incarnation, as the pool's actor knows it.
type phase uint8

const (
	empty   phase = iota
	opening       // it queues at its node, or dials
	open          // its backend is idle, leased or being cleaned up
	leaving       // it was asked to end
)

var phases = [...]string{"empty", "opening", "open", "leaving"}

func (p phase) String() string { return phases[p] }

// picture is all that reconcile knows of a pool.
type picture struct {
	pool     config.Pool
	kept     int // how many backends to keep: the pool's size, or what dynamic sizing made of it
	warm     int // how many backends an operator wants open
	spared   int // how many backends are no surplus, since they were warmed up
	draining bool
	paused   bool
	blocked  bool // no new attempts to connect now
	waiting  int  // for a lease
	admin    bool // an administrator waits
	slots    []slotPicture
}

type slotPicture struct {
	phase    phase
	state    conn.State
	idle     time.Duration  // since its last lease, at least
	trial    bool           // it tries new credentials
	reserve  bool           // it is the reserve: beyond the limits, and closed when no administrator waits
	outlived messages.Cause // why its backend has to be replaced, None if it has not
	lost     bool           // its last backend was lost: it wants another
	replaces int            // the slot whose backend is retired when this one serves, or none
	why      messages.Cause // why it was asked to end
}

const none = -1

// action is one thing to do about one slot.
type action struct {
	do       verb
	slot     int
	cause    messages.Cause // of a retirement
	replaces int            // of an opening
	why      string         // of an opening
}

type verb uint8

const (
	openSlot verb = iota
	retireSlot
)

// reconcile compares what the pool wants with what it has, and returns what has to be done about the
// difference. It is a pure function; the actor performs the actions.
func reconcile(p picture) []action {
	if p.draining {
		return drain(p)
	}
	r := reconciler{picture: p}
	r.count()
	r.relieve()
	r.pause()
	r.open()
	r.replace()
	r.trim()
	r.reserve()
	return r.actions
}

func drain(p picture) []action {
	var actions []action
	for i, s := range p.slots {
		if s.phase == opening || s.phase == open {
			actions = append(actions, action{do: retireSlot, slot: i, cause: messages.Drained})
		}
	}
	return actions
}

type reconciler struct {
	picture
	actions []action
	vacant  []int
	present int // opening or open
	opening int
	idle    int
	busy    int // backends that are being cleaned up: idle soon, or lost
}

func (r *reconciler) count() {
	room := r.pool.Hard()
	for i, s := range r.slots {
		if s.reserve {
			continue
		}
		room -= b2i(s.phase != empty)
		switch s.phase {
		case empty:
			r.vacant = append(r.vacant, i)
		case opening:
			r.present++
			r.opening++
		case open:
			r.present++
			r.idle += b2i(s.state == conn.Idle)
			r.busy += b2i(s.state == conn.Claimed)
		}
	}
	// Slots whose backends were lost come first, so that their own history goes on.
	slices.SortStableFunc(r.vacant, func(a, b int) int {
		return cmp.Compare(b2i(r.slots[b].lost), b2i(r.slots[a].lost))
	})
	// A pool that shrank has more slots than it may use.
	r.vacant = r.vacant[:min(len(r.vacant), max(0, room))]
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// relieve retires the backends whose replacements serve.
func (r *reconciler) relieve() {
	for i := range r.slots {
		if s := &r.slots[i]; s.phase == open && s.replaces != none && r.slots[s.replaces].phase == open {
			r.retire(s.replaces, r.slots[s.replaces].outlived)
		}
	}
}

// pause retires what is being connected while the pool is paused: it leaves its server alone.
func (r *reconciler) pause() {
	for i, s := range r.slots {
		if r.paused && s.phase == opening && !s.trial {
			r.opening -= b2i(!s.reserve)
			r.retire(i, messages.Cleared)
		}
	}
}

// open opens what those who wait want, up to the hard limit, and what min_idle and lost backends
// want, up to the number that the pool keeps.
func (r *reconciler) open() {
	if r.blocked || r.paused {
		return
	}
	wanted := r.waiting - r.opening
	if spare := r.idle + r.busy + max(0, r.opening-r.waiting); spare < r.pool.MinIdle {
		wanted = max(wanted, min(r.pool.MinIdle-spare, r.kept-r.present))
	}
	wanted = max(wanted, r.warm-r.present)
	lost := 0
	for _, i := range r.vacant {
		lost += b2i(r.slots[i].lost)
	}
	wanted = max(wanted, min(lost, r.kept-r.present))
	why := "to keep min_idle"
	if r.warm > r.present {
		why = "an operator wants it warm"
	}
	if r.waiting > r.opening {
		why = "somebody waits"
	}
	for ; wanted > 0 && len(r.vacant) > 0; wanted-- {
		r.connect(none, why)
	}
}

func (r *reconciler) connect(replaces int, why string) {
	slot := r.vacant[0]
	r.vacant = r.vacant[1:]
	r.present++
	r.opening++
	r.actions = append(r.actions, action{do: openSlot, slot: slot, replaces: replaces, why: why})
}

func (r *reconciler) retire(slot int, cause messages.Cause) {
	s := &r.slots[slot]
	if s.state == conn.Idle {
		r.idle--
	}
	s.phase, s.why = leaving, cause
	r.present--
	r.actions = append(r.actions, action{do: retireSlot, slot: slot, cause: cause})
}

// atOnce is how many backends of a pool may be replaced for their age at a time.
func atOnce(size int) int { return max(1, size/8) }

// longLease is the age from which on a lease keeps an old backend from being replaced before the lease
// ends. A backend that is leased more briefly, but again and again, gets a replacement meanwhile.
const longLease = time.Second

// replace deals with the backends that are too old, in the order of their slots: a
// new one is connected before the old one is closed, if there is room. A few are in
// the making at a time, and as many leased ones wait for the end of their lease, so
// that neither a long lease holds up the others, nor many that end together make a storm.
func (r *reconciler) replace() {
	limit := atOnce(r.pool.Size)
	making, waiting := r.opening, 0
	relieved := make(map[int]bool)
	for _, s := range r.slots {
		if s.phase == opening && s.replaces != none {
			relieved[s.replaces] = true
		}
		if s.phase == leaving && (s.why == messages.LifetimeOver || s.why == messages.Rotated || s.why == messages.Reconfigured) {
			waiting += b2i(s.state == conn.Leased)
			making += b2i(s.state != conn.Leased)
		}
	}
	for i, s := range r.slots {
		if s.phase != open || s.outlived == messages.None || s.reserve || relieved[i] {
			continue
		}
		switch {
		case s.state == conn.Leased && s.idle >= longLease: // its turn comes when it is idle
		case len(r.vacant) > 0:
			if making < limit && !r.blocked && !r.paused {
				making++
				r.connect(i, fmt.Sprintf("to replace slot %d", i))
			}
		case s.state == conn.Leased:
			if waiting < limit {
				waiting++
				r.retire(i, s.outlived)
			}
		case making < limit:
			making++
			r.retire(i, s.outlived)
		}
	}
}

// trim retires what has been idle for too long, down to min_idle, and, while nobody waits, what is
// idle beyond the number that the pool keeps.
func (r *reconciler) trim() {
	for _, i := range beyond(r.pool.Hard(), r.slots) {
		r.retire(i, messages.Surplus)
	}
	// A pool that shrank may have connections in the making, and leases on their way
	// out, that are beyond the limit: the former are given up, idle ones make room for the latter.
	excess := -r.pool.Hard()
	for _, s := range r.slots {
		excess += b2i(!s.reserve && s.phase != empty && (s.phase != leaving || s.state == conn.Leased))
	}
	for _, expendable := range []func(slotPicture) bool{
		func(s slotPicture) bool { return s.phase == opening },
		func(s slotPicture) bool { return s.phase == open && s.state == conn.Idle },
	} {
		for i := len(r.slots) - 1; i >= 0 && excess > 0; i-- {
			if s := r.slots[i]; !s.reserve && expendable(s) {
				r.retire(i, messages.Surplus)
				excess--
			}
		}
	}
	if r.waiting == 0 {
		for _, i := range beyond(max(r.kept, r.spared), r.slots) {
			if r.slots[i].state == conn.Idle {
				r.retire(i, messages.Surplus)
			}
		}
	}
	var idle []int
	for i, s := range r.slots {
		if s.phase == open && !s.reserve && s.state == conn.Idle && s.idle >= r.pool.IdleTimeout {
			idle = append(idle, i)
		}
	}
	slices.SortStableFunc(idle, func(a, b int) int { return cmp.Compare(r.slots[b].idle, r.slots[a].idle) })
	for _, i := range idle {
		if r.idle > r.pool.MinIdle {
			r.retire(i, messages.IdleTooLong)
		}
	}
}

// reserve opens the backend of the reserve when an administrator waits and no other backend is idle or
// being opened, and retires it when it is idle and no administrator waits.
func (r *reconciler) reserve() {
	for i, s := range r.slots {
		switch {
		case !s.reserve:
		case s.phase == empty && r.admin && !r.blocked && !r.paused && r.opening == 0 && r.idle == 0:
			r.actions = append(r.actions, action{do: openSlot, slot: i, replaces: none, why: "an administrator waits"})
		case s.phase == open && s.state == conn.Idle && !r.admin:
			r.actions = append(r.actions, action{do: retireSlot, slot: i, cause: messages.Surplus})
		}
	}
}

// beyond returns the open slots that are more than size: those with the highest indices.
func beyond(size int, slots []slotPicture) []int {
	var extra []int
	surplus := -size
	for _, s := range slots {
		surplus += b2i(s.phase == open && !s.reserve)
	}
	for i := len(slots) - 1; i >= 0 && len(extra) < surplus; i-- {
		if slots[i].phase == open && !slots[i].reserve {
			extra = append(extra, i)
		}
	}
	return extra
}

// hasRoom returns whether the pool may open another backend. While it may not, it need not hear that
// somebody waits.
func (p picture) hasRoom() bool {
	busy := 0
	for _, s := range p.slots {
		busy += b2i(!s.reserve && s.phase != empty)
	}
	return busy < p.pool.Hard()
}
