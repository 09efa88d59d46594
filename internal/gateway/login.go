package gateway

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"time"

	"github.com/unoactor/unoactor/config"
)

// errDone is a connection that has had what it came for: a cancel request.
var errDone = errors.New("done")

// refusedLogin is a client that did not prove who it is.
type refusedLogin struct{ *failure }

// login takes a client from its first byte to its first ReadyForQuery.
func (c *client) login() error {
	deadline := time.Now().Add(c.server.config.LoginTimeout)
	if err := c.socket.SetDeadline(deadline); err != nil {
		return err
	}
	c.server.registry.enter(c)
	defer c.server.registry.entered(c)
	switch { // nobody would wake it now
	case c.server.draining.Load():
		return errStarting
	case c.ousted.Load():
		return errDisplaced
	}
	start, err := c.readStartup()
	if err != nil {
		return c.loginError(err)
	}
	switch {
	case start.kind == cancelCode:
		c.server.door.lobby.leave(c.seat) // how many of them are under way has a bound of its own
		c.server.cancel(start)
		return errDone
	case c.server.draining.Load():
		return errStarting
	}
	if f := start.replication(); f != nil {
		return f
	}
	if err := c.socket.write(start.negotiate()); err != nil {
		return err
	}
	c.user, c.database = start.parameters["user"], start.database()
	if err := c.server.auth.check(c.user, c.ask); err != nil {
		return c.loginError(err)
	}
	if f := c.server.door.lobby.admit(c.seat); f != nil {
		return f
	}
	c.pool, err = c.server.router.Route(c.database, c.user)
	if err != nil {
		return unknownDatabase(c.database, err)
	}
	c.repeats = c.pool.Settings().Hard()
	c.core.session = c.pool.Settings().Mode == "session"
	wanted, f := start.wanted()
	if f != nil {
		return f
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline) // a client has no context but its connection
	defer cancel()
	defer c.whileQueuing(cancel)()
	if c.settings, err = c.server.welcomes.settings(ctx, c.pool, wanted); err != nil {
		if c.server.draining.Load() {
			return errStarting
		}
		return err
	}
	c.initial, c.core.reports, c.core.asked = c.settings, c.settings.reported, c.settings.asked
	if err := c.socket.SetDeadline(time.Time{}); err != nil {
		return err
	}
	if limit := c.server.config.WriteTimeout; limit != config.Never {
		c.socket.patience = limit
	}
	c.attach(ctx)
	c.server.registry.add(c)
	return c.greet()
}

// loginError tells what the end of a login means: the client took too long, or was
// in the way of others, or came too late for a shutdown, or is not who it says.
func (c *client) loginError(err error) error {
	var timeout net.Error
	var f *failure
	switch {
	case errors.As(err, &f) && f.code == "28P01":
		return &refusedLogin{f}
	case !errors.As(err, &timeout) || !timeout.Timeout():
		return err
	case c.server.draining.Load():
		return errStarting
	case c.ousted.Load():
		return errDisplaced
	}
	return errLoginTimeout
}

// displaced has a client that logs in go, since others want to.
func (c *client) displaced() {
	c.ousted.Store(true)
	c.wake()
}

// readStartup reads start-up packets until one that is not about encryption.
func (c *client) readStartup() (startup, error) {
	for range 3 { // TLS and GSS may be asked for, once each
		var length [4]byte
		if _, err := io.ReadFull(c.socket.Conn, length[:]); err != nil {
			return startup{}, err
		}
		n, f := startupLength(length)
		if f != nil {
			return startup{}, f
		}
		packet := make([]byte, n-4)
		if _, err := io.ReadFull(c.socket.Conn, packet); err != nil {
			return startup{}, err
		}
		start, f := parseStartup(packet)
		if f != nil {
			return start, f
		}
		if start.kind != tlsCode && start.kind != gssCode {
			return start, nil
		}
		if c.socket.pending() {
			return startup{}, behindEncryption
		}
		if err := c.socket.write([]byte{'N'}); err != nil {
			return startup{}, err
		}
	}
	return startup{}, violation("encryption was asked for again and again")
}

// ask puts one question of the authentication and reads the answer.
func (c *client) ask(request uint32, data []byte) ([]byte, error) {
	if err := c.socket.write(appendMessage(nil, 'R', binary.BigEndian.AppendUint32(nil, request), data)); err != nil {
		return nil, err
	}
	if request == authSASLFinal {
		return nil, nil
	}
	var header [headerLen]byte
	if _, err := io.ReadFull(c.socket.Conn, header[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(header[1:])
	if header[0] != msgPassword || n < 4 || n > maxStartup {
		return nil, violation("message type %q of %d bytes in the place of a password", header[0], n)
	}
	answer := make([]byte, n-4)
	_, err := io.ReadFull(c.socket.Conn, answer)
	return answer, err
}

// greet tells the client that it is in: the settings, its cancel key, and that
// it may speak.
func (c *client) greet() error {
	out := appendMessage(nil, 'R', []byte{0, 0, 0, authOK})
	for _, name := range slices.Sorted(maps.Keys(c.settings.reported)) {
		out = appendMessage(out, msgParameterStatus, []byte(name), []byte{0}, []byte(c.settings.reported[name]), []byte{0})
	}
	out = appendMessage(out, 'K', binary.BigEndian.AppendUint32(nil, c.key.pid), c.key.secret[:])
	return c.socket.write(appendReady(out, 'I'))
}

// cancel cancels for the client that a cancel request means. It is answered by
// silence, whether there is one or not.
func (s *Server) cancel(start startup) {
	if c := s.registry.find(start.pid, start.secret); c != nil {
		c.cancel()
	}
}
