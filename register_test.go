package unoactor_test

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/testkit"
)

func closing(t *testing.T, sys *unoactor.System) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := sys.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestDatabasesAreRegisteredWithARunningSystem(t *testing.T) {
	server, database := testkit.Shared(t)
	created := make(chan string, 10)
	sys, err := unoactor.New(t.Context(), config.Topology{})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, sys)
	checkouts := make(chan string, 10)
	unoactor.Subscribe(sys, func(e messages.PoolCreated) { created <- e.Pool })
	unoactor.Subscribe(sys, func(e messages.CheckedOut) { checkouts <- e.Pool })
	node, err := config.ParseURL(server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"default", "analytics"} {
		if _, err := sys.Register(t.Context(), node, config.Pool{Name: name, Size: 2}); err != nil {
			t.Fatal(err)
		}
		if got := <-created; got != name {
			t.Errorf("told that %s was created", got)
		}
	}
	s, err := sys.Session(t.Context(), "analytics")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.DB().Pool().Name() != "analytics" || one[int](t, s, "select 1") != 1 {
		t.Error(s.DB().Pool().Name())
	}
	if got := <-checkouts; got != "analytics" {
		t.Errorf("told of a checkout of %s", got)
	}
	snapshot := sys.Snapshot()
	if len(snapshot.Pools) != 2 || len(snapshot.Nodes) != 2 {
		t.Errorf("%+v", snapshot)
	}
	for want, e := range map[string]struct {
		server config.Node
		pool   config.Pool
	}{
		`pool "analytics": there are two of that name`: {config.Node{Name: "another"}, config.Pool{Name: "analytics"}},
		"want at least 1, not -1":                      {config.Node{}, config.Pool{Name: "new", Size: -1}},
	} {
		if _, err := sys.Register(t.Context(), e.server, e.pool); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if len(sys.Snapshot().Pools) != 2 {
		t.Error("what was refused was added")
	}
}

func TestRegisteringWhileOthersWorkAndUntilTheSystemIsClosed(t *testing.T) {
	server, database := testkit.Shared(t)
	node, err := config.ParseURL(server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	sys, err := unoactor.New(t.Context(), config.Topology{})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			name := string(rune('a' + i))
			db, err := sys.Register(t.Context(), node, config.Pool{Name: name, Size: 2, MinIdle: 1})
			if err != nil {
				t.Error(err)
				return
			}
			for range 20 {
				if _, err := db.Exec(t.Context(), "select 1"); err != nil {
					t.Error(err)
				}
				sys.Snapshot()
			}
		})
	}
	wait.Wait()
	if n := len(sys.CheckHealth(t.Context())); n != 8 {
		t.Errorf("%d pools", n)
	}
	if err := sys.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := sys.Register(t.Context(), node, config.Pool{Name: "late"}); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestADatabaseIsTakenOutOfARunningSystem(t *testing.T) {
	server, database := testkit.Shared(t)
	node, err := config.ParseURL(server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	node.Name = "shared"
	sys, err := unoactor.New(t.Context(), config.Topology{
		Nodes:  []config.Node{node},
		Pools:  []config.Pool{{Name: "default", Node: "shared"}, {Name: "leaving", Node: "shared", DrainTimeout: config.Never}},
		Routes: []config.Route{{Name: "moved", Database: "elsewhere", Pool: "leaving"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, sys)
	disposed := make(chan string, 10)
	unoactor.Subscribe(sys, func(e messages.PoolDisposed) { disposed <- e.Pool })
	var tenant *unoactor.DB
	_, err = sys.Register(t.Context(), node, config.Pool{Name: "tenant"})
	if err == nil || !strings.Contains(err.Error(), `node "shared": there are two of that name`) {
		t.Errorf("the name of a node was given twice: %v", err)
	}
	node.Name = ""
	for range 3 { // under the same name again and again
		if tenant, err = sys.Register(t.Context(), node, config.Pool{Name: "tenant", MinIdle: 2}); err != nil {
			t.Fatal(err)
		}
		if got := one[int](t, tenant, "select 1"); got != 1 {
			t.Error(got)
		}
		if err := sys.Remove(t.Context(), "tenant"); err != nil {
			t.Error(err)
		}
		if got := <-disposed; got != "tenant" {
			t.Errorf("told that %s was disposed of", got)
		}
		if _, err := tenant.Exec(t.Context(), "select 1"); !errors.Is(err, conn.ErrClosed) {
			t.Errorf("a statement on what was removed: %v", err)
		}
	}
	db, err := sys.DB("leaving")
	if err != nil {
		t.Fatal(err)
	}
	held, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	removed := make(chan error, 1)
	go func() { removed <- sys.Remove(t.Context(), "leaving") }()
	for sys.Snapshot().Pools[len(sys.Snapshot().Pools)-1].Name == "leaving" {
		runtime.Gosched()
	}
	var none *routing.NoRouteError
	if _, err := sys.Session(t.Context(), "elsewhere"); !errors.As(err, &none) || len(none.Tried) != 0 {
		t.Errorf("a session by a route that is gone: %v", err)
	}
	if c, err := held.Conn(); err != nil || c.Ping(t.Context()) != nil {
		t.Errorf("a lease that was out: %v", err)
	}
	if _, err := sys.Register(t.Context(), node, config.Pool{Name: "leaving"}); err == nil || !strings.Contains(err.Error(), `pool "leaving": the one of that name is still being removed`) {
		t.Errorf("added under the name of one that drains: %v", err)
	}
	select {
	case err := <-removed:
		t.Errorf("it did not wait for the lease: %v", err)
	default:
	}
	held.Release()
	if err := <-removed; err != nil {
		t.Error(err)
	}
	snapshot := sys.Snapshot()
	if len(snapshot.Pools) != 1 || len(snapshot.Nodes) != 1 {
		t.Errorf("%+v", snapshot)
	}
	if err := sys.Remove(t.Context(), "leaving"); err == nil || !strings.Contains(err.Error(), `no pool "leaving" in the topology; it has "default"`) {
		t.Error(err)
	}
}

func TestClosingASystemEndsARemovalThatWaits(t *testing.T) {
	server, database := testkit.Shared(t)
	node, err := config.ParseURL(server.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	sys, err := unoactor.New(t.Context(), config.Topology{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sys.Register(t.Context(), node, config.Pool{Name: "only", DrainTimeout: config.Never})
	if err != nil {
		t.Fatal(err)
	}
	held, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	removed := make(chan error, 1)
	go func() { removed <- sys.Remove(t.Context(), "only") }()
	for len(sys.Snapshot().Pools) > 0 {
		runtime.Gosched()
	}
	ended, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	const want = `pool "only": 1 leases were revoked`
	if err := sys.Close(ended); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Close: %v", err)
	}
	if err := <-removed; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Remove: %v", err)
	}
	held.Release()
	if err := sys.Remove(t.Context(), "only"); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestConnectIsOneDatabase(t *testing.T) {
	server, database := testkit.Shared(t)
	db, err := unoactor.Connect(t.Context(), server.URL(database), config.Pool{Size: 10, MaxOverflow: 20})
	if err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, db, "select current_database()"); got != database {
		t.Error(got)
	}
	if err := db.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec(t.Context(), "select 1"); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := open(t).Close(t.Context()); err == nil {
		t.Error("a database of a system was closed by itself")
	}
	if _, err := unoactor.Connect(t.Context(), "nonsense", config.Pool{}); err == nil {
		t.Error("nonsense")
	}
}

type metric struct{ _ int }

type user struct{ _ int }

// byName routes as the Uno guide's example does: by where a type comes from.
type byName struct{}

func (byName) ForRead(entity reflect.Type) string {
	if entity.Name() == "metric" {
		return "replica"
	}
	return ""
}

func (byName) ForWrite(entity reflect.Type) string {
	if entity.Name() == "metric" {
		return "missing"
	}
	return ""
}

func TestSessionsAreRoutedByType(t *testing.T) {
	const here = "github.com/unoactor/unoactor_test"
	sys, err := unoactor.New(t.Context(), config.Topology{
		Nodes: []config.Node{{Name: "main", Database: "d", User: "u"}},
		Pools: []config.Pool{{Name: "main", Node: "main"}, {Name: "analytics", Node: "main"}, {Name: "replica", Node: "main"}, {Name: "night", Node: "main"}},
		Routes: []config.Route{
			{Name: "batch", Entity: here + ".metric", Labels: map[string]string{"tier": "batch"}, Pool: "night"},
			{Name: "metrics", Entity: here + ".metric", Pool: "analytics"},
			{Name: "package", Entity: here + ".*", Access: config.Read, Pool: "replica"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, sys)
	expect := func(what, want string, s *unoactor.Session, err error) {
		t.Helper()
		if err != nil || s.DB().Pool().Name() != want {
			t.Errorf("%s: %v, want %s", what, err, want)
			return
		}
		s.Close()
	}
	check := func(what, want string, f func() (*unoactor.Session, error)) {
		t.Helper()
		s, err := f()
		expect(what, want, s, err)
	}
	ctx := t.Context()
	check("by type", "analytics", func() (*unoactor.Session, error) { return unoactor.SessionFor[metric](ctx, sys, unoactor.Write) })
	check("by pointer to it", "analytics", func() (*unoactor.Session, error) { return unoactor.SessionFor[*metric](ctx, sys, unoactor.Read) })
	check("by label", "night", func() (*unoactor.Session, error) {
		return unoactor.SessionFor[metric](ctx, sys, unoactor.Read, unoactor.Label{Name: "tier", Value: "batch"})
	})
	check("by package", "replica", func() (*unoactor.Session, error) { return unoactor.SessionFor[user](ctx, sys, unoactor.Read) })
	_, err = unoactor.SessionFor[user](ctx, sys, unoactor.Write)
	var none *routing.NoRouteError
	if !errors.As(err, &none) || len(none.Tried) != 3 || !strings.Contains(err.Error(), `route "package": it wants access "read"`) {
		t.Errorf("unroutable: %v", err)
	}
	sys.SetRouter(byName{})
	check("by the router", "replica", func() (*unoactor.Session, error) { return unoactor.SessionFor[metric](ctx, sys, unoactor.Read) })
	check("where it has no opinion", "replica", func() (*unoactor.Session, error) { return unoactor.SessionFor[user](ctx, sys, unoactor.Read) })
	if _, err := unoactor.SessionFor[metric](ctx, sys, unoactor.Write); err == nil || !strings.Contains(err.Error(), "the router sends write of "+here+".metric there: no pool \"missing\"") {
		t.Errorf("a router that errs: %v", err)
	}
	sys.SetRouter(nil)
	check("without the router", "analytics", func() (*unoactor.Session, error) { return unoactor.SessionFor[metric](ctx, sys, unoactor.Write) })
}
