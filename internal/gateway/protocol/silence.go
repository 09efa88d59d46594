package protocol

import (
	"math"

	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// Tick is a moment of a clock that only goes forward, or a time, in nanoseconds.
type Tick int64

// Never is the limit that there is none, and the moment that does not come.
const Never Tick = math.MaxInt64

// silence is for how long a client has said nothing. The time counts from its last complete message, or from the
// answer to that: parts of a message begin nothing anew.
type silence struct {
	spoke bool // a message of the client is complete since the time was taken, or the server held it up
	since Tick // when the time was taken; 0 before the first
}

// HeldUp tells that the server has made the client wait: its time begins anew, since it may have spoken meanwhile,
// and nobody has listened.
func (m *Machine) HeldUp() { m.silence.spoke = true }

// Deadline returns by when the client has to speak, as things are now. The clock is read only where there is a limit.
func (m *Machine) Deadline(clock func() Tick) Tick {
	limit, _ := m.limit()
	if limit == Never {
		return Never
	}
	if s := &m.silence; s.spoke || s.since == 0 {
		s.spoke, s.since = false, clock()
	}
	return m.silence.until(limit)
}

// until returns when a limit is reached. The longest that can be said does not go beyond what a [Tick] holds.
func (s *silence) until(limit Tick) Tick { return s.since + min(limit, Never-1-s.since) }

// TimedOut returns what the client is told at its end if it has been silent for too long, nil if it has not.
func (m *Machine) TimedOut(now Tick) *wire.Error {
	if limit, e := m.limit(); limit != Never && !m.silence.spoke && now >= m.silence.until(limit) {
		return e
	}
	return nil
}

// limit returns for how long the client may say nothing now, and what it is told when it does for longer. While the
// server has something to say, silence is not idleness.
func (m *Machine) limit() (Tick, *wire.Error) {
	idle, inside := m.options.Idle, m.options.InTransaction
	if idle == Never && inside == Never {
		return Never, nil
	}
	var at string // what the client is in the middle of, while a backend waits
	switch {
	case m.caughtUp() && m.tx == 'I':
		return idle, errIdle
	case m.caughtUp():
		return inside, errIdleInTransaction
	case m.copyIn:
		at = "It was expected to send the data of a COPY."
	case m.request.passing > 0 && m.replies.n <= 1:
		at = "It was in the middle of a message."
	case m.open && m.replies.readies == 0 && (m.replies.n == 0 || !m.flushed):
		at = "It had begun a batch of the extended protocol, which ends with a Sync."
	default:
		return Never, nil
	}
	limit, e := inside, *errIdleInTransaction
	if m.tx == 'I' && idle < inside {
		limit, e = idle, *errIdle
	}
	e.Detail = at
	return limit, &e
}

var (
	errIdle = &wire.Error{Fatal: true, Code: "57P05", Message: "terminating connection due to idle timeout",
		Hint: "The gateway's idle_timeout says for how long a client may be idle."}
	errIdleInTransaction = &wire.Error{Fatal: true, Code: "25P03", Message: "terminating connection due to idle-in-transaction timeout",
		Hint: "The gateway's idle_in_transaction says for how long a client may be idle in a transaction."}
)
