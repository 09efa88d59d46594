package protocol

import "github.com/unoactor/unoactor/internal/gateway/wire"

// Output says all that there is to do after an event, in the order of its fields. ToServer and ToClient are parts of
// the event's input, or of the machine's own memory: they are valid until the next event of the same direction.
type Output struct {
	Backend Fate   // what becomes of the leased backend
	Why     string // why it is discarded, "" if the server did not say
	Tainted bool   // it has session state of a client that has gone, and must be reset before it serves others

	Want Want        // what is needed before anything else can be done
	Err  *wire.Error // what the client is told at its end, nil if it has said goodbye or has heard

	ToServer []byte // to be written to the leased backend
	Cancel   bool   // the server is to be asked to cancel what it runs
	ToClient []byte // to be written to the client
	Turn     Turn   // who is read next

	Transaction  bool // one has ended
	WriteRefused bool // the server has refused to write, since it is read-only: SQLSTATE 25006
	Replayed     bool // the request goes to another backend, since the first was lost
}

// Fate is what becomes of a backend.
type Fate uint8

// The fates.
const (
	Keep     Fate = iota
	GiveBack      // others may lease it
	Discard       // it is closed
)

// Want is what a machine needs before it can go on.
type Want uint8

// The wants.
const (
	Nothing Want = iota
	Lease        // a backend: [Machine.Leased] or [Machine.Refused] is due. ToServer is valid after Leased only
	End          // the client's connection ends: [Machine.ClientGone] is due
)

// Turn is who is read next.
type Turn uint8

// The turns.
const (
	Client Turn = iota
	Server
	Both // answers come at no certain time: in a COPY, after a Flush, after LISTEN
)

// Output returns what there is to do after the last event.
func (m *Machine) Output() *Output { return &m.out }

// Rest tells that all of the output was done, and that nothing is under way: until the next event the machine keeps
// no part of what it was told.
func (m *Machine) Rest() { m.out, m.replay = Output{}, replay{} }

// turn decides who is read next.
func (m *Machine) turn() Turn {
	t := Client
	switch {
	case m.backend == nil || m.out.Want == End:
	case m.silent:
		t = Server
	case m.held != 0 && m.holds(m.held):
		t = Server
	case m.both && !m.allSaid():
		t = Both
	case m.request.passing == 0 && (m.inTurns() || m.trailing()):
		t = Server
	case m.copyIn || m.request.passing == 0 && (m.open || m.pin.listens):
		t = Both
	}
	m.both = t == Both
	m.replay.possible = m.replay.possible && t == Server
	return t
}

// allSaid says that a conversation of both sides at once has come to its end: the server has answered all of it, and
// all of what the client has said was passed on.
func (m *Machine) allSaid() bool {
	return m.caughtUp() && m.request.passing == 0 && !m.answer.unfinished() && !m.pin.listens
}

// trailing says that the server has begun to say more than it was asked.
func (m *Machine) trailing() bool { return !m.broken && m.caughtUp() && m.answer.unfinished() }

// end ends the client's connection. e is what the client is told, nil if it needs no word.
func (m *Machine) end(e *wire.Error) {
	m.out.Want, m.out.Err = End, e
	m.out.ToServer, m.out.Turn = nil, Client
}
