package unoactor_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/unoactor/unoactor"
)

// stock is a service that is an actor: asked how much there is of an article, it looks.
type stock struct {
	sys     *unoactor.System
	waiting []question
}

type question struct {
	article string
	asker   *actor.PID
}

type pieces struct {
	n   int
	err error
}

// The Go of docs/pool.md is taken from here, and compared by a test.

func (s *stock) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case string:
		s.waiting = append(s.waiting, question{article: m, asker: ctx.Sender()})
		ctx.Request(s.sys.Tree().Router(), unoactor.Checkout{Database: "default", Wait: time.Second})
	case unoactor.Granted: // for the first in turn: one lease is as good as another
		asked := s.waiting[0]
		s.waiting = s.waiting[1:]
		root := ctx.ActorSystem().Root
		lease, err := s.sys.Claim(m.Ticket)
		if err != nil {
			root.Send(asked.asker, pieces{err: errors.Join(m.Err, err)})
			return
		}
		go func() { // an actor that waited for a server here would take no other message
			defer lease.Release()
			limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			var p pieces
			p.err = lease.QueryRow(limit, "select pieces from stock where article = $1", asked.article).Scan(&p.n)
			root.Send(asked.asker, p)
		}()
	}
}

// ExampleSystem_Claim is an actor that asks for a lease by a message.
func ExampleSystem_Claim() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()
	sys, err := unoactor.New(ctx, topology(server, "postgres"))
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(ctx, "create table stock (article text, pieces int); insert into stock values ('lamp', 12)"); err != nil {
		log.Fatal(err)
	}

	root := sys.Tree().Actors().Root
	service := root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &stock{sys: sys} }))
	answer, err := root.RequestFuture(service, "lamp", 20*time.Second).Result()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n", answer)
	root.Stop(service) // if it had a lease, that would be revoked
	// Output: {n:12 err:<nil>}
}

// ExampleWithTree has the supervision tree live in an actor system that there is already.
func ExampleWithTree() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()

	host := actor.NewActorSystem()
	sys, err := unoactor.New(ctx, unoactor.Topology{
		Nodes: []unoactor.Node{{Name: "main", Port: uint16(server.Port()), User: server.User(), Database: "postgres"}},
		Pools: []unoactor.Pool{{Name: "default", Node: "main"}},
	}, unoactor.WithTree(func(o *unoactor.TreeOptions) { o.Actors = host }))
	if err != nil {
		log.Fatal(err)
	}

	answer, err := host.Root.RequestFuture(sys.Tree().Router(), unoactor.Checkout{Wait: time.Second}, 2*time.Second).Result()
	if err != nil {
		log.Fatal(err) // no answer: the lease, if there was one, has gone back
	}
	granted, _ := answer.(unoactor.Granted)
	lease, err := sys.Claim(granted.Ticket)
	if err != nil {
		log.Fatal(granted.Err)
	}
	var user string
	err = lease.QueryRow(ctx, "select current_user").Scan(&user)
	lease.Release()
	fmt.Println(granted.Pool, user, err)
	fmt.Println(sys.Close(ctx))
	host.Shutdown() // it is the host's
	// Output:
	// default postgres <nil>
	// <nil>
}
