package supervisor_test

import (
	"errors"
	"time"

	"github.com/unoactor/unoactor/conn"
)

// check looks whether the pool, in which nothing moves, is what the model says.
func (m *lockstep) check() {
	m.checkPauses()
	m.checkLeases()
	m.checkFigures()
	m.checkWaits()
	m.checkBackends()
	m.checkServer()
}

// checkPauses: Pause returns when no lease is out, and not before.
func (m *lockstep) checkPauses() {
	for i := 0; i < len(m.pauses); i++ {
		p := m.pauses[i]
		select {
		case <-p.done:
			m.pauses = append(m.pauses[:i:i], m.pauses[i+1:]...)
			i--
			if p.err == nil && m.paused && len(m.leases) > 0 {
				m.fail("Pause returned while %d leases are out", len(m.leases))
			}
		default:
			if m.paused && len(m.leases) == 0 {
				m.fail("no lease is out, and Pause did not return")
			}
		}
	}
}

// checkLeases: a lease is valid from its grant to its end, and who uses it after
// is told how it ended.
func (m *lockstep) checkLeases() {
	for _, l := range m.leases {
		b, err := l.lease.Backend()
		if l.end == doubtful && err != nil {
			m.say("  %s was revoked", l.name)
			m.end(l, revoked)
			m.checkLeases()
			return
		}
		if err != nil {
			m.fail("%s should be valid: %v", l.name, err)
		}
		if b.PID() != l.pid || b.Slot() != l.slot {
			m.fail("%s was given process %d in slot %d, and now is of %d in slot %d", l.name, l.pid, l.slot, b.PID(), b.Slot())
		}
	}
	for _, l := range m.ended {
		_, err := l.lease.Backend()
		var stale *conn.StaleLeaseError
		if !errors.As(err, &stale) {
			m.fail("%s ended, and its use gets %v", l.name, err)
		}
		// Of several revoked leases a slot remembers the last.
		if stale.Pool != "default" || stale.Slot != l.slot || stale.Revoked && l.end != revoked {
			m.fail("%s, of slot %d, revoked %t, is told as %+v", l.name, l.slot, l.end == revoked, *stale)
		}
	}
}

// checkFigures: the figures are those of the model, and agree with each other.
func (m *lockstep) checkFigures() {
	st := m.pool.Stats()
	reserve, used := 0, 0
	for _, l := range m.leases {
		if l.reserve {
			reserve++
		} else {
			used++
		}
	}
	switch {
	case st.Size != st.Used+st.Idle+st.Busy:
		m.fail("size is not used + idle + busy")
	case st.Used != used:
		m.fail("%d leases are out, but %d are used", used, st.Used)
	case m.pool.Leased() != len(m.leases):
		m.fail("%d leases are out, but %d are said to be", len(m.leases), m.pool.Leased())
	case reserve > 1 || st.Reserve < reserve || st.Reserve > 1:
		m.fail("%d leases of the reserve are out, it counts %d", reserve, st.Reserve)
	case st.Waiting != len(m.queue.standing()):
		m.fail("%d wait", len(m.queue.standing()))
	case st.SoftLimit != m.config.Size || st.HardLimit != m.config.Hard():
		m.fail("the limits should be %d and %d", m.config.Size, m.config.Hard())
	case st.Paused != m.paused && m.closing.IsZero():
		m.fail("paused should be %t", m.paused)
	case st.Acquired != m.granted:
		m.fail("%d leases were granted", m.granted)
	case st.Timeouts != m.timeouts:
		m.fail("%d waits timed out", m.timeouts)
	case st.Refused != m.refused:
		m.fail("%d acquires failed", m.refused)
	}
	sum := uint64(0)
	for _, n := range m.pool.Slots().Refusals() {
		sum += n
	}
	if sum != m.refused {
		m.fail("%d acquires failed, the refusals by kind are %v", m.refused, m.pool.Slots().Refusals())
	}
}

// checkWaits: nobody waits for what is there or could be.
func (m *lockstep) checkWaits() {
	standing := m.queue.standing()
	st := m.pool.Stats()
	for _, w := range standing {
		if waited := time.Since(w.since); waited > modelAcquireTimeout+100*time.Millisecond {
			m.fail("%s has waited for %v, longer than acquire_timeout", w.name, waited)
		}
	}
	switch {
	case len(standing) == 0:
	case !m.closing.IsZero():
		m.fail("%d wait for a closed pool", len(standing))
	case m.paused && m.failFast:
		m.fail("%d wait, though the pause fails fast", len(standing))
	case m.paused:
	case st.Idle > 0:
		m.fail("%d wait and %d are idle", len(standing), st.Idle)
	case m.healthy() && m.present() < min(st.HardLimit, st.Used+len(standing)):
		m.fail("%d wait, and there are no more than %d backends, open or opening", len(standing), m.present())
	case m.healthy() && standing[0].Priority == conn.Admin && st.Reserve == 0 && m.present() >= st.HardLimit && m.opening() == 0:
		m.fail("an administrator waits, and the reserve is not opened")
	}
}

// present counts the slots that are in use, however far they are, but for the reserve.
func (m *lockstep) present() (n int) {
	for _, s := range m.pool.Snapshot().Slots {
		if s.Phase != "empty" && !s.Reserve {
			n++
		}
	}
	return n
}

func (m *lockstep) opening() (n int) {
	for _, s := range m.pool.Snapshot().Slots {
		if s.Phase == "opening" {
			n++
		}
	}
	return n
}

// checkBackends: there are as many as there should be, none is too old.
func (m *lockstep) checkBackends() {
	snapshot := m.pool.Snapshot()
	st := snapshot.Stats
	if snapshot.Generation < m.generations {
		m.fail("generation %d after %d invalidations", snapshot.Generation, m.generations-1)
	}
	if st.Size > max(st.HardLimit, st.Used) && time.Since(m.resized) > modelLook {
		m.fail("more are open than the hard limit and the leases out explain")
	}
	for _, s := range snapshot.Slots {
		if s.State != conn.Idle {
			continue
		}
		if s.PID <= m.floor {
			m.fail("process %d was invalidated and is idle", s.PID)
		}
	}
}

// checkServer: the server sees no more connections than allowed, and nothing of
// the pool's own on those that are leased.
func (m *lockstep) checkServer() {
	live, peak, dials := m.server.count()
	if peak > m.ceiling+1 {
		m.fail("%d were connected at once, of at most %d and a reserve", peak, m.ceiling)
	}
	if st := m.pool.Stats(); st.Reserve == 0 && live > m.ceiling {
		m.fail("%d are connected, of at most %d", live, m.ceiling)
	}
	m.ceiling = max(m.config.Hard(), min(m.ceiling, live))
	switch {
	case m.paused && m.dials < 0:
		m.dials = dials
	case m.paused && m.dials != dials:
		m.fail("the pool connected while it was paused")
	}
	if err := m.server.wrong(); err != nil {
		m.fail("%v", err)
	}
}
