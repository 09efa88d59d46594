package hostile_test

import (
	"fmt"
	"syscall"
	"time"

	"github.com/unoactor/unoactor/testkit"
)

// frozenRows are servers, or their network, that stop in the middle of something.
var frozenRows = []row{
	{
		name: "in a query, and their clients hang up",
		do:   frozenAmid(query("select pg_sleep(600)"), "active", true),
	},
	{
		name: "in a transaction, and their clients hang up",
		do:   frozenAmid(query("begin; select 1"), "idle in transaction", true),
	},
	{
		name: "in a failed transaction, and their clients hang up", long: true,
		do: frozenAmid(query("begin; select 1/0"), "idle in transaction (aborted)", true),
	},
	{
		name: "in a COMMIT, and their clients hang up", ready: slowCommit,
		do: frozenAmid(query("begin; do $$ begin execute 'insert into slow_' || current_user || ' values (1)'; end $$")+query("commit"), "active' and query = 'commit", true),
	},
	{
		name: "in a COPY, and their clients hang up",
		do:   frozenAmid(query("begin; create temp table c (a text) on commit drop; copy c from stdin"), "active", true),
	},
	{
		name: "in the middle of a portal, and their clients hang up", long: true,
		do: frozenAmid(parse("", "select generate_series(1, 1000000)")+bind("", "")+execute("", 10)+flush(), "idle in transaction' or state = 'active", true),
	},
	{
		name: "in the middle of a result, and their clients hang up",
		do:   frozenAmid(query("select repeat('x', 1000), generate_series(1, 10000000)"), "active", true),
	},
	{
		name: "with the lock that others wait for, and their clients hang up", long: true,
		do: frozenAmid(query("begin; select pg_advisory_xact_lock(7)"), "idle in transaction' or state = 'active", true),
	},
	{
		name: "in a query, and the daemon is shut down", ending: true, locked: true,
		do: frozenAmid(query("select pg_sleep(600)"), "active", false),
	},
	{
		name: "in a transaction, and the daemon is shut down", ending: true, locked: true,
		do: frozenAmid(query("begin; select 1"), "idle in transaction", false),
	},
	{
		name: "in a COMMIT, and the daemon is shut down", long: true, ending: true, locked: true, ready: slowCommit,
		do: frozenAmid(query("begin; do $$ begin execute 'insert into slow_' || current_user || ' values (1)'; end $$")+query("commit"), "active' and query = 'commit", false),
	},
	{
		name: "in a query, its clients hang up, and the daemon is shut down", long: true, ending: true, locked: true,
		do: frozenAmid(query("select pg_sleep(600)"), "active", true),
	},
	{
		name: "idle, and the daemon is shut down", ending: true, locked: true,
		do: frozenAmid(query("select 1"), "idle", false),
	},
	{
		name: "idle, in session mode, and the daemon is shut down", pool: `mode = "session"`, ending: true, locked: true,
		do: frozenAmid(query("select 1"), each, false),
	},
	{
		name: "in session mode, and their clients hang up", pool: `mode = "session"`, long: true, held: 20 * time.Second,
		do: frozenAmid(query("set work_mem = '1MB'"), each, true),
	},
	{
		name: "altogether, and the daemon is shut down", ending: true, locked: true, long: true,
		ready: func(a *arena) { a.ownServer() },
		do: func(a *arena) {
			frozenAmid(query("select pg_sleep(600)"), "active", false)(a)
			if err := a.server.Freeze(); err != nil {
				a.Fatal(err)
			}
			a.background(func(over <-chan struct{}) {
				<-over
				a.server.Thaw()
			})
			for range 10 {
				_ = a.must().send(startup("user", "app", "database", "default"), query("select 1"))
			}
		},
	},
	{
		name: "and are killed amid the work of many, and come back", long: true, locked: true,
		ready: func(a *arena) { a.ownServer() },
		do: func(a *arena) {
			for range 50 {
				_ = a.login().send(query("begin; select pg_sleep(600)"))
			}
			if err := a.server.Kill(); err != nil {
				a.Fatal(err)
			}
			if err := a.server.Start(a.Context()); err != nil {
				a.Fatal(err)
			}
		},
		freed: 30 * time.Second,
	},
	{
		name: "whose backends are ended again and again",
		do: func(a *arena) {
			for range 8 {
				p := a.login()
				a.swallow(p)
				a.background(func(over <-chan struct{}) {
					for {
						select {
						case <-over:
							return
						case <-time.After(5 * time.Millisecond):
						}
						if p.send(query("select 1")) != nil {
							return
						}
					}
				})
			}
			for range 10 {
				if _, err := a.server.TerminateBackends(a.Context(), fmt.Sprintf("usename = '%s'", a.role)); err != nil {
					a.Fatal(err)
				}
			}
		},
	},
	network("is a black hole amid a query", func(a *arena, p *testkit.Proxy) {
		_ = a.loginTo("lied").send(query("select pg_sleep(3)"))
		q := a.loginTo("lied")
		p.BlackHole()
		_ = q.send(query("select 1"))
		<-time.After(200 * time.Millisecond)
	}),
	network("is a black hole for those who connect", func(a *arena, p *testkit.Proxy) {
		p.BlackHole()
		for range 5 {
			_ = a.must().send(startup("user", "app", "database", "lied"), query("select 1"))
		}
		<-time.After(1500 * time.Millisecond)
	}),
	network("accepts and does nothing", func(a *arena, p *testkit.Proxy) {
		p.Hang()
		for range 5 {
			_ = a.must().send(startup("user", "app", "database", "lied"), query("select 1"))
		}
		<-time.After(1500 * time.Millisecond)
	}),
	network("refuses", func(a *arena, p *testkit.Proxy) {
		if err := p.Refuse(); err != nil {
			a.Fatal(err)
		}
		for range 20 {
			_ = a.must().send(startup("user", "app", "database", "lied"), query("select 1"))
		}
		<-time.After(500 * time.Millisecond)
	}),
	network("resets", func(a *arena, p *testkit.Proxy) {
		for range 10 {
			q := a.must()
			_ = q.send(startup("user", "app", "database", "lied"), query("select pg_sleep(0.1)"))
			_ = q.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			_, _ = q.next()
			p.Reset()
		}
	}),
	network("cuts what servers say at any byte", func(a *arena, p *testkit.Proxy) {
		for range 30 {
			p.CutAfter(a.random.Int64N(700), testkit.ToClient)
			q := a.must()
			_ = q.send(startup("user", "app", "database", "lied"), query("select 'x'"))
			_ = q.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			_, _ = q.next()
			p.Disconnect()
			if err := p.Pass(); err != nil {
				a.Fatal(err)
			}
		}
	}),
	network("cuts what the daemon says at any byte", func(a *arena, p *testkit.Proxy) {
		for range 30 {
			p.CutAfter(a.random.Int64N(500), testkit.ToServer)
			q := a.must()
			_ = q.send(startup("user", "app", "database", "lied"), query("begin; select 'x'"))
			_ = q.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			_, _ = q.next()
			p.Disconnect()
			if err := p.Pass(); err != nil {
				a.Fatal(err)
			}
		}
	}),
}

// ownServer is for a row that does to a server what others would notice.
func (a *arena) ownServer() {
	a.server = testkit.Postgres(a, testkit.ServerOptions{Databases: []string{a.database}})
	if err := a.server.Exec(a.Context(), "", "create role "+a.role+" login"); err != nil {
		a.Fatal(err)
	}
}

// slowCommit makes a table whose insert takes ten minutes to commit.
func slowCommit(a *arena) {
	table := "slow_" + a.role
	if err := a.server.Exec(a.Context(), a.database, fmt.Sprintf(`create table %[1]s (a int); alter table %[1]s owner to %[2]s;
		create or replace function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return null; end $$;
		create constraint trigger slow after insert on %[1]s deferrable initially deferred for each row execute function slow()`, table, a.role)); err != nil {
		a.Fatal(err)
	}
}

// each is idle backends, one for each client.
const each = "idle' and true and '' = '"

// frozenAmid freezes all backends of the row in the midst of something.
func frozenAmid(words, state string, hangUp bool) func(*arena) {
	return func(a *arena) {
		var peers []*peer
		for range poolSize {
			p := a.login()
			_ = p.send(words)
			peers = append(peers, p)
		}
		where := fmt.Sprintf("usename = '%s' and (state = '%s')", a.role, state)
		want := poolSize
		if state == "idle" {
			want = 1 // a backend may have been lent to one client after the other
		}
		var pids []int
		for began := time.Now(); len(pids) < want; <-time.After(20 * time.Millisecond) {
			backends, err := a.server.Backends(a.Context(), where)
			if err != nil || time.Since(began) > patience {
				a.Fatalf("not %d backends are %s: %v %v", want, state, backends, err)
			}
			pids = pids[:0]
			for _, b := range backends {
				pids = append(pids, int(b.PID))
			}
		}
		a.freeze(pids)
		if !hangUp {
			return
		}
		for _, p := range peers {
			_ = p.Close()
		}
	}
}

// freeze stops server processes until the row ends.
func (a *arena) freeze(pids []int) {
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			a.Error(err)
		}
	}
	a.background(func(over <-chan struct{}) {
		<-over
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT) // it may have ended
		}
	})
}

// network is a network between the daemon and a real server that fails.
func network(name string, fail func(*arena, *testkit.Proxy)) row {
	var r row
	r = row{
		name: "behind a network that " + name,
		extra: func(a *arena) string {
			a.proxy = testkit.NewProxy(a, a.server.Addr())
			return fmt.Sprintf(`
node "far" {
  host            = "127.0.0.1"
  port            = %d
  connect_timeout = "1s"
}
pool "lied" {
  node            = node.far
  database        = %q
  user            = %q
  size            = 2
  acquire_timeout = "3s"
}
`, a.proxy.Port(), a.database, a.role)
		},
		do: func(a *arena) {
			a.background(func(over <-chan struct{}) {
				<-over
				_ = a.proxy.Pass() // what follows tells if it fails
			})
			fail(a, a.proxy)
		},
		after: func(a *arena) {
			if err := a.proxy.Pass(); err != nil {
				a.Fatal(err)
			}
			if err := a.honest("lied", r.freed); err != nil {
				a.Errorf("when the network was back its pool did not serve within %v: %v", r.freed, err)
			}
		},
		freed: 20 * time.Second,
	}
	return r
}
