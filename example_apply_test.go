package unoactor_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/unoactor/unoactor"
)

// ExampleSystem_Apply changes pools while they are used.
func ExampleSystem_Apply() {
	ctx := context.Background()
	server := exampleServer(ctx)
	defer server.Close()
	sys, err := unoactor.New(ctx, unoactor.Topology{
		Nodes: []unoactor.Node{{Name: "main", Port: uint16(server.Port()), User: server.User(), Database: "postgres"}},
		Pools: []unoactor.Pool{{Name: "default", Node: "main"}, {Name: "reports", Node: "main"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}

	next := sys.Topology()
	next.Pools = next.Pools[:1]
	next.Pools[0].Size = 20
	next.Pools[0].Runtime = map[string]string{"application_name": "shop"}
	next.Routes = []unoactor.Route{{Name: "reads", Access: unoactor.Read, Pool: "default"}}
	applied, err := sys.Apply(ctx, next)
	if err != nil {
		log.Fatal(err) // all that is wrong with it: nothing has changed
	}
	fmt.Println(applied.Delta)

	// New leases have the new settings by now. Here we wait for the last old backend too.
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := applied.Wait(waiting); err != nil {
		log.Fatal(err)
	}
	var name string
	if err := db.QueryRow(ctx, "show application_name").Scan(&name); err != nil {
		log.Fatal(err)
	}
	fmt.Println(name, "keeps", db.Stats().SoftLimit)

	next.Pools[0].Node = "mian"
	_, err = sys.Apply(ctx, next)
	fmt.Println(err)
	// Output:
	// pool "default": size 10 -> 20 (live)
	// pool "default": runtime map[] -> map["application_name":"shop"] (drained)
	// pool "reports" removed (drained)
	// route "reads" added (live)
	// shop keeps 20
	// error: node of pool "default": there is no node "mian"
	//       = did you mean "main"?
}
