package supervisor

import (
	"maps"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// poolView is what the pool's actor knows, as it lets others see it.
type poolView struct {
	slots      []slotView
	generation uint64
	kept       int
	refused    error // why the pool can't connect now, nil if it can
	hopeless   bool  // waiting does not mend that
	readOnly   bool
	draining   bool
	applied    *config.Pool // the settings that were taken up last
	outdated   bool         // there is a backend of former settings that are being replaced
}

// slotView is what the pool's actor knows of a slot.
type slotView struct {
	phase       phase
	incarnation uint64
	generation  uint64
	pid         uint32
	since       time.Time
	restarts    uint64
	losses      map[messages.Cause]uint64 // the restarts by cause; replaced, never changed
	cause       messages.Cause            // the cause of the last loss or failed connect
	err         error
	at          time.Time
}

func (v *slotView) identity(slot int) messages.Backend {
	return messages.Backend{Slot: slot, Incarnation: v.incarnation, PID: v.pid}
}

func (v *slotView) restarted(cause messages.Cause) {
	v.restarts++
	losses := maps.Clone(v.losses)
	if losses == nil {
		losses = make(map[messages.Cause]uint64)
	}
	losses[cause]++
	v.losses = losses
}

// publish lets others see what the pool knows, and wakes those who wait for it.
func (a *poolActor) publish() {
	view := &poolView{
		slots: make([]slotView, len(a.states)), generation: a.generation, kept: a.kept, readOnly: a.server.ReadOnly, draining: a.draining,
		applied: a.applied, outdated: a.outdated(),
	}
	if time.Now().Before(a.blocked) {
		view.refused, view.hopeless = a.refused, a.hopeless
	}
	for i := range a.states {
		view.slots[i] = a.states[i].slotView
	}
	a.view.Store(view)
	a.changed.ring()
}

// losses returns how often slots were restarted, by cause.
func (p *Pool) losses() map[messages.Cause]uint64 {
	sum := make(map[messages.Cause]uint64)
	for _, v := range p.view.Load().slots {
		for cause, n := range v.losses {
			sum[cause] += n
		}
	}
	return sum
}
