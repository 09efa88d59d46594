package unoactor_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/unoactor/unoactor"
	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// settingCase changes one setting of a running system and sees the effect.
type settingCase struct {
	with   []string                                     // settings that can't but change along
	server func(*testing.T) (*testkit.Server, string)   // default: the shared one, and a database on it
	before func(r *rig, n *config.Node, p *config.Pool) // what the system starts with, beyond the common
	after  func(r *rig, n *config.Node, p *config.Pool) // the change
	cold   bool                                         // no backend is opened before the change
	ends   bool                                         // the setting is about the end of backends, so the one that was opened need not stay
	during func(r *rig)                                 // what happens before the change
	sees   func(r *rig)                                 // the effect
}

// rig is a running system of one pool.
type rig struct {
	*testing.T
	server   *testkit.Server
	database string
	proxy    *testkit.Proxy // where a case wants one
	sys      *unoactor.System
	db       *unoactor.DB
	log      *lockedBuffer
	held     unoactor.Lease
	kept     any // what a case remembers
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}

// Every setting of a node, a pool or a route that a running system takes up has a row in
// one of the tables below, in which it is changed while the system runs.
func TestEverySettingIsTakenUpAsItsTableSays(t *testing.T) {
	all := make(map[string]settingCase)
	for _, table := range []map[string]settingCase{nodeCases, poolCases, queueCases, blockCases, routeCases} {
		for name, c := range table {
			all[name] = c
		}
	}
	reloads := config.Reloads()
	for name, reload := range reloads {
		block, _, _ := strings.Cut(name, ".")
		if _, there := all[name]; !there && (block == "node" || block == "pool" || block == "route") && reload != config.Refused {
			t.Errorf("%s is said to be %s, and nothing shows that it is", name, reload)
		}
	}
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if reloads[name] == "" {
				t.Fatal("there is no such setting")
			}
			c.run(t, name, reloads[name])
		})
	}
}

func (c settingCase) run(t *testing.T, setting string, reload config.Reload) {
	r := &rig{T: t, log: &lockedBuffer{}}
	if c.server == nil {
		c.server = func(t *testing.T) (*testkit.Server, string) { return testkit.Shared(t) }
	}
	r.server, r.database = c.server(t)
	n := config.Node{Name: "main", Host: r.server.Host(), Port: uint16(r.server.Port()), User: r.server.User(), Password: config.Secret(r.server.Password()),
		Database: r.database, BackoffMin: 10 * time.Millisecond, BackoffMax: 100 * time.Millisecond}
	p := config.Pool{Name: "default", Node: "main", Size: 2, AcquireTimeout: 15 * time.Second, ValidateTimeout: time.Second, KeepAlive: config.Never,
		ValidateAfterIdle: config.Never, IdleTimeout: config.Never, MaxLifetime: config.Never, Reset: config.ResetRollback, DrainTimeout: 5 * time.Second}
	if c.before != nil {
		c.before(r, &n, &p)
	}
	top := func() config.Topology {
		return config.Topology{Nodes: []config.Node{n}, Pools: []config.Pool{p, {Name: "other", Node: "main"}},
			Routes: []config.Route{{Name: "the", Database: "shop", Pool: "default"}}}
	}
	start := top()
	if o, ok := r.kept.(func(*config.Topology)); ok { // a case that wants more than a pool
		o(&start)
	}
	var err error
	if r.sys, err = unoactor.New(t.Context(), start, unoactor.WithLogger(hclog.New(&hclog.LoggerOptions{Output: r.log, Level: hclog.Debug}))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = r.sys.Close(ctx) // some cases leave a lease that is revoked
	})
	if r.db, err = r.sys.DB("default"); err != nil {
		t.Fatal(err)
	}
	var was uint32
	if !c.cold {
		was = uint32(one[int](t, r.db, "select pg_backend_pid()"))
	}
	if c.during != nil {
		c.during(r)
	}
	c.after(r, &n, &p)
	next := top()
	if o, ok := r.kept.(func(*config.Topology)); ok {
		o(&next)
	}
	applied, err := r.sys.Apply(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	c.changedOnly(t, setting, applied.Delta)
	switch {
	case c.cold:
	case reload == config.Drained:
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
		defer cancel()
		if err := applied.Wait(ctx); err != nil {
			t.Fatal(err)
		}
		if r.open(was) {
			t.Error("the backend of the former settings is there yet")
		}
	case !c.ends: // the pool may not have heard yet that it is open, though it was lent
		r.eventually("the backend is still there: a live setting replaces none", func() bool { return r.open(was) })
	}
	if c.sees != nil {
		c.sees(r)
	}
}

// changedOnly sees that the case changes what it is about and nothing else.
func (c settingCase) changedOnly(t *testing.T, setting string, d config.Delta) {
	t.Helper()
	var changed []string
	for _, n := range d.Nodes.Changed {
		for _, s := range n.Settings {
			changed = append(changed, "node."+s.Name)
		}
	}
	for _, p := range d.Pools.Changed {
		for _, s := range p.Settings {
			changed = append(changed, "pool."+s.Name)
		}
	}
	for _, r := range d.Routes.Changed {
		for _, s := range r.Settings {
			changed = append(changed, "route."+s.Name)
		}
	}
	if setting == "node.socket" {
		setting = "node.host" // one field
	}
	want := append([]string{setting}, c.with...)
	slices.Sort(changed)
	slices.Sort(want)
	if changed = slices.Compact(changed); !slices.Equal(changed, want) {
		t.Errorf("changed %q, want %q", changed, want)
	}
}

// open says whether the backend of a server process is in the pool, and not about to go.
func (r *rig) open(pid uint32) bool {
	for _, s := range r.db.Pool().Snapshot().Slots {
		if s.PID == pid && s.Phase == "open" {
			return true
		}
	}
	return false
}

func (r *rig) eventually(what string, is func() bool) {
	r.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) { //nolint:forbidigo // what is waited for has many forms, and few of them are events
		if time.Now().After(deadline) {
			r.Fatalf("never happened: %s\n%s", what, r.tree())
		}
	}
}

func (r *rig) tree() string {
	var b strings.Builder
	_ = r.sys.Snapshot().WriteTree(&b)
	return b.String()
}

func (r *rig) snapshot() supervisor.PoolSnapshot { return r.db.Pool().Snapshot() }

// acquire is a lease that ends with the test.
func (r *rig) acquire() unoactor.Lease {
	r.Helper()
	l, err := r.db.Acquire(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(l.Release)
	return l
}

// proxied has a case reach the server through a proxy.
func proxied(r *rig) uint16 {
	if r.proxy == nil {
		r.proxy = testkit.NewProxy(r, r.server.Addr())
	}
	return uint16(r.proxy.Port())
}

// down is the port of a server that can't be connected to.
func down(r *rig, n *config.Node, _ *config.Pool) {
	n.Port = proxied(r)
	if err := r.proxy.Refuse(); err != nil {
		r.Fatal(err)
	}
}
