package protocol

import (
	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/prepared"
)

// Machine is the protocol state of one client, from its login to its end. It is told what happens by its events
// ([Machine.FromClient], [Machine.FromServer], [Machine.Leased], ...), each of which leaves in [Machine.Output] what
// there is to do. It is not safe for concurrent use.
//
// replies lists what the server owes, an entry for each request that was sent, in order. An error in the extended
// protocol takes out all up to the next Sync. A backend may go back when nothing is owed, no extended batch is
// open, no COPY runs and the server is outside a transaction.
type Machine struct {
	options Options
	params  *params.Set // of the client's session
	initial *params.Set // the same at login: what RESET puts back
	backend *Backend    // nil if none is leased

	replies replies
	open    bool // extended messages were sent since the last Sync
	flushed bool // and a Flush after the last of them
	ignored bool // one of them failed: the server skips all until the Sync
	full    bool // so much is owed that the client waits until half of it is there
	tx      byte // of the last ReadyForQuery: I, T or E
	copying
	statements prepared.Statements
	checking   bool           // the server was asked what shape the rows of the unnamed statement have now
	shape      prepared.Shape // that it is about to tell

	skip  bool          // the client was told of an error: nothing is done until its Sync
	pin   Pin           // why the client must keep its backend
	blind bool          // of a statement's text only the beginning was seen
	found params.Resets // in the text that was inspected last

	resets params.Resets // what the batch that is open puts back, or the last request
	reset  bool          // a command that may be one of them is complete
	spoilt bool          // one has failed
	ended  params.Resets // the same before the last ReadyForQuery
	undone bool          // but none of it is put back: it failed

	request  stream // from the client
	answer   stream // from the server
	held     byte   // type of the client's message that waits for answers of the server, 0 if none does
	between  bool   // nothing was under way when the client's last bytes came
	both     bool   // the last [Turn] was Both
	broken   bool   // the server can't be spoken to any more
	farewell string // why, if it said so
	silent   bool   // the client has gone: answers are read and go nowhere
	rolled   bool   // and ROLLBACK was sent
	wanted   int    // ReadyForQuerys that were owed when the server was last asked to cancel
	replay   replay
	silence  silence

	out Output
}

// stream is one direction of the bytes between client and server.
type stream struct {
	passing int    // bytes of a long message that are still to be passed on as they come
	drops   int    // bytes of a long message that are still to be thrown away
	partial bool   // the beginning of a message is there that is not used yet
	scratch []byte // what is passed on where the input's bytes can't be as they are
}

// maxScratch is how much of its own memory a stream keeps from one event to the next, in bytes: of ten thousand clients
// hardly one needs more at a time.
const maxScratch = 1 << 10

// join appends the rest of what is passed on to out, which holds what goes before it. Where nothing does, the input is
// passed on as it is.
func (s *stream) join(out, rest []byte) []byte {
	if len(out) == 0 {
		return rest
	}
	out = append(out, rest...)
	if s.scratch = out; cap(out) > maxScratch {
		s.scratch = nil
	}
	return out
}

// unfinished says that a message is in the middle of its way.
func (s *stream) unfinished() bool { return s.partial || s.passing > 0 || s.drops > 0 }

// Options say what a machine is for.
type Options struct {
	// Session says that the client keeps its backend until it disconnects.
	Session bool
	// MaxMessage is how long a message of the client may be, in bytes.
	MaxMessage int
	// Attempts is how often a request that only reads is sent to another backend, where the server is lost
	// before it answers: all that a pool has may be lost at once.
	Attempts int
	// Idle and InTransaction limit for how long a client may say nothing.
	Idle, InTransaction Tick
	// Interner makes equal sets of parameters one.
	Interner *params.Interner
}

// New returns the machine of a client that has just logged in, with the parameters that it was told.
func New(o Options, p *params.Set) Machine {
	return Machine{options: o, params: p, initial: p, tx: 'I'}
}

// Configure replaces the options, but for the mode and the interner.
func (m *Machine) Configure(o Options) {
	m.options.MaxMessage, m.options.Attempts = o.MaxMessage, o.Attempts
	m.options.Idle, m.options.InTransaction = o.Idle, o.InTransaction
}

// Params returns the parameters of the client's session.
func (m *Machine) Params() *params.Set { return m.params }

// Pin returns why the client must keep its backend; its Why is "" if it need not.
func (m *Machine) Pin() Pin { return m.pin }

// Pinned says that the client keeps its backend for its session state.
func (m *Machine) Pinned() bool { return m.pin.Why != "" }

// Idle says that the client may be told to go: it is outside a transaction, and all is answered.
func (m *Machine) Idle() bool { return m.caughtUp() && m.tx == 'I' }

// Backend is what is known of the session of one backend, from one lease to the next.
type Backend struct{ params *params.Set }

// NewBackend returns what is known of a backend on which these parameters are set.
func NewBackend(p *params.Set) Backend { return Backend{p} }

// Params returns the parameters that are set on the backend, nil if they are those that its server reported when it
// was connected to.
func (b *Backend) Params() *params.Set { return b.params }

// failed notes that the client was told of an error in the place of the answers that it is due. No backend is leased.
func (m *Machine) failed() {
	m.skip = m.open
	m.replies.clear()
	m.statements, m.checking = prepared.Statements{}, false
	m.open, m.flushed, m.ignored, m.full, m.blind, m.tx = false, false, false, false, false, 'I'
	m.copying, m.resets, m.ended, m.reset, m.spoilt = copying{}, params.Resets{}, params.Resets{}, false, false
}

// returned notes that the lease has ended: the next backend will know nothing of the client.
func (m *Machine) returned() {
	m.statements.Returned()
	m.backend, m.checking, m.blind = nil, false, false
	m.broken, m.farewell = false, ""
	m.answer.passing, m.answer.drops, m.answer.partial = 0, 0, false
}

// keeps says whether the client's session lives and dies with its backend.
func (m *Machine) keeps() bool { return m.options.Session || m.pin.Why != "" }

// caughtUp says that the server has answered all that was sent to it, so that the turn is the client's.
func (m *Machine) caughtUp() bool {
	return m.replies.n == 0 && !m.open && !m.copyIn && m.probe == noProbe
}

// free says that the backend may serve somebody else.
func (m *Machine) free() bool {
	return m.caughtUp() && m.tx == 'I' && (m.silent || !m.statements.Unkept)
}

// inTurns says that the server's answers end with a ReadyForQuery that is due, so that one side can be served after
// the other.
func (m *Machine) inTurns() bool {
	return m.replies.n > 0 && !m.open && !m.copyIn || m.probe != noProbe
}
