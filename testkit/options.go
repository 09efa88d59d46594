package testkit

import (
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Auth is how the server makes clients prove who they are.
type Auth string

// The methods of pg_hba.conf that a server can be started with.
const (
	AuthTrust    Auth = "trust"         // believe any client; the default
	AuthSCRAM    Auth = "scram-sha-256" // passwords by SCRAM-SHA-256
	AuthMD5      Auth = "md5"           // passwords kept and asked for as MD5
	AuthPassword Auth = "password"      // passwords in plain text
)

// Role is a login role to create with the server.
type Role struct {
	Name       string
	Password   string // "": it has none
	Attributes string // further words of CREATE ROLE, such as "CREATEDB REPLICATION"
}

// ServerOptions say what a server is like. The zero value is a server that
// trusts everybody on 127.0.0.1, on a port that was free, with PostgreSQL's
// own parameters except for those that make a throw-away server fast.
type ServerOptions struct {
	// BinDir holds the server programs; "" takes what [FindPostgres] finds.
	BinDir string
	// Port on 127.0.0.1; 0 takes one that is free.
	Port int
	// Parameters are written to postgresql.conf after the kit's own, and so win
	// over them: {"max_connections": "20"}. Values are quoted by the kit.
	Parameters map[string]string
	// Auth applies to TCP, and to the Unix socket for all but the superuser.
	Auth Auth
	// HBA are lines of pg_hba.conf that come before those that Auth makes.
	HBA []string
	// Password of the superuser "postgres"; "" takes "postgres".
	Password string
	// Roles are created once, with the server.
	Roles []Role
	// Databases are created once, with the server, owned by the superuser.
	Databases []string
	// TLS gives the server a certificate for 127.0.0.1 and localhost, signed
	// by an authority made for it: see [Server.CA].
	TLS bool
}

// throwAway are parameters for a server whose data nobody will miss when the
// machine stops. What a client was told is committed survives Kill all the
// same, since the kernel has it. Shared memory beyond the main segment stays in the data directory, so that a
// killed server leaves none behind.
var throwAway = map[string]string{
	"fsync":                      "off",
	"autovacuum_naptime":         "1h",
	"dynamic_shared_memory_type": "mmap",
	"log_line_prefix":            "%m [%p] %q%a %u@%d ",
	"log_timezone":               "UTC",
	"TimeZone":                   "UTC",
}

func (o ServerOptions) complete() (ServerOptions, error) {
	var err error
	if o.BinDir == "" {
		if o.BinDir, err = FindPostgres(); err != nil {
			return o, err
		}
	}
	// An absolute path, because the server runs in a directory of its own.
	if o.BinDir, err = filepath.Abs(o.BinDir); err != nil {
		return o, err
	}
	switch o.Auth {
	case "":
		o.Auth = AuthTrust
	case AuthTrust, AuthSCRAM, AuthMD5, AuthPassword:
	default:
		return o, fmt.Errorf("auth %q: want trust, scram-sha-256, md5 or password", o.Auth)
	}
	if o.Password == "" {
		o.Password = superuser
	}
	if o.Port < 0 || o.Port > 65535 {
		return o, fmt.Errorf("port %d: want 0 to 65535", o.Port)
	}
	return o, nil
}

// configuration is the text that is appended to postgresql.conf. dir is the
// server's directory, which also holds its Unix socket.
func (o ServerOptions) configuration(dir string, port int) string {
	parameters := maps.Clone(throwAway)
	parameters["listen_addresses"] = "127.0.0.1"
	parameters["port"] = strconv.Itoa(port)
	parameters["unix_socket_directories"] = dir
	parameters["password_encryption"] = "scram-sha-256"
	if o.Auth == AuthMD5 {
		parameters["password_encryption"] = "md5"
	}
	if o.TLS {
		parameters["ssl"] = "on"
		parameters["ssl_ca_file"] = "ca.crt"
		parameters["ssl_cert_file"] = "server.crt"
		parameters["ssl_key_file"] = "server.key"
	}
	maps.Copy(parameters, o.Parameters)
	var text strings.Builder
	text.WriteString("\n# unoactor testkit\n")
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		fmt.Fprintf(&text, "%s = '%s'\n", name, quoteEscaper.Replace(parameters[name]))
	}
	return text.String()
}

var quoteEscaper = strings.NewReplacer(`'`, `''`, `\`, `\\`)

// hba is the text of pg_hba.conf. The superuser needs no password on the Unix
// socket, whose directory nobody else can enter: that is the kit's own door.
func (o ServerOptions) hba() string {
	lines := []string{"local all " + superuser + " trust", "local replication " + superuser + " trust"}
	lines = append(lines, o.HBA...)
	for _, where := range []string{"local %s all", "host %s all 127.0.0.1/32"} {
		for _, what := range []string{"all", "replication"} {
			lines = append(lines, fmt.Sprintf(where, what)+" "+string(o.Auth))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// freePort asks the kernel for a port that nobody listens on. Somebody may
// take it before the server does: the caller tries again.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}
