package testkit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrServerClosed is returned by methods of a [Server] after its Close.
var ErrServerClosed = errors.New("testkit: server is closed")

// startLimit ends a start whose context has no deadline of its own.
const startLimit = 60 * time.Second

// Server is a PostgreSQL server of one's own: a data directory, a port on
// 127.0.0.1 and a Unix socket that nobody else uses. Make one with
// [StartServer] or, in a test, with [Postgres] or [Shared].
//
// Its methods may be called from several goroutines; those that change whether
// it runs (Start, Stop, Kill, ...) exclude each other.
type Server struct {
	options ServerOptions
	who     account
	dir     string
	port    int
	ca      *CA // nil without TLS
	log     *os.File
	guard   *watchdog

	running sync.Mutex // held while the server is started, stopped, frozen or killed
	master  *postmaster
	frozen  []int
	closed  bool
}

// StartServer makes a data directory and starts a server on it. The caller
// must Close it; a process that ends without doing so, even by SIGKILL, leaves
// neither server nor files behind.
func StartServer(ctx context.Context, options ServerOptions) (*Server, error) {
	options, err := options.complete()
	if err != nil {
		return nil, err
	}
	who, err := serverAccount()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	dir, err := who.makeDirectory()
	if err != nil {
		return nil, fmt.Errorf("make the server's directory: %w", err)
	}
	guard, err := startWatchdog(dir)
	if err != nil {
		_ = os.Remove(dir) // it is empty, and the error says more
		return nil, err
	}
	s := &Server{options: options, who: who, dir: dir, guard: guard}
	if err := s.create(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) create(ctx context.Context) error {
	var err error
	if s.log, err = os.OpenFile(s.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	if err := makeData(ctx, s.options.BinDir, s.who, s.data()); err != nil {
		return err
	}
	if err := s.writeFiles(); err != nil {
		return err
	}
	if err := s.firstStart(ctx); err != nil {
		return err
	}
	return s.populate(ctx)
}

func (s *Server) writeFiles() error {
	files := map[string]string{"pg_hba.conf": s.options.hba()}
	if s.options.TLS {
		var err error
		if s.ca, err = NewCA(); err != nil {
			return err
		}
		certificate, key, err := s.ca.Issue("localhost", "127.0.0.1")
		if err != nil {
			return err
		}
		files["ca.crt"], files["server.crt"], files["server.key"] = string(s.ca.PEM()), string(certificate), string(key)
	}
	for name, content := range files {
		path := filepath.Join(s.data(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
		if err := s.who.own(path); err != nil {
			return err
		}
	}
	return nil
}

// portTries bounds how often another process may take the free port first.
const portTries = 10

func (s *Server) firstStart(ctx context.Context) error {
	original, err := os.ReadFile(s.configurationPath())
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		if s.port = s.options.Port; s.port == 0 {
			if s.port, err = freePort(); err != nil {
				return err
			}
		}
		text := string(original) + s.options.configuration(s.dir, s.port)
		if err := os.WriteFile(s.configurationPath(), []byte(text), 0o600); err != nil {
			return err
		}
		err := s.Start(ctx)
		taken := err != nil && strings.Contains(s.Log(), "Address already in use")
		if !taken || s.options.Port != 0 || try == portTries {
			return err
		}
	}
}

func (s *Server) populate(ctx context.Context) error {
	var sql strings.Builder
	fmt.Fprintf(&sql, "ALTER ROLE %s PASSWORD %s;\n", superuser, quoteLiteral(s.options.Password))
	for _, role := range s.options.Roles {
		fmt.Fprintf(&sql, "CREATE ROLE %s LOGIN %s", quoteName(role.Name), role.Attributes)
		if role.Password != "" {
			fmt.Fprintf(&sql, " PASSWORD %s", quoteLiteral(role.Password))
		}
		sql.WriteString(";\n")
	}
	if err := s.Exec(ctx, "", sql.String()); err != nil {
		return err
	}
	for _, name := range s.options.Databases {
		if err := s.CreateDatabase(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Host is the address that the server listens on: 127.0.0.1.
func (s *Server) Host() string { return "127.0.0.1" }

// Port is the server's TCP port; it stays the same over restarts.
func (s *Server) Port() int { return s.port }

// Addr is host:port.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host(), strconv.Itoa(s.port)) }

// SocketDir is the directory of the server's Unix socket. Only the server's
// account and root can enter it.
func (s *Server) SocketDir() string { return s.dir }

// User is the superuser's name.
func (s *Server) User() string { return superuser }

// Password is the superuser's password.
func (s *Server) Password() string { return s.options.Password }

// CA is the authority that signed the server's certificate; nil without TLS.
func (s *Server) CA() *CA { return s.ca }

// BinDir is the directory of the server's programs.
func (s *Server) BinDir() string { return s.options.BinDir }

// URL is a connection string for the superuser over TCP. database "" means
// "postgres".
func (s *Server) URL(database string) string {
	return s.URLFor(superuser, s.options.Password, database)
}

// URLFor is a connection string for some user over TCP.
func (s *Server) URLFor(user, password, database string) string {
	if database == "" {
		database = superuser
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: s.Addr(), Path: "/" + database}
	if s.ca == nil {
		u.RawQuery = "sslmode=disable"
	} else {
		u.RawQuery = "sslmode=require"
	}
	return u.String()
}

// Config is URL parsed for pgx; with TLS it verifies the server's certificate.
func (s *Server) Config(database string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(s.URL(database))
	if err != nil {
		return nil, err
	}
	if s.ca != nil {
		config.TLSConfig = s.ca.ClientConfig("localhost")
	}
	return config, nil
}

func (s *Server) data() string              { return filepath.Join(s.dir, "data") }
func (s *Server) logPath() string           { return filepath.Join(s.dir, "log") }
func (s *Server) configurationPath() string { return filepath.Join(s.data(), "postgresql.conf") }
