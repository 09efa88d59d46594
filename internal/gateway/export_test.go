package gateway

import (
	"net"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/internal/gateway/drive"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// What the tests see of the inside.

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
	var f *wire.Error
	if p.p, f = l.l.enter(address, time.Now(), func() { p.displaced = true }); f != nil {
		return nil, f.Message + " " + f.Detail + " " + f.Hint
	}
	return p, ""
}

// Admit returns why it may not be a client.
func (p *Place) Admit() string {
	if f := p.l.admit(p.p); f != nil {
		return f.Message
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

// Known is how many clients the server knows, those that log in too.
func (s *Server) Known() int { return len(s.registry.all()) }

// SayGoodbye tells a client why it is ended, which may take nothing of what it is sent for so long.
func SayGoodbye(nc net.Conn, patience time.Duration) {
	c := drive.NewClient(drive.NewShared(drive.Snapshot{}, hclog.NewNullLogger()), nc)
	c.Socket().SetPatience(patience)
	c.Leave(&wire.Error{Fatal: true, Code: "57P05", Message: "terminating connection due to idle timeout"})
}

// ListenOn has the server accept clients from l.
func (s *Server) ListenOn(l net.Listener) { s.listeners = append(s.listeners, l) }
