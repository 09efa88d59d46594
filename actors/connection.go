package actors

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

// Connection is the actor of one incarnation of a slot: it connects, has its backend leased, and ends.
// The slot's next incarnation is another actor.
//
//	         permit          dialed
//	queueing ------> dialing ------> serving <---------+
//	   |                |              |  unfit        | fit
//	   | retire         | failed       +-------> cleaning
//	   v                v              | retire, revoke   | not to be mended
//	 ended <------- closing <----------+------------------+
//
// While the backend is leased only its holder uses it; while it is cleaned up or closed, only this
// actor does.
type Connection struct {
	Place
	ctx      context.Context //nolint:containedctx // an actor's life is the call that its work belongs to; ended by stop
	stop     context.CancelFunc
	backend  *conn.Backend
	state    string
	receive  func(actor.Context)
	dialed   atomic.Pointer[dialed]
	cleaned  cleanUpResult
	closed   chan struct{}  // closed when the backend is closed; nil before the state closing
	cause    messages.Cause // why the incarnation ends
	err      error
	retiring messages.Cause // why the incarnation was asked to end while it dialed; None if it was not
}

// Place is a connection's place in the tree: its slot, and whom it speaks to.
type Place struct {
	Slot        int
	Incarnation uint64
	Slots       *conn.Slots
	Dialer      *conn.Dialer
	Pool        Ref[messages.ToPool]
	Node        Ref[messages.ToNode]
	Work        *Tracker
	Log         hclog.Logger
}

// The results of work in the background, which the work leaves in fields of the actor. The backend does
// not travel in a message: if the actor has ended when a dial ends, nobody would close the backend.
type (
	dialed struct {
		backend    *conn.Backend
		took       time.Duration
		generation uint64 // of the slots, when the dial began
		err        error
	}
	cleanUpResult struct {
		cause messages.Cause
		err   error
	}
)

// closeTime bounds the close of a backend: hooks, a cancel request, the wait for the server's end.
const closeTime = 10 * time.Second

// cleanUpTime bounds what is done between two leases: a reset and the checkin hooks.
const cleanUpTime = 10 * time.Second

// NewConnection makes the actor of a new incarnation, which connects when it is spawned.
func NewConnection(place Place) *Connection {
	c := &Connection{Place: place}
	c.ctx, c.stop = context.WithCancel(context.Background()) // ends when the actor stops
	return c
}

// Receive implements actor.Actor: it handles the life cycle, and leaves other messages to the state.
func (c *Connection) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started:
		c.become("queueing", c.queueing)
		c.Node.Ask(ctx, messages.AskDial{})
	case *actor.Stopping:
		c.stoppedEarly(ctx)
	case *actor.Stopped, *actor.Restarting:
	default:
		c.receive(ctx)
	}
}

func (c *Connection) become(state string, receive func(actor.Context)) {
	c.Log.Trace("connection changes state", "slot", c.Slot, "incarnation", c.Incarnation, "from", c.state, "to", state)
	c.state, c.receive = state, receive
}

func (c *Connection) queueing(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.DialPermit:
		c.become("dialing", c.dialing)
		self := RefTo[messages.ToConnection](ctx.ActorSystem(), ctx.Self())
		c.Work.Go(func() {
			began, generation := time.Now(), c.Slots.Generation()
			backend, err := c.Dialer.Dial(c.ctx, c.Incarnation)
			if !c.dialed.CompareAndSwap(nil, &dialed{backend, time.Since(began), generation, err}) && backend != nil {
				c.close(backend, false) // the actor has ended
			}
			self.Tell(messages.Done{})
		}, func(err error) {
			c.dialed.CompareAndSwap(nil, &dialed{err: fmt.Errorf("dial: %w", err)})
			self.Tell(messages.Done{})
		})
	case messages.Retire:
		c.leaveQueue(ctx, m.Cause)
	case messages.Revoke:
		c.leaveQueue(ctx, m.Cause)
	}
}

func (c *Connection) leaveQueue(ctx actor.Context, cause messages.Cause) {
	c.Node.Ask(ctx, messages.DialEnded{})
	c.cause = cause
	c.end(ctx)
}

func (c *Connection) dialing(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.Retire:
		c.retiring = m.Cause
		c.stop()
	case messages.Revoke:
		c.retiring = m.Cause
		c.stop()
	case messages.Done:
		d := c.dialed.Load()
		if d.err != nil {
			c.failed(ctx, d.err)
			return
		}
		c.Node.Ask(ctx, messages.DialEnded{Cause: messages.Connected})
		c.backend = d.backend
		if c.retiring != messages.None {
			c.closeBackend(ctx, c.retiring, nil, false)
			return
		}
		c.become("serving", c.serving)
		// In this order: a pool that is told before the waiter has its lease would open another backend.
		opened := messages.Opened{Slot: c.Slot, Incarnation: c.Incarnation, PID: c.backend.PID(), Took: d.took, Server: c.backend.Server()}
		lent := c.Slots.Install(c.Slot, c.backend, d.generation)
		c.Pool.Tell(opened)
		if !lent {
			c.closeBackend(ctx, messages.Invalidated, nil, false)
		}
	}
}

func (c *Connection) failed(ctx actor.Context, err error) {
	if c.retiring != messages.None {
		c.Node.Ask(ctx, messages.DialEnded{})
		c.cause = c.retiring
		c.end(ctx)
		return
	}
	c.cause, c.err = conn.Classify(err), err
	c.Node.Ask(ctx, messages.DialEnded{Cause: c.cause, Err: err})
	c.end(ctx)
}

func (c *Connection) serving(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.Unfit:
		c.tend(ctx, m.Cause)
	case messages.Inspect:
		if _, idle := c.Slots.Claim(c.Slot); !idle {
			return // whoever leases it finds out
		}
		cause := c.backend.Peek()
		if cause == messages.None {
			cause = c.Slots.Return(c.Slot)
		}
		if cause != messages.None {
			c.tend(ctx, cause)
		}
	case messages.Retire:
		if _, idle := c.Slots.Retire(c.Slot, m.Cause); idle {
			c.closeBackend(ctx, m.Cause, nil, false)
		}
	case messages.Revoke:
		if m.LeaseEnded {
			c.closeBackend(ctx, m.Cause, nil, true)
			return
		}
		if !c.meant(m) {
			return
		}
		if _, idle := c.Slots.Retire(c.Slot, m.Cause); idle {
			c.closeBackend(ctx, m.Cause, nil, false)
		} else if _, leased := c.Slots.Revoke(c.Slot); leased {
			c.closeBackend(ctx, m.Cause, nil, true)
		}
	}
}

// tend cleans up or closes the backend, which is claimed for this actor, as the cause demands.
func (c *Connection) tend(ctx actor.Context, cause messages.Cause) {
	switch cause {
	case messages.Dirty, messages.Unsolicited, messages.Unproven:
		c.cleanUp(ctx, cause)
	default:
		c.closeBackend(ctx, cause, c.backend.Failure(), false)
	}
}

// meant returns whether a Revoke is about the present lease.
func (c *Connection) meant(m messages.Revoke) bool {
	_, epoch := c.Slots.State(c.Slot)
	return m.Epoch == 0 || m.Epoch == epoch
}

// cleanUp makes the backend fit for its next holder, or finds that it is not, in the background.
func (c *Connection) cleanUp(ctx actor.Context, why messages.Cause) {
	c.become("cleaning", c.cleaning)
	self := RefTo[messages.ToConnection](ctx.ActorSystem(), ctx.Self())
	c.Work.Go(func() {
		c.cleaned = c.makeFit(why)
		self.Tell(messages.Done{})
	}, func(err error) {
		c.cleaned = cleanUpResult{messages.Broken, fmt.Errorf("clean-up between two leases: %w", err)}
		self.Tell(messages.Done{})
	})
}

func (c *Connection) makeFit(why messages.Cause) cleanUpResult {
	patience := cleanUpTime
	if why == messages.Unproven {
		patience = c.Slots.ValidateTimeout()
	}
	work, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if why == messages.Dirty {
		cause, err := c.backend.CleanUp(work)
		return cleanUpResult{cause, err}
	}
	err := c.backend.Ping(work)
	if errors.Is(err, os.ErrDeadlineExceeded) && c.ctx.Err() == nil {
		return cleanUpResult{messages.Silent, fmt.Errorf("no answer to a ping within %v: %w", patience, err)}
	}
	return cleanUpResult{messages.HungUp, err}
}

func (c *Connection) cleaning(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.Retire:
		c.Slots.Retire(c.Slot, m.Cause) // seen by Return
	case messages.Revoke:
		if c.meant(m) {
			c.Slots.Retire(c.Slot, m.Cause)
			c.stop()
		}
	case messages.Done:
		if c.cleaned.err != nil {
			c.closeBackend(ctx, c.cleaned.cause, c.cleaned.err, false)
			return
		}
		c.become("serving", c.serving)
		if cause := c.Slots.Return(c.Slot); cause != messages.None {
			c.closeBackend(ctx, cause, nil, false)
		}
	}
}

// closeBackend closes the backend in the background, for that cause. severed says that its former
// holder may still be using it.
func (c *Connection) closeBackend(ctx actor.Context, cause messages.Cause, err error, severed bool) {
	c.cause, c.err = cause, err
	c.become("closing", c.closing)
	self := RefTo[messages.ToConnection](ctx.ActorSystem(), ctx.Self())
	c.closed = make(chan struct{})
	finish := func() {
		close(c.closed)
		self.Tell(messages.Done{})
	}
	c.Work.Go(func() {
		c.close(c.backend, severed)
		finish()
	}, func(err error) {
		c.failedToClose(err)
		finish()
	})
}

// close closes a backend within closeTime. The end of the actor does not end the close: a backend that is
// not properly closed would live on at the server.
func (c *Connection) close(b *conn.Backend, severed bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), closeTime)
	defer cancel()
	if severed {
		b.Sever(ctx)
	} else {
		b.Close(ctx)
	}
}

// failedToClose logs a panic of the close and closes the socket.
func (c *Connection) failedToClose(err error) {
	c.Log.Error("closing a connection failed", "slot", c.Slot, "incarnation", c.Incarnation, "error", err, "stack", conn.StackOf(err))
	c.backend.Drop()
}

func (c *Connection) closing(ctx actor.Context) {
	if _, ok := ctx.Message().(messages.Done); ok {
		c.Slots.Vacate(c.Slot)
		c.end(ctx)
	}
}

// end tells the pool that the incarnation has ended, and stops the actor.
func (c *Connection) end(ctx actor.Context) {
	c.become("ended", func(actor.Context) {})
	c.Pool.Tell(messages.Ended{Slot: c.Slot, Incarnation: c.Incarnation, Cause: c.cause, Err: c.err})
	ctx.Stop(ctx.Self())
}

// stoppedEarly is called when the actor stops without having ended, because it or its supervisor
// panicked. It closes the backend, if there is one, and tells the pool.
func (c *Connection) stoppedEarly(ctx actor.Context) {
	c.stop()
	switch c.state {
	case "ended":
		return
	case "queueing", "dialing":
		c.Node.Ask(ctx, messages.DialEnded{})
	}
	if c.backend == nil && !c.dialed.CompareAndSwap(nil, &dialed{}) {
		c.backend = c.dialed.Load().backend
	}
	if c.backend != nil && c.closed == nil {
		if _, leased := c.Slots.Revoke(c.Slot); !leased {
			c.Slots.Retire(c.Slot, messages.Crashed)
		}
	}
	finish := func() {
		c.Slots.Vacate(c.Slot)
		c.Pool.Tell(messages.Ended{Slot: c.Slot, Incarnation: c.Incarnation, Cause: messages.Crashed})
	}
	c.Work.Go(func() {
		switch {
		case c.closed != nil:
			<-c.closed
		case c.backend != nil:
			c.close(c.backend, true)
		}
		finish()
	}, func(err error) {
		c.failedToClose(err)
		finish()
	})
}
