package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/internal/gateway/drive"
	"github.com/unoactor/unoactor/internal/gateway/wire"
)

// refusedLogin is a client that did not prove who it is.
type refusedLogin struct{ why *wire.Error }

func (r *refusedLogin) Error() string { return r.why.Error() }

// client is a connection to the gateway, from when it was accepted.
type client struct {
	*drive.Client
	server   *Server
	address  string      // where it comes from
	seat     *place      // in the lobby
	ousted   atomic.Bool // that was given to somebody else
	user     string
	database string
	key      cancelKey
}

// login takes a client from its first byte to its first ReadyForQuery.
func (c *client) login() error {
	deadline := time.Now().Add(c.server.shared.Config().LoginTimeout)
	if err := c.Socket().SetDeadline(deadline); err != nil {
		return err
	}
	c.server.registry.enter(c)
	defer c.server.registry.entered(c)
	switch { // nobody would wake it now
	case c.server.shared.Draining():
		return errStarting
	case c.ousted.Load():
		return errDisplaced
	}
	start, err := c.readStartup()
	if err != nil {
		return c.loginError(err)
	}
	switch {
	case start.Kind == wire.CancelRequest:
		c.server.door.lobby.leave(c.seat) // how many of them are under way has a bound of its own
		c.server.cancel(start)
		return drive.ErrDone
	case c.server.shared.Draining():
		return errStarting
	}
	if f := start.Replication(); f != nil {
		return f
	}
	if err := c.Socket().WriteAll(start.Negotiate()); err != nil {
		return err
	}
	c.user, c.database = start.Parameters["user"], start.Database()
	c.Introduce(c.user, c.database)
	if err := c.server.shared.Config().Users.Check(c.user, c.ask); err != nil {
		return c.loginError(err)
	}
	if f := c.server.door.lobby.admit(c.seat); f != nil {
		return f
	}
	pool, err := c.server.router.Route(c.database, c.user)
	if err != nil {
		return unknownDatabase(c.database, err)
	}
	wanted, f := start.Wanted()
	if f != nil {
		return f
	}
	c.Tenant().Join(pool, &c.server.shared.Greetings)
	ctx, cancel := context.WithDeadline(context.Background(), deadline) // a client has no context but its connection
	defer cancel()
	defer c.Tenant().WhileQueuing(cancel)()
	p, err := c.server.shared.Greetings.For(ctx, pool, wanted)
	if err != nil {
		if c.server.shared.Draining() {
			return errStarting
		}
		return err
	}
	if err := c.Socket().SetDeadline(time.Time{}); err != nil {
		return err
	}
	c.Socket().SetPatience(c.server.shared.Config().Patience())
	c.Begin(p)
	if pool.Settings().Mode == config.Session {
		c.Tenant().Attach(ctx)
	}
	c.server.registry.add(c)
	return c.greet()
}

// loginError tells what the end of a login means: the client took too long, or was
// in the way of others, or came too late for a shutdown, or is not who it says.
func (c *client) loginError(err error) error {
	var timeout net.Error
	var f *wire.Error
	switch {
	case errors.As(err, &f) && f.Code == "28P01":
		return &refusedLogin{f}
	case !errors.As(err, &timeout) || !timeout.Timeout():
		return err
	case c.server.shared.Draining():
		return errStarting
	case c.ousted.Load():
		return errDisplaced
	}
	return errLoginTimeout
}

// displaced ends a client that logs in, since others want to.
func (c *client) displaced() {
	c.ousted.Store(true)
	c.Wake()
}

// readStartup reads start-up packets until one that is not about encryption.
func (c *client) readStartup() (wire.Startup, error) {
	for range 3 { // TLS and GSS may be asked for, once each
		var length [4]byte
		if _, err := io.ReadFull(c.Socket().Conn, length[:]); err != nil {
			return wire.Startup{}, err
		}
		n, f := wire.StartupLength(length)
		if f != nil {
			return wire.Startup{}, f
		}
		packet := make([]byte, n-4)
		if _, err := io.ReadFull(c.Socket().Conn, packet); err != nil {
			return wire.Startup{}, err
		}
		start, f := wire.ParseStartup(packet)
		if f != nil {
			return start, f
		}
		if start.Kind != wire.TLSRequest && start.Kind != wire.GSSRequest {
			return start, nil
		}
		if c.Socket().Pending() {
			return wire.Startup{}, behindEncryption
		}
		if err := c.Socket().WriteAll([]byte{'N'}); err != nil {
			return wire.Startup{}, err
		}
	}
	return wire.Startup{}, wire.Violation("encryption was asked for again and again")
}

// ask puts one question of the authentication and reads the answer.
func (c *client) ask(request uint32, data []byte) ([]byte, error) {
	if err := c.Socket().WriteAll(wire.Append(nil, wire.Authentication, binary.BigEndian.AppendUint32(nil, request), data)); err != nil {
		return nil, err
	}
	if request == wire.AuthSASLFinal {
		return nil, nil
	}
	var header [wire.HeaderLen]byte
	if _, err := io.ReadFull(c.Socket().Conn, header[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(header[1:])
	if header[0] != wire.Password || n < 4 || n > wire.MaxStartup {
		return nil, wire.Violation("message type %q of %d bytes in the place of a password", header[0], n)
	}
	answer := make([]byte, n-4)
	_, err := io.ReadFull(c.Socket().Conn, answer)
	return answer, err
}

// greet tells the client that it is in: its parameters, its cancel key, and that
// it may speak.
func (c *client) greet() error {
	out := wire.Append(nil, wire.Authentication, []byte{0, 0, 0, wire.AuthOK})
	p := c.Params()
	for _, name := range p.Sorted() {
		out = wire.AppendParameter(out, name, p.Value(name))
	}
	out = wire.Append(out, wire.BackendKey, binary.BigEndian.AppendUint32(nil, c.key.pid), c.key.secret[:])
	return c.Socket().WriteAll(wire.AppendReady(out, 'I'))
}

// cancel cancels for the client that a cancel request means. It is answered by
// silence, whether there is one or not.
func (s *Server) cancel(start wire.Startup) {
	if c := s.registry.find(start.PID, start.Secret); c != nil {
		c.Cancel()
	}
}
