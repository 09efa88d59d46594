package unoactor_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

type checks map[string]func(context.Context) error

func (c checks) Register(name string, check func(context.Context) error) { c[name] = check }

func TestHealthFollowsAPoolThroughFullAndDeadAndBack(t *testing.T) {
	server := testkit.Postgres(t)
	top := topology(server, "postgres")
	top.Nodes[0].BackoffMin, top.Nodes[0].BackoffMax = 10*time.Millisecond, 50*time.Millisecond
	sys, err := unoactor.New(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	defer sys.Close(context.Background())
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	registry := checks{}
	unoactor.RegisterHealth(registry, sys)
	if names := slices.Collect(maps.Keys(registry)); len(names) != 1 || names[0] != "database:default" {
		t.Errorf("registered: %v", names)
	}
	monitor := unoactor.NewHealthMonitor(db)
	wait := func(want supervisor.Health, says string) {
		t.Helper()
		var got supervisor.HealthStatus
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
			got = monitor.CheckHealth(t.Context())
			if got.Status == want && (says == "" || strings.Contains(strings.Join(got.Details, "; "), says)) {
				return
			}
		}
		t.Fatalf("never %v %q, but %v %q", want, says, got.Status, got.Details)
	}
	wait(supervisor.OK, "")
	var leases []unoactor.Lease
	for range db.Stats().HardLimit {
		l, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leases = append(leases, l)
	}
	wait(supervisor.Warning, "4 of at most 4 backends are in use")
	for _, l := range leases {
		l.Release()
	}
	wait(supervisor.OK, "")
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	wait(supervisor.Critical, "")
	if err := registry["database:default"](t.Context()); err == nil {
		t.Error("the registered check finds nothing")
	}
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	wait(supervisor.OK, "")
	if all := sys.CheckHealth(t.Context()); all["default"].Status != supervisor.OK {
		t.Errorf("%v", all)
	}
}

func TestHealthFindsAServerAgainThatNobodyElseAsksFor(t *testing.T) {
	for name, breaker := range map[string]config.Breaker{
		"without a breaker": {}, "with a breaker": {FailureThreshold: 1, TripTimeout: time.Minute, ResetTimeout: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			server := testkit.Postgres(t)
			if err := server.Kill(); err != nil {
				t.Fatal(err)
			}
			top := topology(server, "postgres")
			// Longer than a check waits: the attempt must outlive it.
			top.Nodes[0].Breaker, top.Nodes[0].BackoffMin, top.Nodes[0].BackoffMax = breaker, 700*time.Millisecond, 700*time.Millisecond
			sys, err := unoactor.New(t.Context(), top)
			if err != nil {
				t.Fatal(err)
			}
			defer sys.Close(context.Background())
			if s := sys.CheckHealth(t.Context())["default"]; s.Status != supervisor.Critical {
				t.Fatalf("a dead server: %v %q", s.Status, s.Details)
			}
			for { // until the last attempt of those who waited has failed
				if n := sys.Snapshot().Nodes[0]; n.Queued+n.Dialing == 0 && n.Failures > 0 {
					break
				}
				<-time.After(10 * time.Millisecond)
			}
			if err := server.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			var s supervisor.HealthStatus
			for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); <-time.After(10 * time.Millisecond) {
				if s = sys.CheckHealth(t.Context())["default"]; s.Status == supervisor.OK {
					return
				}
			}
			t.Errorf("never well again: %v %q", s.Status, s.Details)
		})
	}
}
