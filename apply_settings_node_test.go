package unoactor_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/messages"
	"github.com/unoactor/unoactor/testkit"
)

// nodeCases are the settings of a node: its address and login, and what is done while its server can't be connected to.
var nodeCases = map[string]settingCase{
	"node.host": {
		after: func(r *rig, n *config.Node, _ *config.Pool) {
			n.Host = "127.0.0.2"
			r.kept = forwarded(r, net.JoinHostPort(n.Host, strconv.Itoa(int(n.Port))))
		},
		sees: func(r *rig) {
			if one[int](r.T, r.db, "select 1") != 1 || r.kept.(*atomic.Int64).Load() == 0 {
				r.Error("nobody connected to the other host")
			}
		},
	},
	"node.port": {
		after: func(r *rig, n *config.Node, _ *config.Pool) { n.Port = proxied(r) },
		sees: func(r *rig) {
			if one[int](r.T, r.db, "select 1") != 1 || r.proxy.Stats().Open == 0 {
				r.Error("nobody connected to the other port")
			}
		},
	},
	"node.socket": {
		after: func(r *rig, n *config.Node, _ *config.Pool) { n.Host = r.server.SocketDir() },
		sees: func(r *rig) {
			if !one[bool](r.T, r.db, "select inet_server_addr() is null") {
				r.Error("not by the socket")
			}
		},
	},
	"node.database": {
		with:  []string{"pool.database"},
		after: func(r *rig, n *config.Node, _ *config.Pool) { n.Database = anotherDatabase(r) },
		sees: func(r *rig) {
			if got := one[string](r.T, r.db, "select current_database()"); got != r.kept {
				r.Error(got)
			}
		},
	},
	"node.user": {
		with:   []string{"pool.user"},
		server: guarded,
		before: func(_ *rig, n *config.Node, _ *config.Pool) { n.User, n.Password = "app", "shared" },
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.User = "app2" },
		sees: func(r *rig) {
			if got := one[string](r.T, r.db, "select current_user"); got != "app2" {
				r.Error(got)
			}
		},
	},
	"node.password": {
		with:   []string{"pool.password"},
		server: guarded,
		before: func(_ *rig, n *config.Node, _ *config.Pool) { n.User, n.Password = "app", "shared" },
		during: newPassword,
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.Password = "rotated" },
		sees:   authenticates,
	},
	"node.role": {
		cold: true,
		before: func(r *rig, _ *config.Node, p *config.Pool) {
			p.MinIdle = 1
			if err := r.server.Exec(r.Context(), "", "alter database "+r.database+" set default_transaction_read_only = on"); err != nil {
				r.Fatal(err)
			}
		},
		during: func(r *rig) {
			r.eventually("the primary is seen to take no writes", func() bool { return r.snapshot().ReadOnly })
		},
		after: func(_ *rig, n *config.Node, _ *config.Pool) { n.Role = config.Replica },
		sees: func(r *rig) {
			r.eventually("a replica need not", func() bool { return !r.snapshot().ReadOnly })
		},
	},
	"node.require_auth": {
		cold:   true,
		server: guarded,
		before: func(_ *rig, n *config.Node, _ *config.Pool) {
			n.User, n.Password, n.RequireAuth = "app", "shared", "md5"
		},
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.RequireAuth = "scram-sha-256" },
		during: refused,
		sees:   authenticates,
	},
	"node.connect_timeout": {
		cold: true,
		before: func(r *rig, n *config.Node, _ *config.Pool) {
			n.Port, n.ConnectTimeout = proxied(r), time.Hour
			r.proxy.Hang()
		},
		after: func(_ *rig, n *config.Node, _ *config.Pool) { n.ConnectTimeout = 30 * time.Millisecond },
		sees: func(r *rig) {
			go r.db.Ping(r.Context()) //nolint:errcheck // somebody waits
			r.eventually("an attempt is given up", func() bool { return r.snapshot().LastFailure != nil })
		},
	},
	"node.backoff_min": {
		cold: true,
		before: func(r *rig, n *config.Node, p *config.Pool) {
			down(r, n, p)
			n.BackoffMin, n.BackoffMax, p.MinIdle = time.Hour, time.Hour, 1
		},
		during: func(r *rig) { r.eventually("an attempt failed", func() bool { return failures(r) == 1 }) },
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.BackoffMin = time.Millisecond },
		sees:   func(r *rig) { r.eventually("others follow", func() bool { return failures(r) >= 4 }) },
	},
	"node.backoff_max": {
		cold: true,
		before: func(r *rig, n *config.Node, p *config.Pool) {
			down(r, n, p)
			n.BackoffMin, n.BackoffMax, p.MinIdle = 20*time.Millisecond, time.Hour, 1
		},
		during: func(r *rig) { r.eventually("the waits grow", func() bool { return failures(r) >= 6 }) },
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.BackoffMax = 20 * time.Millisecond },
		sees:   func(r *rig) { r.eventually("they don't any more", func() bool { return failures(r) >= 30 }) },
	},
	"node.labels": {
		after: func(_ *rig, n *config.Node, _ *config.Pool) { n.Labels = map[string]string{"rack": "7"} },
		sees: func(r *rig) {
			if got := r.sys.Tree().Topology().Nodes[0].Labels["rack"]; got != "7" {
				r.Error(got)
			}
		},
	},
	"node.tls.mode": {
		server: encrypted,
		before: func(_ *rig, n *config.Node, _ *config.Pool) { n.TLS.Mode = "disable" },
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.TLS.Mode = "require" },
		sees: func(r *rig) {
			if !one[bool](r.T, r.db, "select ssl from pg_stat_ssl where pid = pg_backend_pid()") {
				r.Error("in clear")
			}
		},
	},
	"node.tls.ca": {
		cold:   true,
		server: encrypted,
		before: func(r *rig, n *config.Node, _ *config.Pool) {
			other, err := testkit.NewCA()
			if err != nil {
				r.Fatal(err)
			}
			n.TLS.Mode, n.TLS.CA = "verify-ca", file(r, other.PEM())
		},
		during: refused,
		after:  func(r *rig, n *config.Node, _ *config.Pool) { n.TLS.CA = file(r, r.server.CA().PEM()) },
		sees:   authenticates,
	},
	"node.tls.cert": {with: []string{"node.tls.key"}, server: encrypted, after: certified, sees: isCertified},
	"node.tls.key":  {with: []string{"node.tls.cert"}, server: encrypted, after: certified, sees: isCertified},
	"node.tls.server_name": {
		cold:   true,
		server: encrypted,
		before: func(r *rig, n *config.Node, _ *config.Pool) {
			n.TLS = config.TLS{Mode: "verify-full", CA: file(r, r.server.CA().PEM()), ServerName: "somebody.else"}
		},
		during: refused,
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.TLS.ServerName = "localhost" },
		sees:   authenticates,
	},
	"node.breaker.failure_threshold": {
		with: []string{},
		cold: true,
		before: func(r *rig, n *config.Node, p *config.Pool) {
			down(r, n, p)
			p.MinIdle = 1
		},
		during: func(r *rig) { r.eventually("attempts fail", func() bool { return failures(r) >= 3 }) },
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.Breaker.FailureThreshold = 1 },
		sees:   breaks,
	},
	"node.breaker.trip_timeout": {
		cold: true,
		before: func(r *rig, n *config.Node, p *config.Pool) {
			down(r, n, p)
			p.MinIdle, n.Breaker = 1, config.Breaker{FailureThreshold: 3, TripTimeout: time.Millisecond}
		},
		during: func(r *rig) { r.eventually("attempts fail", func() bool { return failures(r) >= 4 }) },
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.Breaker.TripTimeout = time.Minute },
		sees:   breaks,
	},
	"node.breaker.reset_timeout": {
		cold: true,
		before: func(r *rig, n *config.Node, p *config.Pool) {
			down(r, n, p)
			p.MinIdle, n.Breaker = 1, config.Breaker{FailureThreshold: 1, ResetTimeout: time.Hour}
		},
		during: breaks,
		after:  func(_ *rig, n *config.Node, _ *config.Pool) { n.Breaker.ResetTimeout = 10 * time.Millisecond },
		sees:   func(r *rig) { r.eventually("it is tried again and again", func() bool { return failures(r) >= 4 }) },
	},
}

func failures(r *rig) int { return r.sys.Snapshot().Nodes[0].Failures }

func breaks(r *rig) {
	r.eventually("the breaker opens", func() bool { return r.sys.Snapshot().Nodes[0].Breaker == messages.BreakerOpen })
}

// refused sees that the pool can't connect.
func refused(r *rig) {
	go r.db.Ping(r.Context()) //nolint:errcheck // somebody waits
	r.eventually("it can't connect", func() bool { return r.snapshot().LastFailure != nil })
}

// authenticates sees that a new backend can be opened.
func authenticates(r *rig) {
	if _, err := r.db.Pool().ClearIdle(r.Context()); err != nil {
		r.Error(err)
	}
	if one[int](r.T, r.db, "select 1") != 1 {
		r.Error("no answer")
	}
}

func guarded(t *testing.T) (*testkit.Server, string) {
	return testkit.Postgres(t, testkit.ServerOptions{Auth: testkit.AuthSCRAM, Roles: []testkit.Role{{Name: "app", Password: "shared"}, {Name: "app2", Password: "shared"}}}), "postgres"
}

func encrypted(t *testing.T) (*testkit.Server, string) {
	return testkit.Postgres(t, testkit.ServerOptions{TLS: true}), "postgres"
}

func newPassword(r *rig) {
	if err := r.server.Exec(r.Context(), "", "alter role app password 'rotated'"); err != nil {
		r.Fatal(err)
	}
}

func anotherDatabase(r *rig) string {
	name := r.database + "_too"
	if err := r.server.CreateDatabase(r.Context(), name); err != nil {
		r.Fatal(err)
	}
	r.kept = name
	return name
}

func file(r *rig, content []byte) string {
	path := filepath.Join(r.TempDir(), "pem")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		r.Fatal(err)
	}
	return path
}

func certified(r *rig, n *config.Node, _ *config.Pool) {
	cert, key, err := r.server.CA().Issue("postgres")
	if err != nil {
		r.Fatal(err)
	}
	n.TLS.Cert, n.TLS.Key = file(r, cert), file(r, key)
}

func isCertified(r *rig) {
	if got := one[string](r.T, r.db, "select client_dn from pg_stat_ssl where pid = pg_backend_pid()"); got != "/CN=postgres" {
		r.Error(got)
	}
}

// forwarded listens on an address and passes on to the server; it counts who came.
func forwarded(r *rig, address string) *atomic.Int64 {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		r.Fatal(err)
	}
	var came atomic.Int64
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			out, err := net.Dial("tcp", r.server.Addr())
			if err != nil {
				in.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() { // ends with the connection, when the system is closed
					_, _ = io.Copy(way[0], way[1])
					way[0].Close()
				}()
			}
		}
	}()
	r.Cleanup(func() { listener.Close() })
	return &came
}
