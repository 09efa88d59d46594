package unoactor_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// apply has a topology taken up, and waits until nothing is left of what ran before.
func apply(t *testing.T, sys *unoactor.System, top config.Topology) *unoactor.Applied {
	t.Helper()
	applied, err := sys.Apply(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := applied.Wait(ctx); err != nil {
		t.Error(err)
	}
	return applied
}

func running(t *testing.T, top config.Topology, options ...unoactor.Option) *unoactor.System {
	t.Helper()
	sys, err := unoactor.New(t.Context(), top, options...)
	if err != nil {
		t.Fatal(err)
	}
	closing(t, sys)
	return sys
}

func TestATopologyThatCanNotWorkChangesNothing(t *testing.T) {
	server, database := testkit.Shared(t)
	top := topology(server, database)
	sys := running(t, top)
	db, err := sys.DB("default")
	if err != nil {
		t.Fatal(err)
	}
	before := sys.Topology()
	pid := one[int](t, db, "select pg_backend_pid()")
	for want, change := range map[string]func(*config.Topology){
		`node of pool "default": there is no node "mian"`: func(t *config.Topology) { t.Pools[0].Node = "mian" },
		`size of pool "second": want at least 1`: func(t *config.Topology) {
			t.Pools[0].Size = 9 // would be good
			t.Pools = append(t.Pools, config.Pool{Name: "second", Node: "main", Size: -1})
		},
		"no such file": func(t *config.Topology) { // seen when what connects is made
			t.Pools[0].Size = 9
			t.Nodes = append(t.Nodes, config.Node{Name: "tls", TLS: config.TLS{Mode: "verify-full", CA: "/nowhere"}})
			t.Pools = append(t.Pools, config.Pool{Name: "second", Node: "tls"})
		},
		"/nowhere":                 func(t *config.Topology) { t.Nodes[0].TLS = config.TLS{Mode: "verify-ca", CA: "/nowhere"} },
		"the topology has no pool": func(t *config.Topology) { t.Pools = nil },
	} {
		wrong := topology(server, database)
		change(&wrong)
		applied, err := sys.Apply(t.Context(), wrong)
		if err == nil || !strings.Contains(err.Error(), want) || applied != nil {
			t.Errorf("%v, want %q", err, want)
		}
		if d := config.Compare(before, sys.Topology()); !d.Empty() {
			t.Errorf("%s changed:\n%v", want, d)
		}
		if s := sys.Snapshot(); len(s.Pools) != 1 || len(s.Nodes) != 1 || s.Pools[0].Generation != 1 || s.Pools[0].Stats.SoftLimit != 4 {
			t.Errorf("%s: %+v", want, s)
		}
	}
	if got := one[int](t, db, "select pg_backend_pid()"); got != pid {
		t.Error("a backend was replaced")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sys.Apply(ended, topology(server, database)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if d := apply(t, sys, top).Delta; !d.Empty() {
		t.Errorf("nothing changes, it says\n%v", d)
	}
}

// The first transaction ends where it began; the second finds the pool at its new place, by
// the same DB. A lease of a removed pool may end, and nothing new begins there.
func TestWhatIsInUseComesToItsEndWhereItIs(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	top := topology(server, database)
	top.Pools = append(top.Pools, config.Pool{Name: "leaving", Node: "main"})
	top.Routes = []config.Route{{Name: "all", Database: "shop", Pool: "leaving"}}
	sys := running(t, top)
	db, _ := sys.DB("default")
	leaving, _ := sys.DB("leaving")
	held, err := leaving.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	was := one[int](t, tx, "select pg_backend_pid()")

	next := topology(server, database)
	other := next.Nodes[0]
	other.Name, other.Port = "other", uint16(proxy.Port())
	next.Nodes = []config.Node{other}
	next.Pools[0].Node, next.Pools[0].Size = "other", 2
	next.Routes = []config.Route{{Name: "all", Database: "shop", Pool: "default"}}
	applied, err := sys.Apply(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	if got := applied.Delta.String(); got != strings.TrimSpace(`
node "other" added (live)
node "main" removed (drained)
pool "default": node "main" -> "other" (drained)
pool "default": size 4 -> 2 (live)
pool "leaving" removed (drained)
route "all": pool "leaving" -> "default" (live)`) {
		t.Errorf("it says\n%s", got)
	}
	if at, err := sys.For(routing.Intent{Database: "shop"}); err != nil || at.Pool() != db.Pool() {
		t.Errorf("a session goes to %v, %v", at, err)
	}
	if _, err := leaving.Acquire(t.Context()); !errors.Is(err, conn.ErrClosed) {
		t.Errorf("a lease of a pool that is gone: %v", err)
	}
	if _, err := sys.DB("leaving"); err == nil || !strings.Contains(err.Error(), `no pool "leaving"`) {
		t.Error(err)
	}
	if one[int](t, tx, "select pg_backend_pid()") != was || tx.Commit(t.Context()) != nil {
		t.Error("the transaction did not end where it began")
	}
	c, err := held.Conn()
	if err != nil || c.Ping(t.Context()) != nil {
		t.Errorf("the lease that was out: %v", err)
	}
	waiting, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := applied.Wait(waiting); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a lease out, Wait says %v", err)
	}
	held.Release()
	if err := applied.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if one[int](t, db, "select pg_backend_pid()") == was || proxy.Stats().Open == 0 {
		t.Error("the pool did not move")
	}
	s := sys.Snapshot()
	if len(s.Pools) != 1 || len(s.Nodes) != 1 || s.Nodes[0].Name != "other" || s.Pools[0].Node != "other" {
		t.Errorf("%+v", s)
	}
}

// What is new sees what is changed beside it.
func TestANewPoolOnANodeThatChangesIsAtItsNewPlace(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	top := topology(server, database)
	sys := running(t, top)
	top.Nodes[0].Port = uint16(proxy.Port())
	top.Pools = append(top.Pools, config.Pool{Name: "new", Node: "main"})
	apply(t, sys, top)
	db, err := sys.DB("new")
	if err != nil {
		t.Fatal(err)
	}
	if one[int](t, db, "select 1") != 1 || proxy.Stats().Open == 0 {
		t.Error("it connects to where the node was")
	}
}

// A server that can't be connected to takes nothing away, until there is a better word.
func TestAServerIsLeftWhenTheNextOneServes(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	if err := proxy.Refuse(); err != nil {
		t.Fatal(err)
	}
	top := topology(server, database)
	sys := running(t, top)
	db, _ := sys.DB("default")
	was := one[int](t, db, "select pg_backend_pid()")
	top.Nodes[0].Port, top.Nodes[0].BackoffMin, top.Nodes[0].BackoffMax = uint16(proxy.Port()), 10*time.Millisecond, 50*time.Millisecond
	applied, err := sys.Apply(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	for sys.Snapshot().Nodes[0].Failures < 3 {
		if got := one[int](t, db, "select pg_backend_pid()"); got != was {
			t.Fatal("the backend that worked is gone")
		}
	}
	if err := proxy.Pass(); err != nil {
		t.Fatal(err)
	}
	if err := applied.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if got := one[int](t, db, "select pg_backend_pid()"); got == was || proxy.Stats().Open == 0 {
		t.Error("it stayed at the old server")
	}
}

// Backends that wait for their turn to be replaced are lent no more either.
func TestOnceTheNextServerServesTheFormerIsNotLent(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	top := topology(server, database)
	sys := running(t, top)
	db, _ := sys.DB("default")
	lease := func() (unoactor.Lease, uint32) {
		t.Helper()
		l, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Conn()
		if err != nil {
			t.Fatal(err)
		}
		return l, c.PgConn().PID()
	}
	former := make(map[uint32]bool)
	var held []unoactor.Lease
	for range 3 { // of four, so that there is room to replace one
		l, pid := lease()
		held, former[pid] = append(held, l), true
	}
	top.Nodes[0].Port = uint16(proxy.Port())
	applied, err := sys.Apply(t.Context(), top)
	if err != nil {
		t.Fatal(err)
	}
	first, pid := lease()
	if former[pid] {
		t.Fatal("there was none of the former to lend")
	}
	serves := func(s supervisor.SlotSnapshot) bool { return s.PID == pid && s.Phase == "open" }
	for !slices.ContainsFunc(db.Pool().Snapshot().Slots, serves) { // the pool has not heard of it yet
		runtime.Gosched()
	}
	for _, l := range slices.Backward(held) { // the last is the last whose turn it would be
		l.Release()
		next, pid := lease()
		if former[pid] {
			t.Error("a lease of the former server")
		}
		defer next.Release()
	}
	first.Release()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := applied.Wait(ctx); err != nil {
		t.Error(err)
	}
}

func TestWhatWasAddedAtRunTimeStaysUnlessTheTopologyHasIt(t *testing.T) {
	server, database := testkit.Shared(t)
	top := topology(server, database)
	sys := running(t, top)
	node := top.Nodes[0]
	node.Name = ""
	tenant, err := sys.Register(t.Context(), node, config.Pool{Name: "tenant", Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.Add(t.Context(), config.Topology{Pools: []config.Pool{{Name: "more", Node: "main"}}, Routes: []config.Route{{Name: "more", Database: "more", Pool: "more"}}}); err != nil {
		t.Fatal(err)
	}
	if err := tenant.Pool().Resize(3, 1); err != nil {
		t.Fatal(err)
	}
	names := func() string {
		var all []string
		for _, p := range sys.Tree().Pools() {
			all = append(all, p.Name())
		}
		return strings.Join(all, " ")
	}
	pid := one[int](t, tenant, "select pg_backend_pid()")
	top.Pools = append(top.Pools, config.Pool{Name: "new", Node: "main"})
	d := apply(t, sys, top).Delta
	if got := names(); got != "default new tenant more" || d.String() != `pool "new" added (live)` {
		t.Errorf("there are %s, by\n%v", got, d)
	}
	if one[int](t, tenant, "select pg_backend_pid()") != pid || tenant.Stats().HardLimit != 4 {
		t.Error("what was added was touched")
	}
	if _, err := sys.For(routing.Intent{Database: "more"}); err != nil {
		t.Error(err)
	}

	gone := topology(server, database) // whose node is another: that of "more" is gone
	gone.Nodes[0].Name, gone.Pools[0].Node = "moved", "moved"
	if _, err := sys.Apply(t.Context(), gone); err == nil || !strings.Contains(err.Error(), `what was added while the system ran: error: node of pool "more": there is no node "main"`) {
		t.Error(err)
	}

	top.Pools = append(top.Pools[:1], config.Pool{Name: "tenant", Node: "tenant", Size: 1})
	top.Nodes = append(top.Nodes, node)
	top.Nodes[1].Name = "tenant"
	apply(t, sys, top)
	if got := names(); got != "default tenant more" || tenant.Stats().HardLimit != 1 {
		t.Errorf("there are %s", got)
	}
	top.Pools, top.Nodes = top.Pools[:1], top.Nodes[:1]
	apply(t, sys, top)
	if got := names(); got != "default more" {
		t.Errorf("there are %s", got)
	}
	if _, err := tenant.Exec(t.Context(), "select 1"); !errors.Is(err, conn.ErrClosed) {
		t.Error(err)
	}
	if err := sys.Remove(t.Context(), "more"); err != nil {
		t.Error(err)
	}
	apply(t, sys, top)
	if got := names(); got != "default" {
		t.Errorf("there are %s", got)
	}
}

func TestTheGatewayAndTheLogOfATopologyMeanNothingToAnEmbeddedSystem(t *testing.T) {
	server, database := testkit.Shared(t)
	top := topology(server, database)
	sys := running(t, top)
	top.Gateway = config.Gateway{Listen: []string{"nonsense"}}
	top.Log = config.Log{Format: "json"}
	if d := apply(t, sys, top).Delta; !d.Empty() {
		t.Errorf("%v", d)
	}
}

func TestAChangeOfAllAndNothing(t *testing.T) {
	server, database := testkit.Shared(t)
	sys := running(t, config.Topology{})
	for range 3 {
		apply(t, sys, topology(server, database))
		db, err := sys.DB("default")
		if err != nil {
			t.Fatal(err)
		}
		if one[int](t, db, "select 1") != 1 {
			t.Error("no answer")
		}
		apply(t, sys, config.Topology{})
		if s := sys.Snapshot(); len(s.Pools)+len(s.Nodes) != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// Hooks and options of the start are those of a pool through all its changes.
func TestAPoolKeepsItsHooks(t *testing.T) {
	server, database := testkit.Shared(t)
	top := topology(server, database)
	var recycled sync.Map
	sys := running(t, top, unoactor.WithHooks("default", marks{}))
	unoactor.Subscribe(sys, func(e messages.PoolRecycled) { recycled.Store(e.Cause, true) })
	db, _ := sys.DB("default")
	for _, name := range []string{"one", "two"} {
		top.Pools[0].Runtime = map[string]string{"application_name": name}
		apply(t, sys, top)
		if got := one[string](t, db, "show application_name"); got != name {
			t.Error(got)
		}
		if got := one[string](t, db, "show search_path"); got != "marked" {
			t.Error(got)
		}
	}
	if _, ok := recycled.Load(messages.Reconfigured); !ok {
		t.Error("nobody was told")
	}
}

// marks is a hook that leaves a mark.
type marks struct{}

func (marks) OnConnect(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "set search_path = marked")
	return err
}
