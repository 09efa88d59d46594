package backends

import (
	"context"
	"net"
	"time"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/internal/gateway/protocol"
	"github.com/unoactor/unoactor/internal/gateway/sockets"
)

// held is what the gateway keeps with a backend from one lease to the next, for as long as the server keeps the
// session state that it describes.
type held struct {
	socket  *sockets.Socket
	session protocol.Backend
}

// heldOf finds or makes what is kept with a backend.
func heldOf(b *conn.Backend) *held {
	if h, ok := b.Session().(*held); ok {
		return h
	}
	h := &held{}
	b.SetSession(h)
	return h
}

// Disturbed is called when SQL that the gateway knows nothing of has run on the backend.
func (h *held) Disturbed() { h.session.Forget() }

// endedContext is a context that has ended: whoever has to wait for something can't.
var endedContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// socketOf returns the backend's socket, to speak the protocol on. It is hardly ever waited for, so a context with a
// limit is made only then.
func (h *held) socketOf(b *conn.Backend, limit time.Duration) (*sockets.Socket, error) {
	nc, err := b.NetConn(endedContext)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), limit) // a client has no context but its connection
		defer cancel()
		if nc, err = b.NetConn(ctx); err != nil {
			return nil, err
		}
	}
	if h.socket == nil || h.socket.Conn != net.Conn(nc) {
		h.socket = sockets.New(nc)
	}
	return h.socket, nil
}
