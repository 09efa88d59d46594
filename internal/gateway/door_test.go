package gateway_test

import (
	"bytes"
	"errors"
	"net"
	"strings"
	locks "sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/testkit"
)

// logged is a log that a test reads.
type logged struct {
	mu locks.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var (
	sslRequest = []byte{0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}
	startUp    = append([]byte{0, 0, 0, 18, 0, 3, 0, 0}, "user\x00dev\x00\x00"...)
)

// What a connection may do without ever logging in.
var idlers = map[string]func(*raw){
	"says nothing":                    func(*raw) {},
	"says half of a start-up packet":  func(r *raw) { r.write(startUp[:9]) },
	"asks for TLS and says no more":   func(r *raw) { r.write(sslRequest) },
	"says only how long its word is":  func(r *raw) { r.write(startUp[:4]) },
	"says who it is and no more":      func(r *raw) { r.write(startUp) },
	"hangs up with half of a message": func(r *raw) { r.write(startUp[:9]); _ = r.conn.Close() },
}

func TestConnectionsThatDoNotLogInKeepNobodyOut(t *testing.T) {
	server, database := testkit.Shared(t)
	for name, idle := range idlers {
		t.Run(name, func(t *testing.T) {
			w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) {
				g.Auth, g.Users = config.MD5, []config.User{{Name: "dev", Password: "secret"}}
				g.MaxClients, g.MaxLogins, g.MaxLoginsPerAddress = 2, 8, 4
			})
			var silent []*raw
			for range 12 {
				r := w.dial(t)
				idle(r)
				silent = append(silent, r)
			}
			if _, logins := w.gateway.Stats().Clients, w.gateway.Stats().Logins; logins > 4 {
				t.Errorf("%d connections of one address are held", logins)
			}
			// At first they all have their grace, so the first attempts may be refused.
			var c *pgx.Conn
			for {
				var err error
				c, err = pgx.Connect(t.Context(), "postgres://dev:secret@"+net.JoinHostPort(w.host, w.port)+"/default?sslmode=disable")
				var pg *pgconn.PgError
				if err == nil {
					break
				}
				if !errors.As(err, &pg) || pg.Code != "53300" || !strings.Contains(pg.Hint, "max_logins_per_address") {
					t.Fatal(err)
				}
			}
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
			_ = silent
		})
	}
}

func TestALimitOfClientsCountsThoseThatAreLoggedIn(t *testing.T) {
	server, database := testkit.Shared(t)
	w := start(t, server, database, func(_ *config.Pool, g *config.Gateway) { g.MaxClients = 1 })
	for range 5 {
		w.dial(t)
	}
	first, second := w.login(t), w.dial(t)
	second.write(startUp)
	if got := second.hear(1); got != "FATAL:53300 EOF" {
		t.Error(got)
	}
	// A cancel request is no client.
	first.send(q("select pg_sleep(60)"))
	w.until(t, "it runs", "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active' and datname = '"+database+"'", "1")
	w.cancel(t, first.pid, first.secret)
	if got := first.hear(1); !strings.HasSuffix(got, "E:57014 Z:I") {
		t.Error(got)
	}
}

func TestARefusedLoginIsCountedAndLoggedWithItsAddressAndNotWithItsPassword(t *testing.T) {
	server, database := testkit.Shared(t)
	for _, auth := range []config.Auth{config.SCRAM, config.MD5} {
		t.Run(string(auth), func(t *testing.T) {
			var log logged
			w := startLogged(t, server, database, &log, config.Route{Name: "all", Pool: "default"}, func(_ *config.Pool, g *config.Gateway) {
				g.Auth, g.Users = auth, []config.User{{Name: "ann", Password: "right-word"}}
			})
			for range 3 {
				_, err := pgx.Connect(t.Context(), "postgres://ann:wrong-word@"+net.JoinHostPort(w.host, w.port)+"/default?sslmode=disable")
				var pg *pgconn.PgError
				if !errors.As(err, &pg) || pg.Code != "28P01" {
					t.Fatal(err)
				}
			}
			if n := w.gateway.Stats().Refused; n != 3 {
				t.Errorf("%d refusals are counted", n)
			}
			said := log.String()
			if !strings.Contains(said, "[WARN]") || !strings.Contains(said, "a login was refused") || !strings.Contains(said, "address=127.0.0.1:") ||
				!strings.Contains(said, "user=ann") || strings.Contains(said, "word") {
				t.Errorf("logged:\n%s", said)
			}
			c, err := pgx.Connect(t.Context(), "postgres://ann:right-word@"+net.JoinHostPort(w.host, w.port)+"/default?sslmode=disable")
			if err != nil {
				t.Fatalf("the right password, after wrong ones: %v", err)
			}
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
