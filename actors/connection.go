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

// Connection is one incarnation of a slot: it connects, serves by being leased,
// and ends. What comes after it is a new actor.
//
//	         permit          dialed
//	queueing ------> dialing ------> serving <---------+
//	   |                |              |  settle       | fit
//	   | retire         | failed       +-------> settling
//	   v                v              | retire, revoke   | unfit
//	 ended <------- closing <----------+------------------+
//
// While the backend is leased nobody but its holder touches it, this actor
// included. In settling and closing it is this actor's.
type Connection struct {
	Place
	ctx     context.Context //nolint:containedctx // an actor's life is the call that its work belongs to; ended by stop
	stop    context.CancelFunc
	backend *conn.Backend
	state   string
	receive func(actor.Context)
	dialed  atomic.Pointer[dialed]
	settled settled
	closed  chan struct{}  // when closing: closed when the backend is
	cause   messages.Cause // why it closes
	err     error
	retire  messages.Cause // asked for while it could not be done
}

// Place is where a connection stands in the tree.
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

// What work in the background hands over. The backend does not travel in a
// message: if this actor is gone when a dial ends, nobody would close it.
type (
	dialed struct {
		backend    *conn.Backend
		took       time.Duration
		generation uint64 // of the slots, when it began
		err        error
	}
	settled struct {
		cause messages.Cause
		err   error
	}
)

// closeTime bounds the farewell from a server: hooks, cancel, its end of the socket.
const closeTime = 10 * time.Second

// settleTime bounds a reset and the check-in hooks between two leases.
const settleTime = 10 * time.Second

// NewConnection makes the actor of a new incarnation.
func NewConnection(place Place) *Connection {
	c := &Connection{Place: place}
	c.ctx, c.stop = context.WithCancel(context.Background()) // ends when the actor stops
	return c
}

// Receive handles the life cycle, and leaves the rest to the state.
func (c *Connection) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started:
		c.become("queueing", c.queueing)
		c.Node.Ask(ctx, messages.AskDial{})
	case *actor.Stopping:
		c.abandon(ctx)
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
				c.close(backend, false) // the actor is gone
			}
			self.Tell(messages.Done{})
		}, func(err error) {
			c.dialed.CompareAndSwap(nil, &dialed{err: fmt.Errorf("dial: %w", err)})
			self.Tell(messages.Done{})
		})
	case messages.Retire:
		c.withdraw(ctx, m.Cause)
	case messages.Revoke:
		c.withdraw(ctx, m.Cause)
	}
}

func (c *Connection) withdraw(ctx actor.Context, cause messages.Cause) {
	c.Node.Ask(ctx, messages.DialOver{})
	c.cause = cause
	c.end(ctx)
}

func (c *Connection) dialing(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.Retire:
		c.retire = m.Cause
		c.stop()
	case messages.Revoke:
		c.retire = m.Cause
		c.stop()
	case messages.Done:
		d := c.dialed.Load()
		if d.err != nil {
			c.failed(ctx, d.err)
			return
		}
		c.Node.Ask(ctx, messages.DialOver{Cause: messages.Connected})
		c.backend = d.backend
		if c.retire != messages.None {
			c.conclude(ctx, c.retire, nil, false)
			return
		}
		c.become("serving", c.serving)
		// In this order: a pool that hears of it while its waiter still waits opens another.
		opened := messages.Opened{Slot: c.Slot, Incarnation: c.Incarnation, PID: c.backend.PID(), Took: d.took, Server: c.backend.Server()}
		lent := c.Slots.Install(c.Slot, c.backend, d.generation)
		c.Pool.Tell(opened)
		if !lent {
			c.conclude(ctx, messages.Invalidated, nil, false)
		}
	}
}

func (c *Connection) failed(ctx actor.Context, err error) {
	if c.retire != messages.None {
		c.Node.Ask(ctx, messages.DialOver{})
		c.cause = c.retire
		c.end(ctx)
		return
	}
	c.cause, c.err = conn.Classify(err), err
	c.Node.Ask(ctx, messages.DialOver{Cause: c.cause, Err: err})
	c.end(ctx)
}

func (c *Connection) serving(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.Settle:
		c.attend(ctx, m.Cause)
	case messages.Inspect:
		if _, idle := c.Slots.Claim(c.Slot); !idle {
			return // who leases it finds out
		}
		cause := c.backend.Peek()
		if cause == messages.None {
			cause = c.Slots.Return(c.Slot)
		}
		if cause != messages.None {
			c.attend(ctx, cause)
		}
	case messages.Retire:
		if _, idle := c.Slots.Retire(c.Slot, m.Cause); idle {
			c.conclude(ctx, m.Cause, nil, false)
		}
	case messages.Revoke:
		if m.Fenced {
			c.conclude(ctx, m.Cause, nil, true)
			return
		}
		if !c.meant(m) {
			return
		}
		if _, idle := c.Slots.Retire(c.Slot, m.Cause); idle {
			c.conclude(ctx, m.Cause, nil, false)
		} else if _, leased := c.Slots.Fence(c.Slot); leased {
			c.conclude(ctx, m.Cause, nil, true)
		}
	}
}

// attend does what a backend needs that is claimed for its connection.
func (c *Connection) attend(ctx actor.Context, cause messages.Cause) {
	switch cause {
	case messages.Dirty, messages.Unsolicited, messages.Unproven:
		c.settle(ctx, cause)
	default:
		c.conclude(ctx, cause, c.backend.Failure(), false)
	}
}

// meant says whether a revocation is about the lease that there is now.
func (c *Connection) meant(m messages.Revoke) bool {
	_, epoch := c.Slots.State(c.Slot)
	return m.Epoch == 0 || m.Epoch == epoch
}

// settle makes the backend fit for its next holder, in the background.
func (c *Connection) settle(ctx actor.Context, why messages.Cause) {
	c.become("settling", c.settling)
	self := RefTo[messages.ToConnection](ctx.ActorSystem(), ctx.Self())
	c.Work.Go(func() {
		c.settled = c.care(why)
		self.Tell(messages.Done{})
	}, func(err error) {
		c.settled = settled{messages.Broken, fmt.Errorf("care between two leases: %w", err)}
		self.Tell(messages.Done{})
	})
}

func (c *Connection) care(why messages.Cause) settled {
	patience := settleTime
	if why == messages.Unproven {
		patience = c.Dialer.ValidateTimeout()
	}
	work, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if why == messages.Dirty {
		cause, err := c.backend.Settle(work)
		return settled{cause, err}
	}
	err := c.backend.Ping(work)
	if errors.Is(err, os.ErrDeadlineExceeded) && c.ctx.Err() == nil {
		return settled{messages.Silent, fmt.Errorf("no answer to a ping within %v: %w", patience, err)}
	}
	return settled{messages.HungUp, err}
}

func (c *Connection) settling(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case messages.Retire:
		c.Slots.Retire(c.Slot, m.Cause) // seen by Return
	case messages.Revoke:
		if c.meant(m) {
			c.Slots.Retire(c.Slot, m.Cause)
			c.stop()
		}
	case messages.Done:
		if c.settled.err != nil {
			c.conclude(ctx, c.settled.cause, c.settled.err, false)
			return
		}
		c.become("serving", c.serving)
		if cause := c.Slots.Return(c.Slot); cause != messages.None {
			c.conclude(ctx, cause, nil, false)
		}
	}
}

// conclude closes the backend in the background. severed says that its former
// holder may still be using it.
func (c *Connection) conclude(ctx actor.Context, cause messages.Cause, err error, severed bool) {
	c.cause, c.err = cause, err
	c.become("closing", c.closing)
	self := RefTo[messages.ToConnection](ctx.ActorSystem(), ctx.Self())
	c.closed = make(chan struct{})
	over := func() {
		close(c.closed)
		self.Tell(messages.Done{})
	}
	c.Work.Go(func() {
		c.close(c.backend, severed)
		over()
	}, func(err error) {
		c.failedToClose(err)
		over()
	})
}

// close is not cut short by the end of c's own work: a backend that is not
// properly closed would live on at the server.
func (c *Connection) close(b *conn.Backend, severed bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), closeTime)
	defer cancel()
	if severed {
		b.Sever(ctx)
	} else {
		b.Close(ctx)
	}
}

// failedToClose does without a proper end of the backend.
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

// end reports the incarnation's end and stops the actor.
func (c *Connection) end(ctx actor.Context) {
	c.become("ended", func(actor.Context) {})
	c.Pool.Tell(messages.Ended{Slot: c.Slot, Incarnation: c.Incarnation, Cause: c.cause, Err: c.err})
	ctx.Stop(ctx.Self())
}

// abandon sees to the backend of an actor that stops without having ended: it
// panicked, or its supervisor did. No backend is left on the server, and the
// pool hears of it.
func (c *Connection) abandon(ctx actor.Context) {
	c.stop()
	switch c.state {
	case "ended":
		return
	case "queueing", "dialing":
		c.Node.Ask(ctx, messages.DialOver{})
	}
	if c.backend == nil && !c.dialed.CompareAndSwap(nil, &dialed{}) {
		c.backend = c.dialed.Load().backend
	}
	if c.backend != nil && c.closed == nil {
		if _, leased := c.Slots.Fence(c.Slot); !leased {
			c.Slots.Retire(c.Slot, messages.Crashed)
		}
	}
	over := func() {
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
		over()
	}, func(err error) {
		c.failedToClose(err)
		over()
	})
}
