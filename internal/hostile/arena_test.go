package hostile_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/testkit"
)

// What must never be seen in a log.
const (
	poolPassword   = "pool-geheim-4711"
	clientPassword = "client-geheim-0815"
	literal        = "literal-geheim-1234"
)

// row is a case.
type row struct {
	name string
	long bool // only in make hostile

	// The topology: settings of HCL, "" for what is in arena.topology.
	gateway   string
	pool      string
	more      string                     // further blocks, such as a node that lies
	extra     func(*arena) string        // the same, for what is only known when the row runs
	before    []string                   // the command that runs the program
	addresses int                        // that the hostile side connects from; 0 is one
	ready     func(*arena)               // before the daemon starts
	do        func(a *arena)             // what the hostile side does; what it opened stays until it lets go
	after     func(a *arena)             // when it has let go, and an honest client was served
	odd       func(a *arena, log string) // looks at the log

	held   time.Duration // an honest client is served within, while the hostile side holds on
	locked bool          // ... is not served while it does, as documented
	freed  time.Duration // ... and when it has let go
	grows  int           // MiB that the process may grow by at its highest
	keeps  int           // MiB that it may keep
	log    int           // bytes of log
	stop   time.Duration // SIGTERM ends the process within
	ending bool          // SIGTERM comes while the hostile side holds on
}

// Bounds where a row names none. They are for a machine that is busy with other things.
const (
	usualHeld  = 10 * time.Second
	usualGrows = 64
	usualKeeps = 40
	usualLog   = 32 << 10
	usualStop  = 15 * time.Second
	poolSize   = 4
)

func (r row) complete() row {
	r.held = either(r.held, usualHeld)
	r.freed = either(r.freed, usualHeld)
	r.grows = either(r.grows, usualGrows)
	r.keeps = either(r.keeps, usualKeeps)
	r.log = either(r.log, usualLog)
	r.stop = either(r.stop, usualStop)
	if raced { // the detector keeps up to ten bytes beside each
		r.grows, r.keeps = 8*r.grows, 8*r.keeps
	}
	return r
}

func either[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// arena is where a row takes place: a daemon of its own in front of a server that others use too.
type arena struct {
	*testing.T
	crowd
	random    *rand.Rand
	server    *testkit.Server
	database  string
	role      string // that the daemon's pools log in as
	daemon    *daemon
	proxy     *testkit.Proxy // a network that fails; nil without one
	liar      *liar          // that a pool named "lied" connects to; nil without one
	finished  chan struct{}  // closed at the row's end
	addresses int            // that the hostile side has; 0 is one
	dialed    atomic.Int64
}

var roles atomic.Int64

// prepare makes a role of the row's own.
func (a *arena) prepare() {
	a.role = fmt.Sprintf("row%d", roles.Add(1))
	if err := a.server.Exec(a.Context(), "", "create role "+a.role+" login password '"+poolPassword+"'"); err != nil {
		a.Fatal(err)
	}
	server := a.server // a row may take one of its own
	a.Cleanup(func() {
		if err := server.Exec(context.Background(), a.database, "drop owned by "+a.role+"; drop role "+a.role); err != nil {
			a.Error(err)
		}
	})
}

func (a *arena) topology(r row) string {
	more := r.more
	if r.extra != nil {
		more += r.extra(a)
	}
	return fmt.Sprintf(`
node "real" {
  host = %q
  port = %d
}
pool "default" {
  node     = node.real
  database = %q
  user     = %q
  password = %q
%s
}
gateway {
  listen = ["127.0.0.1:0"]
%s
  user "app" { password = %q }
}
%s`, a.server.Host(), a.server.Port(), a.database, a.role, poolPassword,
		withDefaults(r.pool, "size", fmt.Sprint(poolSize)),
		withDefaults(r.gateway, "auth", `"trust"`, "drain_timeout", `"2s"`), clientPassword, more)
}

// withDefaults adds the defaults of the suite to what is written.
func withDefaults(written string, defaults ...string) string {
	for i := 0; i < len(defaults); i += 2 {
		if !strings.Contains(written, defaults[i]+" ") {
			written += "\n  " + defaults[i] + " = " + defaults[i+1]
		}
	}
	return written
}

// finish ends all that the row has begun. It may be called again.
func (a *arena) finish() {
	a.letGo()
	select {
	case <-a.finished:
	default:
		close(a.finished)
	}
	a.work.Wait()
}

// dial connects without a word, from another address than honest clients do. It returns nil when
// that is refused.
func (a *arena) dial() *peer {
	from := 0
	if a.addresses > 1 {
		from = int(a.dialed.Add(1)) % a.addresses
	}
	dialer := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(2+from))}}
	c, err := dialer.Dial("tcp", a.daemon.address)
	if err != nil {
		return nil
	}
	a.keep(c)
	return &peer{Conn: c, in: bufio.NewReader(c)}
}

// must connects without a word.
func (a *arena) must() *peer {
	a.Helper()
	p := a.dial()
	if p == nil {
		a.Fatal("the daemon refuses connections")
	}
	return p
}

// login connects as the user app, by trust.
func (a *arena) login(parameters ...string) *peer {
	a.Helper()
	return a.loginTo("default", parameters...)
}

func (a *arena) loginTo(database string, parameters ...string) *peer {
	a.Helper()
	p := a.must()
	_ = p.send(startup(append([]string{"user", "app", "database", database}, parameters...)...))
	if got := p.until(a, "Z:I", patience); got != "Z:I" {
		a.Fatalf("login: %s", got)
	}
	return p
}

// keepOpen closes a listener when the row's hostile side lets go.
func (a *arena) keepOpen(l net.Listener) {
	a.background(func(over <-chan struct{}) {
		<-over
		_ = l.Close()
	})
}

// several does the same n times side by side, and waits.
func (a *arena) several(n int, do func(i int)) {
	const hands = 32
	next := atomic.Int64{}
	done := make(chan struct{})
	for range min(n, hands) {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		}()
	}
	for range min(n, hands) {
		<-done
	}
}

// background does something until the hostile side lets go.
func (a *arena) background(do func(over <-chan struct{})) { a.work.Go(func() { do(a.over) }) }

// swallow reads and forgets all that comes.
func (a *arena) swallow(p *peer) {
	a.background(func(<-chan struct{}) { _, _ = p.in.WriteTo(nowhere{}) })
}

type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }

// honest is a client as most are: pgconn with its defaults and a password. It works with both
// protocols, makes a mistake, and has a transaction.
func (a *arena) honest(database string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	began := time.Now()
	c, err := pgconn.ParseConfig(fmt.Sprintf("postgres://app:%s@%s/%s", clientPassword, a.daemon.address, database))
	if err != nil {
		return err
	}
	pg, err := pgconn.ConnectConfig(ctx, c)
	if err != nil {
		return fmt.Errorf("connect, for %v: %w", time.Since(began), err)
	}
	defer pg.Close(ctx)
	if got, err := one(pg.Exec(ctx, "select 'yes'").ReadAll()); err != nil || got != "yes" {
		return fmt.Errorf("select: %q, for %v: %w", got, time.Since(began), err)
	}
	if _, err := pg.Exec(ctx, "select 1/0").ReadAll(); !testkit.IsSQLState(err, "22012") {
		return fmt.Errorf("select 1/0: %w", err)
	}
	if r := pg.ExecParams(ctx, "select $1::text || 'es'", [][]byte{[]byte("y")}, nil, nil, nil).Read(); r.Err != nil {
		return fmt.Errorf("with a parameter: %w", r.Err)
	} else if len(r.Rows) != 1 || string(r.Rows[0][0]) != "yes" {
		return fmt.Errorf("with a parameter: %q", r.Rows)
	}
	if got, err := one(pg.Exec(ctx, "begin; select 'yes'; commit").ReadAll()); err != nil || got != "yes" {
		return fmt.Errorf("transaction: %q, %w", got, err)
	}
	return nil
}

// one is the first value of all results.
func one(results []*pgconn.Result, err error) (string, error) {
	for _, r := range results {
		if len(r.Rows) > 0 {
			return string(r.Rows[0][0]), err
		}
	}
	return "", err
}
