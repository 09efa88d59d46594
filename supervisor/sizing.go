package supervisor

import (
	"fmt"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
)

// load is all that dynamic sizing knows.
type load struct {
	sizing     config.Sizing
	soft, hard int // the bounds of kept
	kept       int // how many backends are kept now
	used       int
	waiting    int
	quiet      time.Duration // for how long fewer than shrink_at of them have been used
}

// suggest returns how many backends to keep, and, if that is another number, why. It is a pure function.
func suggest(l load) (kept int, why string) {
	s := l.sizing
	switch {
	case s.Step == 0:
		return l.kept, ""
	case l.kept < l.hard && l.waiting >= s.GrowWaiting:
		return min(l.hard, l.kept+s.Step), fmt.Sprintf("%d wait", l.waiting)
	case l.kept < l.hard && float64(l.used) >= s.GrowAt*float64(l.kept):
		return min(l.hard, l.kept+s.Step), fmt.Sprintf("%d of %d are in use", l.used, l.kept)
	case l.kept > l.soft && l.quiet >= s.CoolDown:
		return max(l.soft, l.kept-s.Step), fmt.Sprintf("%d of %d are in use, few for %v", l.used, l.kept, l.quiet.Round(time.Millisecond))
	}
	return l.kept, ""
}

// resize sets how many backends are kept, as suggest says.
func (a *poolActor) resize(now time.Time) {
	p := a.Config()
	if p.Sizing.Step == 0 || a.draining || a.slots.Paused() {
		return
	}
	st := a.slots.Stats()
	if a.quiet.IsZero() || st.Waiting > 0 || float64(st.Used) >= p.Sizing.ShrinkAt*float64(a.kept) {
		a.quiet = now
	}
	kept, why := suggest(load{
		sizing: p.Sizing, soft: p.Size, hard: p.Hard(), kept: a.kept, used: st.Used, waiting: st.Waiting, quiet: now.Sub(a.quiet),
	})
	if kept == a.kept {
		return
	}
	a.note(conn.Decision{At: now, What: conn.Resizing, Slot: -1, Note: fmt.Sprintf("from %d to %d: %s", a.kept, kept, why)})
	a.log.Info("pool resizes", "from", a.kept, "to", kept, "because", why)
	a.kept, a.quiet = kept, now
	a.applySize()
}
