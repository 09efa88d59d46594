package unogrpchealth_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unogrpchealth"
	"github.com/unoactor/unoactor/testkit"
)

func Example() {
	ctx := context.Background()
	server, err := testkit.StartServer(ctx, testkit.ServerOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	sys, err := unoactor.New(ctx, topology(server, "postgres", "default", "analytics"))
	if err != nil {
		log.Fatal(err)
	}
	defer sys.Close(ctx)

	told := health.NewServer()
	healthpb.RegisterHealthServer(grpc.NewServer(), told)
	stop := unogrpchealth.Watch(ctx, told, sys)
	defer stop()

	ask := func(service string) healthpb.HealthCheckResponse_ServingStatus {
		answer, err := told.Check(ctx, &healthpb.HealthCheckRequest{Service: service})
		if err != nil {
			log.Fatal(err)
		}
		return answer.GetStatus()
	}
	for ask("") != healthpb.HealthCheckResponse_SERVING {
		<-time.After(10 * time.Millisecond) // clients call Watch, and are told
	}
	fmt.Println(ask("database:default"), ask("database:analytics"))
	// Output: SERVING SERVING
}
