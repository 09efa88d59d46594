package protocol_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/params"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/transcript"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// stage is where clients and backends say what they say, without a socket: it drives a machine for each client as
// package drive does, and writes down what the machine makes of each event.
type stage struct {
	*testing.T
	interner params.Interner
	clients  map[string]*client
	backends map[string]*backend
	clock    protocol.Tick
	said     []string // lines, since the last event
}

// client is a client and its machine.
type client struct {
	protocol.Machine
	name    string
	on      *backend // that it has leased
	unread  []byte   // what the machine has left over
	rest    []byte   // what the client has not sent yet of what it says
	turn    protocol.Turn
	speaks  bool // the last event was its own
	silent  bool // it has gone
	hears   *transcript.Stream
	written map[string]string // by the first word of the line, which is written where it changes
}

// backend is a backend, and what its server says.
type backend struct {
	protocol.Backend
	name   string
	by     *client // that has leased it
	unread []byte
	rest   []byte
	hears  *transcript.Stream
}

func (s *stage) line(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

// once writes a line of the client's unless it is the last of its kind.
func (s *stage) once(c *client, kind, rest string) {
	if c.written[kind] != rest {
		s.line("%s %s", kind, rest)
	}
	c.written[kind] = rest
}

// told is what the client says, behind what is left over: at least once the machine is told.
func (s *stage) told(c *client, b []byte) {
	if c.turn == protocol.Server {
		s.Fatalf("%s is told, and it is the server's turn", c.name)
	}
	c.unread = append(c.unread, b...)
	s.again(c)
}

func (s *stage) again(c *client) {
	for {
		c.speaks = true
		used := c.FromClient(c.unread)
		c.unread = c.unread[used:]
		s.perform(c)
		if used == 0 || len(c.unread) == 0 || c.turn == protocol.Server || c.Output().Want != protocol.Nothing {
			return
		}
	}
}

// heard is what a server says.
func (s *stage) heard(b *backend, bytes []byte) {
	c := b.by
	if c == nil || c.turn == protocol.Client {
		s.Fatalf("%s says %s, and nobody listens", b.name, transcript.Server.Stream().Write(bytes))
	}
	c.speaks = false
	b.unread = append(b.unread, bytes...)
	b.unread = b.unread[c.FromServer(b.unread):]
	s.perform(c)
	s.goOn(c)
}

// goOn tells the machine what it has left over of the client, now that something else has happened.
func (s *stage) goOn(c *client) {
	if c.turn != protocol.Server && len(c.unread) > 0 && c.Output().Want == protocol.Nothing {
		s.line("%s goes on with what was left over", c.name)
		s.again(c)
	}
}

// perform does what the machine says after an event.
func (s *stage) perform(c *client) {
	both := c.turn == protocol.Both
	out := c.Output()
	if out.Backend != protocol.Keep {
		s.leave(c, out)
	}
	if out.Replayed {
		s.line("the request goes to another backend")
	}
	if out.Transaction {
		s.line("a transaction is counted")
	}
	if out.WriteRefused {
		s.line("the server refused to write, since it is read-only")
	}
	if out.Want == protocol.Lease {
		s.line("wanted: a backend for %s", c.name)
		c.turn = protocol.Client
		s.state(c)
		return
	}
	if len(out.ToServer) > 0 {
		s.line("to %s: %s", c.on.name, c.on.hears.Write(out.ToServer))
	}
	if out.Cancel {
		s.line("%s is asked to cancel", c.on.name)
	}
	if len(out.ToClient) > 0 {
		s.line("to %s: %s", c.name, c.hears.Write(out.ToClient))
	}
	c.turn = out.Turn
	if both && out.Want == protocol.Nothing && (c.turn != protocol.Both || c.speaks && len(out.ToClient) > 0) {
		c.Resume() // the conversation of both sides is over
		if out = c.Output(); out.Backend != protocol.Keep {
			s.leave(c, out)
		}
		c.turn = out.Turn
	}
	if out.Want == protocol.End {
		s.line("wanted: the end of %s%s", c.name, because(out.Err))
	}
	s.state(c)
}

// because says what a client is told at its end.
func because(e *wire.Error) string {
	if e == nil {
		return ""
	}
	return ", which is told " + transcript.Server.Write(e.AsFatal().Append(nil))
}

// leave does what becomes of the backend.
func (s *stage) leave(c *client, out *protocol.Output) {
	what := map[protocol.Fate]string{protocol.GiveBack: "goes back", protocol.Discard: "is closed"}[out.Backend]
	if out.Why != "" {
		what += ": " + out.Why
	}
	if out.Tainted {
		what += "; what the client has set there must be reset"
	}
	s.line("%s %s", c.on.name, what)
	c.on.by, c.on.unread, c.on = nil, nil, nil
}

// state writes down how things stand, where they have changed.
func (s *stage) state(c *client) {
	switch {
	case c.Output().Want != protocol.Nothing:
	case c.turn == protocol.Server:
		s.line("read: %s", c.on.name)
	case c.turn == protocol.Both:
		s.line("read: %s and %s", c.name, c.on.name)
	case c.silent:
	default:
		s.line("read: %s", c.name)
	}
	if len(c.unread) > 0 {
		s.line("left over: %s", transcript.Client.Stream().Write(c.unread))
	}
	s.once(c, "owed:", c.Owed())
	s.once(c, "state:", c.State())
	if by := c.Deadline(func() protocol.Tick { return s.clock }); by != protocol.Never && c.turn != protocol.Server && !c.silent {
		s.once(c, "deadline:", fmt.Sprintf("%d s", by/second))
	}
}

const second = 1e9

// reported are parameters as a server reports them, but for those that are given as NAME=VALUE.
func (s *stage) reported(given []string) *params.Set {
	set := protocol.Reported()
	for _, one := range given {
		name, value, _ := strings.Cut(one, "=")
		set = s.interner.With(set, name, value)
	}
	return s.interner.Intern(set)
}

func newStage(t *testing.T) *stage {
	return &stage{T: t, clients: map[string]*client{}, backends: map[string]*backend{}}
}

func (s *stage) addBackend(name string, given []string) *backend {
	b := &backend{Backend: protocol.NewBackend(s.reported(given)), name: name, hears: transcript.Client.Stream()}
	s.backends[name] = b
	return b
}

func (s *stage) addClient(name string, o protocol.Options, given []string) *client {
	o.Interner = &s.interner
	c := &client{Machine: protocol.New(o, s.reported(given)), name: name, hears: transcript.Server.Stream()}
	c.written = map[string]string{"owed:": c.Owed(), "state:": c.State()}
	s.clients[name] = c
	return c
}

// lease gives a client a backend.
func (s *stage) lease(c *client, b *backend) {
	if c.Output().Want != protocol.Lease || b.by != nil {
		s.Fatalf("%s leases %s, and did not want to, or can't", c.name, b.name)
	}
	c.on, b.by = b, c
	c.Leased(&b.Backend)
	s.perform(c)
	s.goOn(c)
}
