package config

import (
	"math"
	"time"
)

// Never turns a duration setting off, where its default would turn it on.
const Never time.Duration = math.MaxInt64

// Topology is everything that one unoactor system supervises.
type Topology struct {
	Nodes   []Node
	Pools   []Pool
	Routes  []Route
	Gateway Gateway
	Log     Log
}

// Node is one PostgreSQL server.
type Node struct {
	Name string
	// Host is a name or an address; a value that starts with "/" is the
	// directory of a Unix socket, as in libpq. Default 127.0.0.1.
	Host string
	Port uint16 // default 5432
	// Database, User and Password are the defaults of the pools on this node.
	Database string
	User     string
	Password Secret
	Role     Role
	TLS      TLS
	// RequireAuth is what the server may ask for to know who connects, as libpq's
	// require_auth: password, md5, scram-sha-256, gss, sspi, oauth or none, separated by
	// commas, or each with a ! before it what it may not. Default: anything, but for a
	// password in clear over a network without TLS.
	RequireAuth string
	// ConnectTimeout bounds one attempt: dial, TLS, authentication. Default 5 s.
	ConnectTimeout time.Duration
	// BackoffMin and BackoffMax bound the wait between attempts while the node
	// can't be connected to: it doubles from min to max, jittered. Defaults 100 ms, 15 s.
	BackoffMin time.Duration
	BackoffMax time.Duration
	Breaker    Breaker
	Labels     map[string]string
	Source     Source
}

// Breaker has those who would wait for a node that can't be connected to fail at
// once instead. The zero Breaker never opens.
type Breaker struct {
	// FailureThreshold attempts to connect that fail within TripTimeout open it.
	// 0 turns it off, so that waits last through a restart of the server.
	FailureThreshold int
	TripTimeout      time.Duration // default 60 s
	// ResetTimeout is how long it stays open before one attempt tries the node
	// again. Default 30 s.
	ResetTimeout time.Duration
}

// Role is what a node is for.
type Role string

// The roles of a node.
const (
	Primary Role = "primary" // reads and writes; the default
	Replica Role = "replica" // reads
)

// TLS says how a connection is encrypted and whom it trusts.
type TLS struct {
	// Mode is libpq's sslmode: disable, allow, prefer, require, verify-ca or
	// verify-full. Default prefer.
	Mode string
	// CA, Cert and Key are paths of PEM files.
	CA   string
	Cert string
	Key  string
	// ServerName is the name to verify when it differs from the node's host.
	ServerName string
}

// Mode says for how long a gateway client keeps a backend.
type Mode string

// The modes of a pool.
const (
	Session     Mode = "session"     // until the client disconnects
	Transaction Mode = "transaction" // until the transaction ends; the default
)

// Reset says what is done to a backend between two leases.
type Reset string

// The reset policies. Any other value is SQL of the user's own.
const (
	ResetRollback Reset = "rollback"    // roll back an open transaction, nothing else; the default
	ResetDiscard  Reset = "discard all" // roll back, then DISCARD ALL
	ResetNone     Reset = "none"        // an open transaction ends the backend, nothing is sent
)

// Pool is the backends of one database, as one user, on one node.
type Pool struct {
	Name string
	Node string
	// Database, User and Password are the node's unless given.
	Database string
	User     string
	Password Secret
	Mode     Mode
	// Profile gives Size, MaxOverflow and MaxLifetime where they are not given:
	// light, medium, heavy or batch. Default medium.
	Profile Profile
	// Size is how many backends are kept (the soft limit); MaxOverflow, how many
	// more may be opened under load. Size + MaxOverflow is the hard limit.
	// A pool whose Size is 0 takes both from its profile; one with a Size and no
	// MaxOverflow has no overflow, unless its file names a profile.
	Size        int
	MaxOverflow int
	// MinIdle backends are kept connected and idle in the background, up to Size.
	MinIdle int
	// AcquireTimeout is the longest wait for a lease. Default 30 s.
	AcquireTimeout time.Duration
	// MaxLifetime is the age at which a backend is replaced, less up to a tenth
	// of it at random, so that backends opened together don't end together.
	MaxLifetime time.Duration
	// IdleTimeout is how long a backend above MinIdle may be idle. Default 10 min.
	IdleTimeout time.Duration
	// KeepAlive is how long a backend is idle before it is pinged, less up to a
	// tenth of it at random, so that what forgets idle connections on the way to
	// the server does not forget this one. Default 2 min.
	KeepAlive time.Duration
	// ValidateAfterIdle is how long a backend may be idle and still be lent without
	// a ping; ValidateTimeout bounds the ping and is shorter than AcquireTimeout.
	// Defaults 30 s, and 1 s or half of AcquireTimeout where that is shorter.
	ValidateAfterIdle time.Duration
	ValidateTimeout   time.Duration
	// Order is which idle backend is lent first. Default LIFO.
	Order Order
	// QueueTarget is the wait that the queue should stay below. When even the
	// shortest wait within a QueueInterval was longer, the pool is overloaded: those
	// who have waited for twice the target are refused. Defaults Never, 1 s.
	QueueTarget   time.Duration
	QueueInterval time.Duration
	// LeakAfter is how long a lease may last before it is reported; ReclaimAfter,
	// before it is revoked. Default Never, both.
	LeakAfter    time.Duration
	ReclaimAfter time.Duration
	Sizing       Sizing
	Retry        Retry
	Reset        Reset
	Hooks        Hooks
	// DrainTimeout is how long Close waits for leases to come back before it
	// cancels and closes what is left. Default 10 s.
	DrainTimeout time.Duration
	// Echo logs every statement of the embedded face with its duration and row
	// count, never its parameters.
	Echo bool
	// Runtime is sent in the startup packet of each backend, as
	// application_name and search_path are.
	Runtime map[string]string
	Labels  map[string]string
	Source  Source
}

// Order is which idle backend is lent first.
type Order string

// The orders.
const (
	LIFO Order = "lifo" // those in use stay in use, the others grow old enough to be closed; the default
	FIFO Order = "fifo" // the one that was idle longest: all are used alike
)

// Sizing has the number of backends that a pool keeps follow its load, between
// Size and the hard limit. The zero Sizing is off.
type Sizing struct {
	// Step is by how many backends the pool grows or shrinks at once. 0 turns
	// dynamic sizing off.
	Step int
	// GrowAt is the utilisation (backends in use / backends kept) at which the
	// pool grows; it also grows when GrowWaiting or more wait. Defaults 0.8, 1.
	GrowAt      float64
	GrowWaiting int
	// ShrinkAt is the utilisation below which it shrinks, once it has been below
	// for CoolDown. Defaults 0.5, 30 s.
	ShrinkAt float64
	CoolDown time.Duration
}

// Retry says what is repeated when it failed in a way that repeating can mend,
// and only where it is certain that nothing happens twice. The zero Retry is off.
type Retry struct {
	MaxRetries int           // 0 turns retries off
	RetryDelay time.Duration // before the first; jittered by a tenth. Default 100 ms
	// BackoffFactor is by what each delay is longer than the one before. Default 2.
	BackoffFactor float64
	// RetryableErrors are classes (connection, operational, serialization,
	// deadlock) or SQLSTATEs, as "55P03". Default connection, serialization, deadlock.
	RetryableErrors []string
}

// Hard is the number of backends that the pool never exceeds.
func (p Pool) Hard() int { return p.Size + p.MaxOverflow }

// Hooks are statements run on a backend at the turns of its life. A statement
// that fails or overruns Timeout ends that backend.
type Hooks struct {
	OnConnect   []string
	OnCheckout  []string
	OnCheckin   []string
	BeforeClose []string
	Timeout     time.Duration // for all statements of one hook together. Default 5 s
}

// Access is what a session means to do.
type Access string

// The accesses that a route can ask for.
const (
	Any   Access = "any" // the default
	Read  Access = "read"
	Write Access = "write"
)

// Route sends the sessions that it matches to a pool. Empty fields match
// anything; the first route that matches, in the order of the file, wins.
type Route struct {
	Name string
	// Database is what the session asked for, exactly.
	Database string
	User     string
	// Entity is the package path and name of a Go type, as
	// "example.com/app/analytics.Metric"; a trailing "*" matches any ending.
	Entity string
	Access Access
	// Labels must all be among the session's own.
	Labels map[string]string
	Pool   string
	Source Source
}

// Gateway is what the daemon listens on and whom it lets in.
type Gateway struct {
	// Listen are TCP addresses, as "127.0.0.1:6432". Default that one.
	Listen []string
	// Socket is the directory of a Unix socket, named as PostgreSQL names it
	// (.s.PGSQL.<port of the first TCP address>). Empty: none.
	Socket string
	// SocketMode is who may connect by the socket, as chmod's octal number, and
	// SocketGroup, a name or a number, whom the socket's file belongs to. Defaults
	// 0777, as PostgreSQL's, or 0700 where Auth is Trust; and the process's own group.
	SocketMode  string
	SocketGroup string
	Auth        Auth
	Users       []User
	// MaxClients is how many clients may be logged in at once. Default 10000.
	MaxClients int
	// MaxLogins is how many connections may be logging in at once, and
	// MaxLoginsPerAddress how many of them from one address. Defaults a fifth of
	// MaxClients, but at least 200; and half of that.
	MaxLogins           int
	MaxLoginsPerAddress int
	// LoginTimeout bounds startup and authentication. Default 15 s.
	LoginTimeout time.Duration
	// QueryWait is the longest that a client waits for a backend, where the
	// pool's acquire_timeout is not shorter. Default 2 min.
	QueryWait time.Duration
	// IdleTimeout ends a client that says nothing complete for longer;
	// IdleInTransaction, one that does so while a backend waits for it: in a
	// transaction, between two messages of an extended batch, in a COPY, in the
	// middle of a message. Default Never, both.
	IdleTimeout       time.Duration
	IdleInTransaction time.Duration
	// WriteTimeout ends a client that takes nothing of what it is sent for longer.
	// Default Never.
	WriteTimeout time.Duration
	// DrainTimeout is how long a shutdown waits for transactions to end. Default 30 s.
	DrainTimeout time.Duration
	// MaxMessage bounds one message of a client, in bytes. Default 1 GiB.
	MaxMessage int
	Source     Source
}

// Auth is how clients prove who they are.
type Auth string

// The ways to authenticate clients.
const (
	SCRAM Auth = "scram-sha-256" // the default
	MD5   Auth = "md5"
	Trust Auth = "trust" // nobody proves anything: for loopback and tests
)

// User is somebody who may connect to the gateway.
type User struct {
	Name string
	// Password is plain, or as PostgreSQL stores it: "SCRAM-SHA-256$..." or "md5...".
	Password Secret
	Source   Source
}

// Log says what is logged and how.
type Log struct {
	Level  string // trace, debug, info, warn, error or off. Default info
	Format string // text or json. Default text
	Source Source
}
