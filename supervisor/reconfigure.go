package supervisor

import (
	"errors"
	"fmt"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// turnover is what becomes of the backends that a pool has when its settings change.
type turnover uint8

const (
	keepAll    turnover = iota // they are as good as new ones
	replaceAll                 // each is replaced, a few at a time, another before it where there is room
	moveAll                    // so they are, until one backend serves that is of the other server, database or user; then all are retired
)

var turnovers = [...]string{"keep", "replace", "move"}

func (t turnover) String() string { return turnovers[t] }

// reconfigure takes up the setup that the pool was given.
func (a *poolActor) reconfigure(now time.Time) {
	next := a.orders.setup.Swap(nil)
	if next == nil {
		return
	}
	wrote, moved := a.mayWrite(), a.node.Load() != next.node
	a.use(next)
	a.applied = next.config
	a.ticker.Reset(tickEvery(*next.config))
	a.takeSize()
	a.turnOver(next.turnover)
	a.takeRole(wrote, now)
	if moved {
		a.nodeChanged(now)
	}
}

// takeSize takes up the limits.
func (a *poolActor) takeSize() {
	p := *a.applied
	before := a.slots.Stats()
	a.kept = min(max(a.kept, p.Size), p.Hard())
	a.spared = 0
	if p.Sizing.Step == 0 {
		a.kept = p.Size
	}
	a.applySize()
	a.makeRoom()
	if before.SoftLimit != a.kept || before.HardLimit != p.Hard() {
		a.note(conn.Decision{What: conn.Resizing, Slot: -1, Note: fmt.Sprintf("from %d, at most %d, to %d, at most %d", before.SoftLimit, before.HardLimit, a.kept, p.Hard())})
	}
}

// applySize tells the slots how many backends are kept.
func (a *poolActor) applySize() {
	p := a.Config()
	p.Size, p.MaxOverflow = a.kept, p.Hard()-a.kept
	a.slots.Resize(p)
}

// errSuperseded ends a rotation that is under way when the pool is set up anew.
var errSuperseded = errors.New("the pool was given other settings meanwhile: rotate again")

// turnOver begins a generation of backends for a setup, whose predecessors are replaced. What
// the former setup was refused for is no verdict on this one.
func (a *poolActor) turnOver(t turnover) {
	if t == keepAll {
		return
	}
	if t := a.orders.trial.Swap(nil); t != nil {
		t.decide(errSuperseded)
	}
	a.holdup = holdup{counted: a.counted + 1}
	a.begin(messages.Reconfigured, "the settings they were opened by have changed")
	a.rolled, a.rolledFor, a.moving = a.generation, messages.Reconfigured, a.moving || t == moveAll
	for i := range a.states {
		s := &a.states[i]
		if s.phase != opening {
			continue
		}
		if s.trial != nil {
			s.trial.decide(errSuperseded)
		}
		a.retire(i, messages.Reconfigured)
	}
}

// arrived sees the first backend of another server, database or user serve: from now on none
// of the former is lent.
func (a *poolActor) arrived(s *slotState) {
	if !a.moving || s.generation < a.rolled {
		return
	}
	a.moving = false
	a.server.Started = 0 // when the other one was started says nothing of this one
	for i := range a.states {
		if other := &a.states[i]; other.phase == open && other.generation < a.rolled {
			a.slots.Condemn(i, messages.Reconfigured)
			a.retire(i, messages.Reconfigured)
		}
	}
}

// outdated returns whether there still is a backend of a former setup.
func (a *poolActor) outdated() bool {
	for i := range a.states {
		if s := &a.states[i]; s.phase != empty && s.generation < a.rolled {
			return true
		}
	}
	return false
}

// applyHooks sets whether the slots run checkout hooks: they do while there is a backend that was
// opened with some. Each backend runs its own.
func (a *poolActor) applyHooks() {
	hooked := a.dialer.Load().HasCheckoutHooks() || a.hooked && a.outdated()
	if hooked != a.hooked {
		a.hooked = hooked
		a.slots.Hook(hooked)
	}
}

// takeRole takes up that the pool is meant to write now, or is not any more.
func (a *poolActor) takeRole(wrote bool, now time.Time) {
	switch writes := a.mayWrite(); {
	case !writes && a.server.ReadOnly:
		a.route(false) // as it should be
	case writes && !wrote:
		a.probed = time.Time{}
		a.probeRole(now)
	}
}
