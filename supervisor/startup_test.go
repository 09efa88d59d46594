package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// ownReasons are pools that a server has nothing for, though it has for others: the SQLSTATE
// of the refusal, and whether waiting may mend it.
var ownReasons = map[string]struct {
	change func(*config.Pool)
	code   string
	mends  bool
}{
	"an unknown parameter":           {func(p *config.Pool) { p.Runtime = map[string]string{"nope": "1"} }, "42704", false},
	"a value that a parameter lacks": {func(p *config.Pool) { p.Runtime = map[string]string{"work_mem": "much"} }, "22023", false},
	"a parameter of the server":      {func(p *config.Pool) { p.Runtime = map[string]string{"shared_buffers": "1MB"} }, "55P02", false},
	"a library that there is not":    {func(p *config.Pool) { p.Runtime = map[string]string{"local_preload_libraries": "nope"} }, "58P01", false},
	"options that make no sense":     {func(p *config.Pool) { p.Runtime = map[string]string{"options": "--nonsense"} }, "42601", false},
	"no such database":               {func(p *config.Pool) { p.Database = "nowhere" }, "3D000", false},
	"a database that takes nobody":   {func(p *config.Pool) { p.Database = "template0" }, "55000", false},
	"a database that is not for all": {func(p *config.Pool) { p.User, p.Password, p.Database = "app", "right", "private" }, "42501", false},
	"no such role":                   {func(p *config.Pool) { p.User = "nobody" }, "28P01", false},
	"a role that may not log in":     {func(p *config.Pool) { p.User, p.Password = "staff", "right" }, "28000", false},
	"a wrong password":               {func(p *config.Pool) { p.Password = "wrong" }, "28P01", false},
	"a role without room":            {func(p *config.Pool) { p.User, p.Password = "crowd", "right" }, "53300", true},
	"a database without room":        {func(p *config.Pool) { p.User, p.Password, p.Database = "app", "right", "full" }, "53300", true},
	"a hook that is refused":         {func(p *config.Pool) { p.Hooks.OnConnect = []string{"select nope()"} }, "42883", false},
	"a hook that ends its backend":   {func(p *config.Pool) { p.Hooks.OnConnect = []string{"select pg_terminate_backend(pg_backend_pid())"} }, "57P01", true},
	"a hook that waits for a lock":   {func(p *config.Pool) { p.Hooks.OnConnect = []string{"do $$ begin raise lock_not_available; end $$"} }, "55P03", true},
}

// picky is a server that has its reasons, and a node on it.
func picky(t *testing.T) config.Node {
	t.Helper()
	server := testkit.Postgres(t, testkit.ServerOptions{Auth: testkit.AuthSCRAM, Password: "right"})
	for _, sql := range []string{
		"create role app login password 'right'", "create role staff nologin password 'right'", "create role crowd login password 'right' connection limit 0",
		"create database private", "revoke connect on database private from public", "create database \"full\" connection limit 0",
	} {
		if err := server.Exec(t.Context(), "postgres", sql); err != nil {
			t.Fatal(err)
		}
	}
	return config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Password: "right", Database: "postgres"}
}

// start starts a tree, closed at the end of the test.
func start(t *testing.T, n config.Node, pools ...config.Pool) *supervisor.System {
	t.Helper()
	for i := range pools {
		pools[i].Node = n.Name
	}
	s, err := supervisor.Start(config.Topology{Nodes: []config.Node{n}, Pools: pools, Gateway: config.Gateway{Auth: config.Trust}}, supervisor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

func TestAPoolThatCantConnectForReasonsOfItsOwnHoldsUpNobodyElse(t *testing.T) {
	n := picky(t)
	n.Breaker = config.Breaker{FailureThreshold: 1, ResetTimeout: time.Hour}
	pools := []config.Pool{{Name: "good", Size: 1, AcquireTimeout: time.Minute}}
	for name, reason := range ownReasons {
		p := config.Pool{Name: name, Size: 4, AcquireTimeout: time.Hour}
		reason.change(&p)
		pools = append(pools, p)
	}
	s := start(t, n, pools...)
	ctx, stop := context.WithCancel(t.Context())
	var users sync.WaitGroup
	defer users.Wait()
	defer stop()
	for _, p := range s.Pools()[1:] {
		for range 3 {
			users.Go(func() {
				for ctx.Err() == nil {
					if l, err := p.Acquire(ctx); err == nil {
						t.Errorf("%s connects", p.Name())
						l.Release()
						return
					}
					select {
					case <-ctx.Done():
					case <-time.After(10 * time.Millisecond):
					}
				}
			})
		}
	}
	for _, p := range s.Pools()[1:] {
		eventually(t, p.Name()+" is known to fail", func() bool { return p.Slots().LastFailure() != nil })
	}
	good, err := s.Pool("good")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		l, err := good.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.Destroy(errors.New("so that another connects"))
	}
	if n := s.Snapshot().Nodes[0]; !n.Up || n.Breaker != messages.BreakerClosed {
		t.Errorf("the node: %+v", n)
	}
	for _, p := range s.Pools()[1:] {
		reason := ownReasons[p.Name()]
		if err := p.Slots().LastFailure().Err; !testkit.IsSQLState(err, reason.code) {
			t.Errorf("%s: %v, want %s", p.Name(), err, reason.code)
		}
	}
}

func TestWhatWaitingDoesNotMendIsToldAtOnce(t *testing.T) {
	n := picky(t)
	encrypted := testkit.Postgres(t, testkit.ServerOptions{TLS: true})
	other, err := testkit.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, ca := range map[string]*testkit.CA{"other.pem": other, "right.pem": encrypted.CA()} {
		if err := os.WriteFile(filepath.Join(dir, name), ca.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(s *testkit.Server, tls config.TLS) config.Node {
		return config.Node{Name: "main", Host: s.Host(), Port: uint16(s.Port()), User: s.User(), Database: "postgres", TLS: tls}
	}
	type attempt struct {
		node   config.Node
		change func(*config.Pool)
		says   string
	}
	attempts := map[string]attempt{
		"a certificate of somebody else": {at(encrypted, config.TLS{Mode: "verify-full", CA: filepath.Join(dir, "other.pem")}), nil, "certificate signed by unknown authority"},
		"a certificate for another name": {at(encrypted, config.TLS{Mode: "verify-full", CA: filepath.Join(dir, "right.pem"), ServerName: "other.example"}), nil, "other.example"},
		"a server without TLS":           {at(testkit.Postgres(t), config.TLS{Mode: "require"}), nil, "the server offers no TLS"},
		"a method that is not allowed":   {func() config.Node { n := n; n.RequireAuth = "md5"; return n }(), nil, "server requested scram-sha-256 authentication"},
		"a wrong password of the node":   {func() config.Node { n := n; n.Password = "wrong"; return n }(), nil, "28P01"},
	}
	for name, reason := range ownReasons {
		if !reason.mends {
			attempts[name] = attempt{n, reason.change, reason.code}
		}
	}
	for name, a := range attempts {
		t.Run(name, func(t *testing.T) {
			p := config.Pool{Name: "default", Size: 8, AcquireTimeout: time.Hour}
			if a.change != nil {
				a.change(&p)
			}
			s := start(t, a.node, p)
			asked := pool(t, s)
			check := func(what string, err error) {
				var acquire *conn.AcquireError
				if errors.As(err, &acquire) && !acquire.Permanent() {
					t.Errorf("%s: not permanent: %v", what, err)
				}
				if err == nil || !strings.Contains(err.Error(), a.says) {
					t.Errorf("%s: %v, want %q in it", what, err, a.says)
				}
			}
			check("warmed up", asked.WarmUp(t.Context(), 2))
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range 3 {
						_, err := asked.Acquire(t.Context())
						if !errors.Is(err, conn.ErrDenied) {
							t.Errorf("no denial: %v", err)
						}
						check("acquired", err)
					}
				})
			}
			all.Wait()
			if !s.Snapshot().Nodes[0].Up {
				t.Error("the node counts as down, though it answers")
			}
		})
	}
}

// A role's limit of connections is nobody's fault for long: whoever waits is served when
// there is room, soon, whatever the backoff.
func TestALimitOfARoleIsWaitedOut(t *testing.T) {
	n := picky(t)
	n.BackoffMin, n.BackoffMax = time.Hour, time.Hour
	s := start(t, n, config.Pool{Name: "default", User: "crowd", Size: 1, AcquireTimeout: time.Hour}, config.Pool{Name: "root", Size: 1})
	p := pool(t, s)
	served := make(chan error, 1)
	go func() { _, err := query(t.Context(), p, "select 'x'"); served <- err }()
	eventually(t, "it was refused", func() bool { return p.Slots().LastFailure() != nil })
	if h := p.Health(); h.Status != supervisor.Critical {
		t.Errorf("%+v", h)
	}
	root, err := s.Pool("root")
	if err != nil {
		t.Fatal(err)
	}
	l, b := lease(t, root)
	on(t, b, "alter role crowd connection limit 10")
	l.Release()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// gate is a connect hook that waits to be let on.
type gate struct {
	entered chan uint32
	leave   chan struct{}
}

func (g gate) OnConnect(ctx context.Context, c *pgx.Conn) error {
	select {
	case g.entered <- c.PgConn().PID():
	case <-ctx.Done():
	}
	select {
	case <-g.leave:
	case <-ctx.Done():
	}
	return c.Ping(ctx)
}

func TestABackendThatIsLostInAConnectHookIsNoDenial(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, *testkit.Server, uint32){
		"terminated": func(t *testing.T, server *testkit.Server, pid uint32) {
			if _, err := server.TerminateBackends(t.Context(), fmt.Sprintf("pid = %d", pid)); err != nil {
				t.Error(err)
			}
		},
		"restarted": func(t *testing.T, server *testkit.Server, _ uint32) {
			if err := server.Restart(t.Context()); err != nil {
				t.Error(err)
			}
		},
		"killed": func(t *testing.T, server *testkit.Server, _ uint32) {
			if err := errors.Join(server.Kill(), server.Start(t.Context())); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := testkit.Postgres(t)
			g := gate{make(chan uint32), make(chan struct{})}
			n := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Database: "postgres", ConnectTimeout: time.Minute}
			p := config.Pool{Name: "default", Node: "main", Size: 4, AcquireTimeout: time.Hour, Hooks: config.Hooks{Timeout: time.Minute}}
			s, err := supervisor.Start(config.Topology{Nodes: []config.Node{n}, Pools: []config.Pool{p}, Gateway: config.Gateway{Auth: config.Trust}},
				supervisor.Options{Dialer: func(config.Pool) conn.DialerOptions { return conn.DialerOptions{Hooks: []conn.Hook{g}} }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close(context.Background())
			var served sync.WaitGroup
			for range 4 {
				served.Go(func() {
					if _, err := query(t.Context(), pool(t, s), "select 'x'"); err != nil {
						t.Error(err)
					}
				})
			}
			lose(t, server, <-g.entered)
			close(g.leave)
			go func() {
				for range g.entered {
				}
			}()
			served.Wait()
			eventually(t, "nobody connects any more", func() bool {
				for _, slot := range s.Snapshot().Pools[0].Slots {
					if slot.Phase == "opening" {
						return false
					}
				}
				return true
			})
			close(g.entered)
		})
	}
}

// tenant is a connect hook that fails.
type tenant struct{ err error }

func (h tenant) OnConnect(context.Context, *pgx.Conn) error { return h.err }

func TestAConnectHookThatFailsIsToldAsTheHook(t *testing.T) {
	server, database := testkit.Shared(t)
	n := config.Node{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(), Password: config.Secret(server.Password()), Database: database}
	for name, c := range map[string]struct {
		hook conn.Hook
		sql  string
		says string
	}{
		"written in Go":  {tenant{errors.New("no such tenant")}, "", `the pool's connect hook supervisor_test.tenant fails`},
		"written in SQL": {nil, "select nope()", `the pool's connect hook hooks.on_connect fails`},
	} {
		t.Run(name, func(t *testing.T) {
			p := config.Pool{Name: "default", Node: "main", Size: 1, AcquireTimeout: time.Hour}
			var o conn.DialerOptions
			if c.hook != nil {
				o.Hooks = []conn.Hook{c.hook}
			} else {
				p.Hooks.OnConnect = []string{c.sql}
			}
			s, err := supervisor.Start(config.Topology{Nodes: []config.Node{n}, Pools: []config.Pool{p}, Gateway: config.Gateway{Auth: config.Trust}},
				supervisor.Options{Dialer: func(config.Pool) conn.DialerOptions { return o }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close(context.Background())
			_, err = pool(t, s).Acquire(t.Context())
			var acquire *conn.AcquireError
			var hook *conn.HookError
			if !errors.As(err, &acquire) || !errors.As(err, &hook) || !errors.Is(err, conn.ErrHookFailed) || strings.Contains(err.Error(), "the server refuses") || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v", err)
			}
			if acquire.Permanent() != (c.sql != "") || errors.Is(err, conn.ErrDenied) != (c.sql != "") {
				t.Errorf("only what the server refuses is a denial: %v", err)
			}
		})
	}
}
