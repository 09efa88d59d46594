package unogrpchealth_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/adapters/unogrpchealth"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

const (
	serving    = healthpb.HealthCheckResponse_SERVING
	notServing = healthpb.HealthCheckResponse_NOT_SERVING
)

// dial serves a health server over gRPC on the loopback, and returns a client of it.
func dial(t *testing.T, server *health.Server) healthpb.HealthClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	healthpb.RegisterHealthServer(g, server)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	c, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		g.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return healthpb.NewHealthClient(c)
}

// open starts a system, a health server told of it and a client of that.
func open(t *testing.T, top config.Topology, options ...unogrpchealth.Option) (*unoactor.System, healthpb.HealthClient) {
	t.Helper()
	sys, err := unoactor.New(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	server := health.NewServer()
	stop := unogrpchealth.Watch(t.Context(), server, sys, options...)
	t.Cleanup(stop)
	return sys, dial(t, server)
}

// follow is what the Watch call of the protocol says of a service, until the test ends.
func follow(t *testing.T, client healthpb.HealthClient, service string) (next func(want healthpb.HealthCheckResponse_ServingStatus)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	stream, err := client.Watch(ctx, &healthpb.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	return func(want healthpb.HealthCheckResponse_ServingStatus) {
		t.Helper()
		for {
			got, err := stream.Recv()
			if err != nil {
				t.Fatalf("%q: waiting for %v: %v", service, want, err)
			}
			if got.GetStatus() == want {
				return
			}
		}
	}
}

func check(t *testing.T, client healthpb.HealthClient, service string) healthpb.HealthCheckResponse_ServingStatus {
	t.Helper()
	got, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatalf("%q: %v", service, err)
	}
	return got.GetStatus()
}

func TestWhoWatchesIsToldByEventsOfACrashAndOfTheReturn(t *testing.T) {
	server := testkit.Postgres(t)
	// Nothing is asked without an event.
	_, client := open(t, topology(server, "postgres", "default"), unogrpchealth.Every(time.Hour))
	all, pool := follow(t, client, ""), follow(t, client, "database:default")
	all(serving)
	pool(serving)
	for range 2 {
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		pool(notServing)
		all(notServing)
		if got := check(t, client, "database:default"); got != notServing {
			t.Errorf("Check says %v", got)
		}
		if err := server.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		pool(serving)
		all(serving)
		if got := check(t, client, ""); got != serving {
			t.Errorf("Check says %v", got)
		}
	}
}

func TestAServerThatSaysNothingIsFoundByAsking(t *testing.T) {
	server := testkit.Postgres(t)
	_, client := open(t, topology(server, "postgres", "default"), unogrpchealth.Every(20*time.Millisecond))
	pool := follow(t, client, "database:default")
	pool(serving)
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	pool(notServing)
	server.Thaw()
	pool(serving)
}

func TestOneBadPoolMakesTheWholeBadAndNotTheOthers(t *testing.T) {
	server, database := testkit.Shared(t)
	top := topology(server, database, "default", "broken")
	top.Pools[1].Database = database + "_later"
	_, client := open(t, top, unogrpchealth.Every(20*time.Millisecond), unogrpchealth.Overall("databases"))
	follow(t, client, "database:default")(serving)
	if got := check(t, client, "databases"); got != notServing {
		t.Errorf("all: %v", got)
	}
	if got := check(t, client, ""); got != serving { // as gRPC's server has it from the start
		t.Errorf("the server: %v", got)
	}
	if _, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "database:missing"}); status.Code(err) != codes.NotFound {
		t.Errorf("a pool that there is not: %v", err)
	}
	if err := server.CreateDatabase(t.Context(), database+"_later"); err != nil {
		t.Fatal(err)
	}
	follow(t, client, "databases")(serving)
	if got := check(t, client, "database:broken"); got != serving {
		t.Errorf("the pool that came later: %v", got)
	}
}

func TestAFullPoolServesAndIsNotAskedAgainAndAgain(t *testing.T) {
	server, database := testkit.Shared(t)
	sys, client := open(t, topology(server, database, "default"), unogrpchealth.Every(time.Hour))
	pool := follow(t, client, "database:default")
	pool(serving)
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	for range db.Stats().HardLimit {
		l, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Release()
	}
	// A question about a full pool opens a connection for it. If that asked the next,
	// there would be no end to it.
	if s := unoactor.NewHealthMonitor(db).CheckHealth(t.Context()); s.Status.String() != "WARNING" {
		t.Errorf("full: %v %v", s.Status, s.Details)
	}
	for range 20 {
		if err := server.Exec(t.Context(), database, "select 1"); err != nil {
			t.Fatal(err)
		}
	}
	want := uint64(db.Stats().HardLimit + 2) // ours, the first question and the one above
	if n := db.Stats().Acquired; n != want {
		t.Errorf("%d leases, want %d", n, want)
	}
	if got := check(t, client, "database:default"); got != serving {
		t.Errorf("a full pool: %v", got)
	}
}

func TestItsEndIsTold(t *testing.T) {
	server, database := testkit.Shared(t)
	for name, end := range map[string]func(*unoactor.System, context.CancelFunc, func()){
		"by stop":                 func(_ *unoactor.System, _ context.CancelFunc, stop func()) { stop(); stop() },
		"by its context":          func(_ *unoactor.System, cancel context.CancelFunc, _ func()) { cancel() },
		"by the end of the pools": func(sys *unoactor.System, _ context.CancelFunc, _ func()) { _ = sys.Close(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			sys, err := unoactor.New(t.Context(), topology(server, database, "default"))
			if err != nil {
				t.Fatal(err)
			}
			defer sys.Close(context.Background())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			told := health.NewServer()
			stop := unogrpchealth.Watch(ctx, told, sys, unogrpchealth.Every(time.Hour))
			defer stop()
			client := dial(t, told)
			all, pool := follow(t, client, ""), follow(t, client, "database:default")
			all(serving)
			pool(serving)
			end(sys, cancel, stop)
			all(notServing)
			pool(notServing)
		})
	}
}

func TestPoolsThatComeAndGoAreFollowed(t *testing.T) {
	server, database := testkit.Shared(t)
	sys, client := open(t, topology(server, database, "default"), unogrpchealth.Every(20*time.Millisecond))
	all := follow(t, client, "")
	all(serving)

	node := config.Node{Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Password: config.Secret(server.Password()), Database: database}
	for range 2 { // the second time under the name of the first
		if _, err := sys.Register(t.Context(), node, config.Pool{Name: "more", Size: 1}); err != nil {
			t.Fatal(err)
		}
		more := follow(t, client, "database:more")
		more(serving)
		if got := check(t, client, ""); got != serving {
			t.Errorf("the whole, with one more that serves: %v", got)
		}
		if err := sys.Remove(t.Context(), "more"); err != nil {
			t.Fatal(err)
		}
		more(notServing)
	}

	node.Name, node.Port = "dead", 1
	if _, err := sys.Register(t.Context(), node, config.Pool{Name: "dead", Size: 1}); err != nil {
		t.Fatal(err)
	}
	all(notServing)
	if err := sys.Remove(t.Context(), "dead"); err != nil {
		t.Fatal(err)
	}
	all(serving)
}

func TestWhatIsNothingIsToldOrLeftOut(t *testing.T) {
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "one of them is nil") {
			t.Errorf("%v", p)
		}
	}()
	server, database := testkit.Shared(t)
	_, client := open(t, topology(server, database, "default"), unogrpchealth.Every(0), unogrpchealth.Every(-time.Second))
	follow(t, client, "")(serving)
	unogrpchealth.Watch(t.Context(), health.NewServer(), nil)
}
