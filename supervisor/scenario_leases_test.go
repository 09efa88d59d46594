package supervisor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/routing"
	"github.com/unoactor/unoactor/supervisor"
	"github.com/unoactor/unoactor/testkit"
)

// A primary that takes no writes any more loses its generation of backends, and
// those who write are sent to the next pool that matches.
func TestScenario09_AnOldPrimaryTurnsReadOnly(t *testing.T) {
	old, next := testkit.Postgres(t), testkit.Postgres(t)
	nodeOf := func(name string, s *testkit.Server) config.Node {
		return config.Node{Name: name, Host: s.Host(), Port: uint16(s.Port()), User: s.User(), Database: "postgres"}
	}
	s, err := supervisor.Start(config.Topology{
		Nodes:   []config.Node{nodeOf("old", old), nodeOf("next", next)},
		Pools:   []config.Pool{{Name: "a", Node: "old", Size: 3, MinIdle: 2}, {Name: "b", Node: "next", Size: 3}},
		Routes:  []config.Route{{Name: "first", Pool: "a"}, {Name: "second", Pool: "b", Access: config.Write}},
		Gateway: config.Gateway{Auth: config.Trust},
	}, supervisor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	var routed atomic.Int64
	s.Subscribe(func(e messages.Event) {
		if _, is := e.(messages.RouteChanged); is {
			routed.Add(1)
		}
	}, supervisor.Wish{NoLeases: true})
	writes := func() string {
		p, _, err := s.Route(routing.Intent{Access: config.Write})
		if err != nil {
			t.Fatal(err)
		}
		return p.Name()
	}
	if got := writes(); got != "a" {
		t.Fatalf("writes go to %s", got)
	}
	a, err := s.Pool("a")
	if err != nil {
		t.Fatal(err)
	}
	l, b := lease(t, a)
	on(t, b, "create table t (n int)")
	on(t, b, "alter system set default_transaction_read_only = on")
	on(t, b, "select pg_reload_conf()")
	eventually(t, "a write is refused", func() bool {
		_, err := b.Conn().Exec(t.Context(), "insert into t values (1)")
		return testkit.IsSQLState(err, "25006")
	})
	pid := b.PID()
	l.Release()
	eventually(t, "writes go elsewhere", func() bool { return writes() == "b" })
	eventually(t, "the generation is replaced", func() bool {
		backends, err := old.Backends(t.Context(), fmt.Sprintf("application_name = 'unoactor' and pid = %d", pid))
		return err == nil && len(backends) == 0 && a.Snapshot().Generation == 2 && a.Snapshot().ReadOnly
	})
	if p, _, err := s.Route(routing.Intent{Access: config.Read}); err != nil || p.Name() != "a" {
		t.Errorf("reads go to %v, %v", p, err)
	}
	l, b = lease(t, a)
	for _, sql := range []string{"set default_transaction_read_only = off", "alter system reset default_transaction_read_only", "select pg_reload_conf()"} {
		on(t, b, sql)
	}
	l.Release()
	eventually(t, "writes are back", func() bool { return writes() == "a" && routed.Load() == 2 })
}

// A caller that goes away while its connection is made leaves that to the pool.
func TestScenario10_AWaiterIsCancelledWhileItsConnectionIsMade(t *testing.T) {
	server, database := testkit.Shared(t)
	proxy := testkit.NewProxy(t, server.Addr())
	p := pool(t, system(t, server, database, func(n *config.Node, p *config.Pool) { n.Port = uint16(proxy.Port()); p.Size = 2 }))
	proxy.Hang()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { _, err := p.Acquire(ctx); left <- err }()
	eventually(t, "it connects", func() bool { return proxy.Stats().Accepted > 0 })
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := proxy.Pass(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the connection is pooled", func() bool { return p.Stats().Idle == 1 })
	before := proxy.Stats().Accepted
	if _, err := query(t.Context(), p, "select 'x'"); err != nil || proxy.Stats().Accepted != before {
		t.Errorf("%v, %d connections for it", err, proxy.Stats().Accepted-before)
	}
	testkit.CheckNoLeases(t, p)
}

// Whoever is granted a lease in the moment he gives up loses nothing.
func TestScenario11_AGrantRacesACancel(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 1 }))
	var granted, cancelled atomic.Int64
	for round := 0; granted.Load() < 200 || cancelled.Load() < 200; round++ {
		if round > 20000 {
			t.Fatalf("%d granted, %d cancelled: no race", granted.Load(), cancelled.Load())
		}
		l, _ := lease(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		waiting := make(chan struct{})
		both.Go(func() {
			close(waiting)
			l, err := p.Acquire(ctx)
			if err != nil {
				cancelled.Add(1)
				return
			}
			granted.Add(1)
			l.Release()
		})
		<-waiting
		if round%2 == 0 {
			both.Go(cancel)
			both.Go(l.Release)
		} else {
			cancel()
			eventually(t, "nobody waits", func() bool { return p.Stats().Waiting == 0 })
			l.Release()
		}
		both.Wait()
		cancel()
	}
	if st := p.Stats(); st.Used != 0 || st.Waiting != 0 || st.Idle != 1 {
		t.Errorf("%+v", st)
	}
	if r := p.Snapshot().Restarts; r != 0 {
		t.Errorf("%d restarts", r)
	}
}

// A statement that its context ends is cancelled on the server, and its backend
// is lent to nobody before the answer is known.
func TestScenario12_AQueryIsCancelledByItsContext(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size = 1 }))
	l, b := lease(t, p)
	pid := b.PID()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := b.Conn().Exec(ctx, "select pg_sleep(600)")
		l.Release()
		ended <- err
	}()
	active := func() bool {
		backends, err := server.Backends(t.Context(), fmt.Sprintf("pid = %d and state = 'active'", pid))
		return err == nil && len(backends) == 1
	}
	eventually(t, "it runs", active)
	cancel()
	next, after := lease(t, p) // has to wait for that very slot
	if active() {
		t.Error("the statement still runs, and its backend is lent again")
	}
	on(t, after, "select 1") // no late cancel hits it
	next.Release()
	if err := <-ended; err == nil {
		t.Error("the statement succeeded")
	}
	testkit.CheckNoLeases(t, p)
}

// However many statements are cancelled, the server never has more connections
// of the pool than the hard limit.
func TestScenario13_AThousandCancels(t *testing.T) {
	server, database := testkit.Shared(t)
	p := pool(t, system(t, server, database, func(_ *config.Node, p *config.Pool) { p.Size, p.MaxOverflow = 3, 1 }))
	const wanted = 1000
	var cancels atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for cancels.Load() < wanted {
				own, cancel := context.WithCancel(ctx)
				l, err := p.Acquire(own)
				if err != nil {
					cancel()
					continue
				}
				b, err := l.Backend()
				if err == nil {
					time.AfterFunc(time.Millisecond, cancel)
					if _, err = b.Conn().Exec(own, "select pg_sleep(60)"); err != nil {
						cancels.Add(1)
					}
				}
				l.Release()
				cancel()
			}
		})
	}
	wg.Go(func() {
		defer stop()
		for cancels.Load() < wanted {
			backends, err := server.Backends(ctx, alone(database))
			if err != nil || len(backends) > 4 {
				t.Errorf("%d backends, %v", len(backends), err)
				return
			}
		}
	})
	wg.Wait()
	testkit.CheckNoLeases(t, p)
}

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) has(s string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.text.String(), s)
}

// logged is system with a log to read.
func logged(t *testing.T, server *testkit.Server, database string, p config.Pool) (*supervisor.System, *journal) {
	t.Helper()
	j := &journal{}
	p.Name, p.Node = "default", "main"
	s, err := supervisor.Start(config.Topology{
		Nodes: []config.Node{{Name: "main", Host: server.Host(), Port: uint16(server.Port()), User: server.User(),
			Password: config.Secret(server.Password()), Database: database}},
		Pools: []config.Pool{p}, Gateway: config.Gateway{Auth: config.Trust},
	}, supervisor.Options{Log: hclog.New(&hclog.LoggerOptions{Output: j, Level: hclog.Debug})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s, j
}

// acquireAndForget is the function that leaks: its name is looked for in the stack.
func acquireAndForget(t *testing.T, p *supervisor.Pool) (conn.Lease, *conn.Backend) {
	return lease(t, p)
}

// waitHereForever is the function in which the holder of the leaked lease waits.
func waitHereForever(done <-chan struct{}) { <-done }

// A lease that lasts too long is told with all there is to know, also when the
// pool is full, and then taken back; its late use is an error of its own.
func TestScenario14_ALeaseLeaks(t *testing.T) {
	server, database := testkit.Shared(t)
	s, log := logged(t, server, database, config.Pool{Size: 2, LeakAfter: 100 * time.Millisecond, ReclaimAfter: 600 * time.Millisecond})
	p := pool(t, s)
	told := make(chan messages.ConnectionLeaked, 10)
	s.Subscribe(func(e messages.Event) {
		if e, is := e.(messages.ConnectionLeaked); is {
			told <- e
		}
	}, supervisor.Wish{NoLeases: true})
	at, err := server.Config(database)
	if err != nil {
		t.Fatal(err)
	}
	blocker, err := pgx.ConnectConfig(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Close(context.Background())
	for _, sql := range []string{"create table t (n int)", "begin", "lock table t"} {
		if _, err := blocker.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	other, _ := lease(t, p) // the pool is full
	done, blocked := make(chan struct{}), make(chan error, 1)
	var leaked conn.Lease
	var pid uint32
	got := make(chan struct{})
	go func() {
		l, b := acquireAndForget(t, p)
		leaked, pid = l, b.PID()
		close(got)
		go func() { _, err := b.Conn().Exec(context.Background(), "insert into t values (4711)"); blocked <- err }()
		waitHereForever(done)
	}()
	<-got
	var e messages.ConnectionLeaked
	for e = range told {
		if e.PID == pid {
			break
		}
	}
	if !strings.Contains(e.Checkout, "acquireAndForget") || !strings.Contains(e.Now, "waitHereForever") {
		t.Errorf("acquired at\n%s\nnow at\n%s", e.Checkout, e.Now)
	}
	if e.Held < 100*time.Millisecond || e.State != "active" || e.Statement != "insert into t values (?)" || len(e.Blockers) != 1 || e.Blockers[0] != blocker.PgConn().PID() {
		t.Errorf("%+v", e)
	}
	if err := <-blocked; err == nil {
		t.Error("the statement of a revoked lease succeeded")
	}
	eventually(t, "it is taken back", func() bool { _, err := leaked.Backend(); return err != nil })
	var stale *conn.StaleLeaseError
	if _, err := leaked.Backend(); !errors.As(err, &stale) || !stale.Revoked {
		t.Errorf("late use: %v", err)
	}
	leaked.Release()
	other.Release()
	close(done)
	if !log.has("acquireAndForget") || log.has("4711") {
		t.Error("the log does not tell where it was acquired, or tells a literal")
	}
	if _, err := query(t.Context(), p, "select 'x'"); err != nil {
		t.Error(err)
	}
	testkit.CheckNoLeases(t, p)
}

// A second release does nothing, not even to the holder that the backend has by then, but it is
// logged.
func TestScenario15_ALeaseIsReleasedTwice(t *testing.T) {
	server, database := testkit.Shared(t)
	s, log := logged(t, server, database, config.Pool{Size: 1})
	p := pool(t, s)
	first, _ := lease(t, p)
	first.Release()
	second, b := lease(t, p)
	first.Release()
	first.Destroy(errors.New("late"))
	if _, err := second.Backend(); err != nil {
		t.Errorf("the next holder: %v", err)
	}
	on(t, b, "select 1")
	if st := p.Stats(); st.Used != 1 || st.Idle != 0 {
		t.Errorf("%+v", st)
	}
	second.Release()
	eventually(t, "it is logged", func() bool { return log.has("released after its end") })
	testkit.CheckNoLeases(t, p)
}
