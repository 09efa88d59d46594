package unotel_test

import (
	"context"
	"fmt"
	"log"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unotel"
	"github.com/unoactor/unoactor/testkit"
)

func Example() {
	ctx := context.Background()
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	exported := tracetest.NewInMemoryExporter() // yours sends them to a collector
	provider := sdk.NewTracerProvider(sdk.WithSyncer(exported))
	sys, err := unoactor.New(ctx, unoactor.Topology{
		Nodes: []unoactor.Node{{Name: "main", Port: uint16(server.Port()), User: server.User(), Database: "postgres"}},
		Pools: []unoactor.Pool{{Name: "default", Node: "main"}},
	}, unotel.WithTracing(provider))
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)
	db, err := sys.DB("default")
	if err != nil {
		log.Fatal(err)
	}

	ctx, request := provider.Tracer("shop").Start(ctx, "GET /orders")
	if _, err := db.Exec(ctx, "select 1"); err != nil {
		log.Fatal(err)
	}
	request.End()
	for _, span := range exported.GetSpans() {
		fmt.Println(span.Name, span.SpanContext.TraceID() == request.SpanContext().TraceID())
	}
	// Output:
	// SELECT true
	// GET /orders true
}
