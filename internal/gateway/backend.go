package gateway

import (
	"context"
	"net"

	"github.com/unoactor/unoactor/conn"
)

// held is what the gateway keeps with a backend from one lease to the next, for
// as long as the server keeps the session state that it describes.
type held struct {
	socket   *socket
	settings *settings // what is set there
}

// remember finds or makes it.
func remember(b *conn.Backend) *held {
	if h, ok := b.Session().(*held); ok {
		return h
	}
	h := &held{}
	b.SetSession(h)
	return h
}

// Disturbed is called when SQL that the gateway knows nothing of has run on the
// backend: of what is set there nothing is taken for granted any more.
func (h *held) Disturbed() {
	asked := make(map[string]string)
	if h.settings != nil {
		for name := range h.settings.asked {
			asked[name] = "\x00" // no setting's value
		}
	}
	h.settings = &settings{reported: map[string]string{}, asked: asked}
}

// endedContext is a context that has ended: whoever has to wait for something can't.
var endedContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// raw is the backend's socket, to speak the protocol on. It is hardly ever waited for, so a
// context with a limit is made only then.
func (h *held) raw(b *conn.Backend) (*socket, error) {
	nc, err := b.NetConn(endedContext)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), settleTime) // a client has no context but its connection
		defer cancel()
		if nc, err = b.NetConn(ctx); err != nil {
			return nil, err
		}
	}
	if h.socket == nil || h.socket.Conn != net.Conn(nc) {
		h.socket = newSocket(nc)
	}
	return h.socket, nil
}
