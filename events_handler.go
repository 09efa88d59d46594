package unoactor

import (
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
)

// What a handler of events may implement, see [WithEvents].
type (
	// PoolCreatedHandler is told that a pool has started.
	PoolCreatedHandler interface{ OnPoolCreated(PoolCreated) }
	// PoolRecycledHandler is told that all backends of a pool are replaced.
	PoolRecycledHandler interface{ OnPoolRecycled(PoolRecycled) }
	// PoolDisposedHandler is told that a pool was closed.
	PoolDisposedHandler interface{ OnPoolDisposed(PoolDisposed) }
	// CheckoutHandler is told of each lease.
	CheckoutHandler interface{ OnCheckout(CheckedOut) }
	// CheckinHandler is told of the end of each lease.
	CheckinHandler interface{ OnCheckin(CheckedIn) }
	// ConnectionErrorHandler is told of failed attempts to connect and of lost backends.
	ConnectionErrorHandler interface {
		OnConnectionError(ConnectionError)
	}
	// ConnectionLeakedHandler is told of leases that last for longer than leak_after.
	ConnectionLeakedHandler interface {
		OnConnectionLeaked(ConnectionLeaked)
	}
)

// eventHandler is what [WithEvents] was given.
type eventHandler struct {
	handler any
	options []SubscribeOption
}

// hears says whether it has one of the methods.
func (e eventHandler) hears() bool {
	switch e.handler.(type) {
	case PoolCreatedHandler, PoolRecycledHandler, PoolDisposedHandler, CheckoutHandler, CheckinHandler, ConnectionErrorHandler, ConnectionLeakedHandler:
		return true
	}
	return false
}

func subscribeHandler(tree *supervisor.System, handler any, options []SubscribeOption) {
	_, checkouts := handler.(CheckoutHandler)
	_, checkins := handler.(CheckinHandler)
	var o subscribeOptions
	for _, option := range options {
		option(&o)
	}
	tree.Subscribe(func(e messages.Event) { dispatch(handler, e) }, supervisor.Wish{
		Wants: func(e messages.Event) bool { return o.matches(e) }, NoLeases: !checkouts && !checkins, Buffer: o.buffer,
	})
}

func dispatch(handler any, e messages.Event) {
	switch e := e.(type) {
	case messages.PoolCreated:
		if h, ok := handler.(PoolCreatedHandler); ok {
			h.OnPoolCreated(e)
		}
	case messages.PoolRecycled:
		if h, ok := handler.(PoolRecycledHandler); ok {
			h.OnPoolRecycled(e)
		}
	case messages.PoolDisposed:
		if h, ok := handler.(PoolDisposedHandler); ok {
			h.OnPoolDisposed(e)
		}
	case messages.CheckedOut:
		if h, ok := handler.(CheckoutHandler); ok {
			h.OnCheckout(e)
		}
	case messages.CheckedIn:
		if h, ok := handler.(CheckinHandler); ok {
			h.OnCheckin(e)
		}
	case messages.ConnectionError:
		if h, ok := handler.(ConnectionErrorHandler); ok {
			h.OnConnectionError(e)
		}
	case messages.ConnectionLeaked:
		if h, ok := handler.(ConnectionLeakedHandler); ok {
			h.OnConnectionLeaked(e)
		}
	}
}
