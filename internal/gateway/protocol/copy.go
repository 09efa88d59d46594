package protocol

import (
	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// copying is a COPY FROM STDIN. While the server reads its data it ignores every Sync and
// Flush (PostgreSQL documentation, "COPY Operations"), and outside of one it ignores data. So
// the client's data waits until it is known whether the server reads any, and what a Sync that
// was sent behind its request means is known unless the COPY fails: maybe it had failed before.
// Then the server is asked: how many ReadyForQuerys come before the answer tells how many of
// the Syncs came too late to be ignored.
type copying struct {
	copyIn bool // the server reads COPY data
	syncs  int  // how many Syncs were sent behind the request
	probe  probe
	count  int // ReadyForQuerys since the COPY failed
}

// probe is the question what became of the Syncs in a COPY that has failed.
type probe uint8

const (
	noProbe  probe = iota
	probeDue       // it must be sent
	probing        // it is answered by a CloseComplete
)

// question is the probe. Its Sync ends what the server skips, if it does; to close what
// there is not is no error.
var question = wire.Append(wire.Append(wire.Append(nil, wire.Sync), wire.Close, []byte("Punoactor\x00")), wire.Flush)

// asks returns the probe if it must be sent now. In the middle of a message it can't.
func (m *Machine) asks() []byte {
	if m.probe != probeDue || m.request.passing > 0 {
		return nil
	}
	m.probe = probing
	return question
}

// copyMessage decides about COPY data and its end. Where the server reads none it
// ignores them, and nobody need see them.
func (m *Machine) copyMessage(typ byte) verdict {
	if !m.copyIn {
		return drop
	}
	if typ != wire.CopyData {
		m.copyIn, m.flushed = false, false
	}
	return forward
}

// beginCopy notes that the server reads COPY data from now on. It ignores the Syncs that it
// finds there, so those that were sent behind the request are not due, and the batch is open
// until the next.
func (m *Machine) beginCopy() {
	if m.replies.n == 0 {
		return
	}
	m.copyIn, m.syncs = true, 0
	request := m.replies.pop()
	for m.replies.n > 0 && m.replies.at(0).request == wire.Sync {
		m.replies.pop()
		m.syncs++
	}
	m.open = m.open || m.replies.readies == 0 && !request.readies()
	m.replies.pushFirst(request)
}

// copied notes that a command is complete, and so is the COPY that was under way.
func (m *copying) copied() { m.copyIn, m.syncs = false, 0 }

// copyFailed notes an error, and says whether the Syncs that were sent during a COPY have to
// be accounted for before anything else.
func (m *Machine) copyFailed() bool {
	m.copyIn = false
	if m.probe != noProbe || m.syncs == 0 {
		return m.probe != noProbe
	}
	m.probe, m.count, m.open, m.ignored = probeDue, 0, false, false
	return true
}

// accounted is called when the probe is answered, and says how many ReadyForQuerys the
// client gets: all but the one that answers the probe's own Sync. In the extended protocol
// the server has skipped all the client's Syncs if that is the only one; then the client
// still owes the one that ends its batch.
func (m *Machine) accounted() int {
	simple := false
	for m.replies.n > 0 {
		simple = simple || m.replies.at(0).request == wire.Query
		m.complete(m.replies.pop())
	}
	n := m.count - 1
	m.skip = n == 0 && !simple
	m.ended, m.undone = m.resets, true
	m.copying, m.resets, m.reset, m.spoilt = copying{}, params.Resets{}, false, false
	return n
}
