package conn

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/unoactor/unoactor/config"
)

// Dialer connects the backends of one pool. It is safe for concurrent use.
type Dialer struct {
	node         config.Node
	pool         config.Pool
	pgx          *pgx.ConnConfig
	hooks        []Hook
	options      DialerOptions
	cleansAlways bool // hooks run after each lease, so its backend is cleaned up whatever its state
}

// DialerOptions is what a topology can't say. The zero value adds nothing.
type DialerOptions struct {
	Hooks  []Hook
	Tracer pgx.QueryTracer
	// ReadOnly is called when a server refuses a write because it takes none (SQLSTATE
	// 25006), while the statement runs. It must not block. It may be nil.
	ReadOnly func()
	// Dial replaces the network, for tests.
	Dial pgconn.DialFunc
	// Driver are libpq's connection parameters that a node has no setting for, by name: see
	// [config.Connection].
	Driver map[string]string
}

// NewDialer makes a dialer and connects to nothing. Its error says why the node and the pool can't be
// connected to as they are configured: a hook without methods, TLS files that can't be read,
// connection parameters that pgx refuses. The error never holds a password.
func NewDialer(node config.Node, pool config.Pool, o DialerOptions) (*Dialer, error) {
	if err := checkHooks(o.Hooks); err != nil {
		return nil, fmt.Errorf("pool %q: %w", pool.Name, err)
	}
	cfg, err := pgxConfig(node, pool, o.Driver)
	if err != nil {
		return nil, fmt.Errorf("pool %q on node %q: %w", pool.Name, node.Name, redact(err))
	}
	cfg.Tracer = remember(o.Tracer)
	if cfg.RequireAuth == "" {
		cfg.AfterNetConnect = noSecretInClear
	}
	if o.Dial != nil {
		cfg.DialFunc = o.Dial
		cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	}
	cfg.OnPgError = func(c *pgconn.PgConn, e *pgconn.PgError) bool {
		switch {
		case e.Code == "25006" && o.ReadOnly != nil:
			o.ReadOnly()
		case e.Code == lostStatement:
			if b, ok := c.CustomData()[ownBackend].(*Backend); ok {
				b.care |= careForget
			}
		}
		return !isFatal(e) || !sawEnd(c)
	}
	d := &Dialer{node: node, pool: pool, pgx: cfg, options: o, hooks: append(sqlHooks(pool.Hooks), o.Hooks...)}
	d.cleansAlways = len(checkinHooks(d.hooks)) > 0
	return d, nil
}

// For makes a dialer for a pool with other settings, on the same node and with the same options. Its
// error is that of [NewDialer].
func (d *Dialer) For(pool config.Pool) (*Dialer, error) { return NewDialer(d.node, pool, d.options) }

// Dial connects, authenticates and runs the connect hooks, within the node's connect_timeout and
// ctx. incarnation is what the backend will return as its own. The error is a [*DialError], or
// wraps a [*HookError]. A panic on the way, in code that is not ours or over what the server
// answered, is a [*DialError] that wraps a [*PanicError]; no socket is left open by it.
func (d *Dialer) Dial(ctx context.Context, incarnation uint64) (b *Backend, err error) {
	var opened sockets
	returned := false
	defer func() {
		if returned {
			return
		}
		b, err = nil, &DialError{Node: d.node.Name, Pool: d.pool.Name, Err: Panicked(recover())}
		opened.close()
	}()
	b, err = d.dial(ctx, incarnation, &opened)
	returned = true
	opened.done()
	return b, err
}

func (d *Dialer) dial(ctx context.Context, incarnation uint64, opened *sockets) (*Backend, error) {
	ctx, cancel := context.WithTimeout(ctx, d.node.ConnectTimeout)
	defer cancel()
	cfg, w := d.pgx.Copy(), &wire{}
	cfg.DialFunc = opened.noting(cfg.DialFunc)
	cfg.BuildFrontend = func(r io.Reader, out io.Writer) *pgproto3.Frontend { // once an address and a way of TLS
		*w = wire{}
		return w.frontend(r, out)
	}
	cfg.BuildContextWatcherHandler = func(pg *pgconn.PgConn) ctxwatch.Handler { return newCanceller(pg, w) }
	var said allowance
	said.bounds(cfg)
	px, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, &DialError{Node: d.node.Name, Pool: d.pool.Name, Err: err}
	}
	said.lift(px)
	now := time.Now()
	b := &Backend{px: px, pg: px.PgConn(), wire: w, dialer: d, parameters: reportedBy(px.PgConn()), incarnation: incarnation, opened: now, spared: rand.Float64()}
	b.proven.Store(&now)
	b.pg.CustomData()[ownBackend] = b
	// The end of the caller's ctx does not end the question: that would leave a process on
	// the server for whose end nobody waits.
	deadline, _ := ctx.Deadline()
	asking, done := context.WithDeadline(context.WithoutCancel(ctx), deadline)
	defer done()
	if b.server = askServer(asking, b.pg); b.pg.IsClosed() {
		b.closeUnlent(ctx)
		return nil, &DialError{Node: d.node.Name, Pool: d.pool.Name, Err: cmp.Or(asking.Err(), errLeft)}
	}
	for _, h := range connectHooks(d.hooks) {
		if err := d.run(ctx, h, h.OnConnect, b); err != nil {
			b.closeUnlent(ctx)
			return nil, fmt.Errorf("on_connect of pool %q: %w", d.pool.Name, err)
		}
	}
	return b, nil
}

// sockets are those that were opened for one backend while it was dialed. Later cancel requests are
// dialed by the same function, from any goroutine; their sockets are not noted.
type sockets struct {
	mu     sync.Mutex
	dialed bool // nothing is noted any more
	all    []net.Conn
}

// noting returns a function that dials, and notes the socket. It returns a panic of dial as an error:
// cancel requests are sent on goroutines where nobody else would recover.
func (s *sockets) noting(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (c net.Conn, err error) {
		returned := false
		defer func() {
			if !returned {
				c, err = nil, Panicked(recover())
			}
		}()
		c, err = dial(ctx, network, address)
		returned = true
		if err == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !s.dialed {
				s.all = append(s.all, c)
			}
		}
		return c, err
	}
}

// done ends the noting, and returns the sockets that were noted.
func (s *sockets) done() []net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.dialed, s.all = true, nil
	return all
}

func (s *sockets) close() {
	for _, c := range s.done() {
		c.Close()
	}
}

// closeUnlentTime bounds how long the close of a backend that was never lent may take.
const closeUnlentTime = 5 * time.Second

// closeUnlent closes a backend that was never lent. The end of ctx does not end the wait for the
// server's process: until that has ended it counts against the pool's limit.
func (b *Backend) closeUnlent(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeUnlentTime)
	defer cancel()
	b.Close(ctx)
}

// errLeft is the error of a server that accepted a login and hung up at once.
var errLeft = errors.New("the server closed the new connection")

// ownBackend is the key under which pgx's connection keeps its Backend, in its custom data.
const ownBackend = "unoactor.backend"

// lostStatement is invalid_sql_statement_name, the SQLSTATE of executing a prepared statement that
// the server does not have.
const lostStatement = "26000"

// reported are the parameters that a PostgreSQL server reports (the table
// "GUC_REPORT" of its protocol documentation, up to version 18).
var reported = []string{
	"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby", "integer_datetimes",
	"IntervalStyle", "is_superuser", "scram_iterations", "search_path", "server_encoding", "server_version", "session_authorization",
	"standard_conforming_strings", "TimeZone",
}

func reportedBy(pg *pgconn.PgConn) map[string]string {
	m := make(map[string]string, len(reported))
	for _, name := range reported {
		if v := pg.ParameterStatus(name); v != "" || mayBeEmpty(name, pg.ParameterStatus("server_version")) {
			m[name] = v
		}
	}
	return m
}

// mayBeEmpty says whether a server of the version reports the parameter though its value is empty:
// pgx does not tell an empty value from none.
func mayBeEmpty(name, version string) bool {
	switch name {
	case "application_name":
		return true
	case "search_path":
		digits := version[:len(version)-len(strings.TrimLeft(version, "0123456789"))]
		major, err := strconv.Atoi(digits)
		return err == nil && major >= 18
	}
	return false
}

// pgxConfig is what the topology says, as a configuration of pgx, with nothing from the environment:
// see undisturbed.
func pgxConfig(node config.Node, pool config.Pool, driver map[string]string) (*pgx.ConnConfig, error) {
	said, remove, err := undisturbed()
	if err != nil {
		return nil, err
	}
	defer remove()
	maps.Copy(said, driver)
	if driver["min_protocol_version"] != "" && driver["max_protocol_version"] == "" {
		said["max_protocol_version"] = "latest"
	}
	maps.Copy(said, map[string]string{
		"host": node.Host, "port": strconv.Itoa(int(node.Port)), "dbname": pool.Database, "user": cmp.Or(pool.User, config.OSUser()),
		"password": pool.Password.Reveal(), "sslmode": node.TLS.Mode, "sslrootcert": node.TLS.CA, "sslcert": node.TLS.Cert, "sslkey": node.TLS.Key,
	})
	if node.RequireAuth != "" {
		said["require_auth"] = node.RequireAuth
	}
	oldest, newest := tlsVersions[said["ssl_min_protocol_version"]], tlsVersions[said["ssl_max_protocol_version"]]
	delete(said, "ssl_min_protocol_version")
	delete(said, "ssl_max_protocol_version")
	var dsn strings.Builder
	for key, value := range said {
		fmt.Fprintf(&dsn, "%s='%s' ", key, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value))
	}
	cfg, err := pgx.ParseConfig(dsn.String())
	if err != nil {
		return nil, err
	}
	cfg.RuntimeParams = map[string]string{"application_name": "unoactor"}
	maps.Copy(cfg.RuntimeParams, pool.Runtime)
	cfg.ConnectTimeout = 0 // the context of Dial bounds it
	adapt := func(t *tls.Config) {
		if t == nil {
			return
		}
		t.MinVersion, t.MaxVersion = max(t.MinVersion, oldest), newest
		if node.TLS.ServerName != "" {
			t.ServerName = node.TLS.ServerName
		}
	}
	adapt(cfg.TLSConfig)
	for _, f := range cfg.Fallbacks {
		adapt(f.TLSConfig)
	}
	return cfg, nil
}

// noSecretInClear is called by pgconn with each socket, after TLS, if the node has no require_auth. It
// refuses to send a password in clear over a network that is not encrypted: with the TLS mode
// "prefer", anybody could answer in the server's place and ask for it. cfg is that of one dial.
func noSecretInClear(_ context.Context, cfg *pgconn.Config, socket net.Conn) (net.Conn, error) {
	cfg.RequireAuth = "!password"
	switch socket.(type) {
	case *tls.Conn, *net.UnixConn:
		cfg.RequireAuth = ""
	}
	return socket, nil
}

func isFatal(e *pgconn.PgError) bool {
	return strings.EqualFold(e.SeverityUnlocalized, "FATAL") || strings.EqualFold(e.Severity, "FATAL")
}

// farewellTime is how long a server process may take to end after its FATAL.
const farewellTime = time.Second

// sawEnd waits until a server that said that it ends the connection has ended it. pgconn alone would
// close the socket at once, and the server's process would be counted by nobody for a moment.
// It returns true: pgconn may close what is left.
func sawEnd(c *pgconn.PgConn) bool {
	if c.Conn() != nil && c.Conn().SetReadDeadline(time.Now().Add(farewellTime)) == nil {
		_, _ = io.Copy(io.Discard, c.Conn()) // its end, or the deadline
	}
	return true
}

// redact returns the reason of pgconn's error about a connection string without the string, which
// pgconn's own message quotes.
func redact(err error) error {
	var parse *pgconn.ParseConfigError
	if !errors.As(err, &parse) {
		return err
	}
	if inner := parse.Unwrap(); inner != nil {
		return inner
	}
	return errors.New("settings that can't be used together")
}
