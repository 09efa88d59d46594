package gateway

import (
	"fmt"
	"net"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/internal/sqltext"
)

// What the tests see of the inside.

// OnlyReads is onlyReads.
func OnlyReads(sql string) bool { return onlyReads([]byte(sql)) }

// Pins is the reason why a statement pins, on a server that reports what PostgreSQL 15 does.
func Pins(sql string) string {
	c := core{reports: map[string]string{"TimeZone": "", "DateStyle": "", "IntervalStyle": "", "application_name": "", "client_encoding": "",
		"default_transaction_read_only": "", "standard_conforming_strings": ""}}
	c.look([]byte(sql), false)
	return c.pin.why
}

// Change is the SQL that makes reported and asked settings of those given.
func Change(from, to, fromAsked, toAsked map[string]string) string {
	return change(&settings{from, fromAsked}, &settings{to, toAsked})
}

// ParseOptions and ParseStartup read what a client opens with.
func ParseOptions(s string) (map[string]string, error) {
	into := make(map[string]string)
	if f := parseOptions(s, into); f != nil {
		return nil, f
	}
	return into, nil
}

// ParseStartup reads a start-up packet without its length; ok is false if it is refused.
func ParseStartup(b []byte) (ok bool) {
	s, f := parseStartup(b)
	if f == nil {
		s.negotiate()
		s.database()
		_, f = s.wanted()
	}
	return f == nil
}

// ParseInitial reads the first answer of a SASL exchange.
func ParseInitial(b []byte) (string, bool) {
	s, f := parseInitial(b)
	return s, f == nil
}

// Words cuts SQL into words.
func Words(sql []byte) (all []string) {
	for s := sqltext.NewScanner(sql, false); s.Solid(); {
		if s.Kind == sqltext.Word || s.IsSign(';') {
			all = append(all, string(s.Text()))
		}
	}
	return all
}

// Core is the state machine of a client, to be told things.
type Core struct{ c core }

// NewCore is a client that is logged in.
func NewCore(session bool) *Core { return &Core{core{session: session, tx: 'I'}} }

// Holds says whether a message of the client waits for the server.
func (c *Core) Holds(typ byte) bool { return c.c.holds(typ) }

// Client tells it of a message of the client, missing bytes of it not being there.
func (c *Core) Client(typ byte, body []byte, missing int) (goesOn bool) {
	if c.c.holds(typ) {
		return true // it comes later, or never
	}
	_, f := c.c.request(message{typ: typ, raw: appendMessage(nil, typ, body), missing: missing})
	return f == nil
}

// Server tells it of a message of the server.
func (c *Core) Server(typ byte, body []byte) (goesOn bool) {
	v, f := c.c.reply(message{typ: typ, raw: appendMessage(nil, typ, body)})
	if v == ready {
		c.c.accounted()
	}
	c.c.asks()
	return f == nil
}

// Failed tells it that the client was told of an error.
func (c *Core) Failed() { c.c.fails(nil, errShutdown, false); c.c.failed() }

// Free says whether the backend may serve somebody else, and why it should not.
func (c *Core) Free() (free bool, outstanding int) {
	n := c.c.replies.n
	if c.c.open || c.c.copyIn || c.c.tx != 'I' {
		n++
	}
	return c.c.free(), n
}

// Kept is how many bytes are kept of a statement.
func (c *Core) Kept() int {
	return len(c.c.parse) + len(c.c.done.parse) + c.c.kept + len(c.c.pin.statement)
}

// Take feeds a client with bytes in pieces and returns what would go to a server
// that never answers, and whether the bytes were refused.
func Take(stream []byte, cuts []byte) (out []byte, refused bool) {
	s := &Server{}
	s.config.MaxMessage = 1 << 20
	c := &client{server: s, in: new(buffer)}
	c.core.tx, c.core.session = 'I', true
	c.duplexed.on = true // what is due does not stop it
	for len(stream) > 0 {
		c.compact()
		n := len(stream)
		if len(cuts) > 0 {
			n, cuts = min(n, int(cuts[0])+1), cuts[1:]
		}
		n = copy(c.in[c.w:], stream[:n])
		stream = stream[n:]
		c.w += n
		for {
			before := c.r
			t, f := c.take()
			out = append(out, t.bytes...)
			if f != nil || t.ends {
				return out, f != nil
			}
			if c.r == before {
				break
			}
			if c.r == c.w {
				c.r, c.w = 0, 0
				break
			}
		}
		if n == 0 && c.r == 0 && c.w == bufferSize {
			panic("a full buffer is not used")
		}
	}
	return out, false
}

// Lobby is a lobby without connections.
type Lobby struct{ l lobby }

// NewLobby makes one with the caps of a configuration.
func NewLobby(clients, logins, host, sockets int) *Lobby {
	return &Lobby{lobby{limits: lobbyLimits{clients, logins, host, sockets}}}
}

// Place is a connection's in a lobby.
type Place struct {
	l         *lobby
	p         *place
	displaced bool
}

// Enter returns a place, or why there is none.
func (l *Lobby) Enter(address string) (*Place, string) {
	p := &Place{l: &l.l}
	var f *failure
	if p.p, f = l.l.enter(address, time.Now(), func() { p.displaced = true }); f != nil {
		return nil, f.message + " " + f.detail + " " + f.hint
	}
	return p, ""
}

// Admit returns why it may not be a client.
func (p *Place) Admit() string {
	if f := p.l.admit(p.p); f != nil {
		return f.message
	}
	return ""
}

// Hold, Leave and Displaced are what they are called.
func (p *Place) Hold(wait time.Duration, over func()) { p.l.hold(p.p, wait, over) }
func (p *Place) Leave()                               { p.l.leave(p.p) }
func (p *Place) Displaced() bool                      { return p.displaced }

// Close and Count are those of the lobby.
func (l *Lobby) Close()                       { l.l.close() }
func (l *Lobby) Count() (clients, logins int) { return l.l.count() }

// Offenders are what is known of addresses.
type Offenders struct{ o offenders }

// NewOffenders knows of none.
func NewOffenders() *Offenders { return &Offenders{} }

// Refused notes a refusal; Known is how many addresses are remembered.
func (o *Offenders) Refused(address string) time.Duration { return o.o.refused(address, time.Now()) }
func (o *Offenders) Known() int                           { return len(o.o.by) }

// Seldom is what is told of seldom.
type Seldom struct{ s seldom }

// NewSeldom tells once an interval.
func NewSeldom(every time.Duration) *Seldom { return &Seldom{seldom{every: every}} }

// Tell and Rest are those of now.
func (s *Seldom) Tell() (int, bool) { return s.s.tell(time.Now()) }
func (s *Seldom) Rest() int         { return s.s.rest(time.Now()) }

// Remembers says how many settings a client's session holds after its server has reported so many names.
func Remembers(names int) int {
	s := &Server{}
	first := s.welcomes.intern(&settings{reported: map[string]string{"TimeZone": "UTC", "server_version": "15"}})
	c := &client{server: s, settings: first, held: &held{settings: first}}
	for i := range names {
		c.reported(fmt.Appendf(nil, "name_%d\x00value\x00", i), true)
	}
	c.reported([]byte("TimeZone\x00Asia/Tokyo\x00"), true)
	c.reported([]byte("application_name\x00\x00"), true)
	if value, ok := c.settings.reported["application_name"]; !ok || value != "" || c.settings.reported["TimeZone"] != "Asia/Tokyo" {
		return -1
	}
	return len(c.settings.reported)
}

// Known is how many clients the server knows, those that log in too.
func (s *Server) Known() int { return len(s.registry.all()) }

// SayGoodbye tells a client why it is ended, which may take nothing of what it is sent for so long.
func SayGoodbye(nc net.Conn, patience time.Duration) {
	c := &client{server: &Server{log: hclog.NewNullLogger()}, socket: newSocket(nc)}
	c.socket.patience = patience
	c.leave(errIdle)
}

// Wanted are the settings that a client asks for in its start-up packet.
func Wanted(parameters map[string]string) (map[string]string, error) {
	wanted, f := startup{parameters: parameters}.wanted()
	if f != nil {
		return nil, f
	}
	return wanted, nil
}

// ListenOn has the server accept clients from l.
func (s *Server) ListenOn(l net.Listener) { s.listeners = append(s.listeners, l) }
