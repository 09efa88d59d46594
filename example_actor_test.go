package unoactor_test

import (
	"context"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
)

// counter is a service that is an actor: it asks for a lease by a message, and goes on
// with others until it is granted.
type counter struct {
	sys   *unoactor.System
	found chan<- int
}

// Receive implements actor.Actor.
func (c *counter) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Request(c.sys.Tree().Router(), messages.Checkout{Database: "default"})
	case messages.Granted:
		lease, err := c.sys.Claim(m.Ticket)
		if err != nil { // or m.Err, why there is none
			ctx.Stop(ctx.Self())
			return
		}
		go func() { // a query takes time, which an actor has not
			defer lease.Release()
			var n int
			_ = lease.QueryRow(context.Background(), "select count(*) from generate_series(1, 5)").Scan(&n)
			c.found <- n
		}()
	}
}

// ExampleSystem_Claim is a lease asked for by an actor.
func ExampleSystem_Claim() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()
	sys, _ := unoactor.New(ctx, config.Topology{
		Nodes: []config.Node{{Name: "main", Port: uint16(server.Port()), User: server.User(), Database: "postgres"}},
		Pools: []config.Pool{{Name: "default", Node: "main", Size: 2}},
	})
	defer sys.Close(ctx)

	found := make(chan int)
	root := sys.Tree().Actors().Root
	pid := root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &counter{sys, found} }))
	fmt.Println(<-found)
	root.Stop(pid) // what it had asked for and not claimed goes back to the pool
	// Output: 5
}
