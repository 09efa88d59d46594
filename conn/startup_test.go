package conn_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/messages"
)

func TestWhoseFaultIsWhatAServerSays(t *testing.T) {
	for _, c := range []struct {
		code, message, routine string
		want                   messages.Cause
	}{
		{"28000", `no pg_hba.conf entry for host "10.0.0.1", user "app", database "app", no encryption`, "ClientAuthentication", messages.Denied},
		{"28000", `role "nobody" does not exist`, "InitializeSessionUserId", messages.Denied},
		{"28000", `role "app" is not permitted to log in`, "InitializeSessionUserId", messages.Denied},
		{"28P01", `password authentication failed for user "app"`, "auth_failed", messages.Denied},
		{"3D000", `database "nope" does not exist`, "InitPostgres", messages.Denied},
		{"42501", `permission denied for database "app"`, "CheckMyDatabase", messages.Denied},
		{"42704", `unrecognized configuration parameter "nope"`, "find_option", messages.Denied},
		{"42601", "invalid command-line argument for server process: x", "process_postgres_switches", messages.Denied},
		{"22023", `invalid value for parameter "work_mem": "much"`, "parse_and_validate_value", messages.Denied},
		{"22023", `parameter "client_encoding" requires`, "", messages.Denied},
		{"55P02", `parameter "port" cannot be changed without restarting the server`, "set_config_option", messages.Denied},
		{"42P01", "relation \"logins\" does not exist", "parserOpenTable", messages.Denied}, // in a login trigger
		{"P0001", "not on sundays", "exec_stmt_raise", messages.Denied},
		{"0A000", "unsupported frontend protocol 3.9999: server supports 3.0 to 3.0", "ProcessStartupPacket", messages.Denied},
		{"0A000", "Feature not supported: RDS Proxy currently doesn't support command-line options.", "", messages.Denied},
		{"58P01", `could not access file "nope": No such file or directory`, "internal_load_library", messages.Denied},
		{"55000", `database "template0" is not currently accepting connections`, "CheckMyDatabase", messages.Denied},
		{"55000", `cannot connect to invalid database "app"`, "InitPostgres", messages.Denied},
		{"57P04", "terminating connection because database was dropped", "", messages.Denied},
		{"08P01", "no such database: app", "", messages.Denied},
		{"08P01", "no such user: app", "", messages.Denied},
		{"08P01", "unsupported startup parameter: statement_timeout", "", messages.Denied},
		{"08P01", "SASL authentication failed", "", messages.Denied},
		{"08P01", "SSL required", "", messages.Untrusted},
		{"XX000", "Tenant or user not found", "", messages.Denied},

		{"53300", "sorry, too many clients already", "InitProcess", messages.Crowded},
		{"53300", "Verbindungen sind leider schon zu viele", "InitProcess", messages.Crowded},
		{"53300", "remaining connection slots are reserved for roles with the SUPERUSER attribute", "InitPostgres", messages.Crowded},
		{"53300", "no more connections allowed (max_client_conn)", "", messages.Crowded},
		{"08P01", "no more connections allowed (max_client_conn)", "", messages.Crowded},

		{"53300", `too many connections for role "app"`, "InitializeSessionUserId", messages.Unavailable},
		{"53300", "zu viele Verbindungen von dieser Rolle", "InitializeSessionUserId", messages.Unavailable},
		{"53300", `too many connections for database "app"`, "CheckMyDatabase", messages.Unavailable},
		{"53300", `too many connections for database "app"`, "", messages.Unavailable},
		{"08P01", "server login has been failing, try again later (server_login_retry)", "", messages.Unavailable},
		{"08P01", "query_wait_timeout", "", messages.Unavailable},
		{"08006", "pooler: no server", "", messages.Unavailable},
		{"55006", `database "app" is being accessed by other users`, "", messages.Unavailable},
		{"55P03", "could not obtain lock", "", messages.Unavailable},
		{"40001", "could not serialize", "", messages.Unavailable},
		{"58030", "could not read file", "", messages.Unavailable},
		{"XX000", "cache lookup failed for database 5", "", messages.Unavailable},
		{"XX001", "invalid page in block 0", "", messages.Unavailable},

		{"57P01", "terminating connection due to administrator command", "", messages.Refused},
		{"57P02", "terminating connection because of crash of another server process", "", messages.Refused},
		{"57P03", "the database system is starting up", "", messages.Refused},
		{"57P03", "the database system is not accepting connections", "", messages.Refused},
		{"57014", "canceling authentication due to timeout", "", messages.Refused},
		{"53200", "out of memory", "", messages.Refused},
		{"53100", "could not extend file: No space left on device", "", messages.Refused},
		{"57P05", "terminating connection due to idle-session timeout", "", messages.Broken},

		{"99999", "what no server of today says", "", messages.Denied},
		{"", "", "", messages.Denied},
	} {
		err := fmt.Errorf("connect: %w", &conn.DialError{Err: fmt.Errorf("server error: %w", &pgconn.PgError{Code: c.code, Message: c.message, Routine: c.routine})})
		if got := conn.Classify(err); got != c.want {
			t.Errorf("%s %q is %v, want %v", c.code, c.message, got, c.want)
		}
	}
}

func TestWhoseFaultIsWhatNoServerSays(t *testing.T) {
	dial := func(cause error) error {
		return fmt.Errorf("dial error: %w", &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", cause)})
	}
	for name, c := range map[string]struct {
		err  error
		want messages.Cause
	}{
		"nobody listens":                        {dial(syscall.ECONNREFUSED), messages.Refused},
		"no route":                              {dial(syscall.EHOSTUNREACH), messages.Refused},
		"no file of a socket":                   {dial(syscall.ENOENT), messages.Refused},
		"hung up":                               {fmt.Errorf("failed to receive message: %w", io.ErrUnexpectedEOF), messages.Refused},
		"reset":                                 {dial(syscall.ECONNRESET), messages.Refused},
		"too slow":                              {fmt.Errorf("timeout: %w", context.DeadlineExceeded), messages.Refused},
		"no such host":                          {&net.DNSError{Err: "no such host", Name: "db", IsNotFound: true}, messages.Refused},
		"nonsense":                              {errors.New("failed to receive message: unknown message type: H"), messages.Refused},
		"no descriptors":                        {dial(syscall.EMFILE), messages.Exhausted},
		"no descriptors in the system":          {dial(syscall.ENFILE), messages.Exhausted},
		"no ports":                              {dial(syscall.EADDRNOTAVAIL), messages.Exhausted},
		"no memory":                             {dial(syscall.ENOBUFS), messages.Exhausted},
		"no descriptors for the resolver":       {&net.DNSError{Err: "dial udp 10.0.0.1:53: socket: too many open files", Name: "db"}, messages.Exhausted},
		"a socket of somebody else":             {dial(syscall.EACCES), messages.Denied},
		"require_auth":                          {errors.New(`require_auth check failed: authentication method requirement "!password" failed: server requested password authentication`), messages.Denied},
		"GSS":                                   {errors.New("failed GSS auth: kerberos error: no GSSAPI provider registered"), messages.Denied},
		"a method of the future":                {errors.New("failed to receive message: unknown authentication type: 99"), messages.Denied},
		"a server that can't know the password": {errors.New("failed SASL auth: invalid SCRAM ServerSignature received from server"), messages.Denied},
		"an unknown authority":                  {fmt.Errorf("tls error: %w", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), messages.Untrusted},
		"another's certificate":                 {fmt.Errorf("tls error: %w", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "db"}), messages.Untrusted},
		"an old certificate":                    {fmt.Errorf("tls error: %w", x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}), messages.Untrusted},
		"our certificate is refused":            {errors.New("failed to receive message: remote error: tls: unknown certificate authority"), messages.Untrusted},
		"no TLS there":                          {errors.New("tls error: server refused TLS connection"), messages.Untrusted},
		"a panic":                               {&conn.PanicError{Value: "x"}, messages.Crashed},
		"an address, then another":              {errors.Join(errors.New("tls error: server refused TLS connection"), dial(syscall.ECONNREFUSED)), messages.Refused},
		"TLS, then without":                     {errors.Join(errors.New("tls error: server refused TLS connection"), &pgconn.PgError{Code: "28P01"}), messages.Denied},
		"a server that starts up, and one that says no": {errors.Join(&pgconn.PgError{Code: "28P01"}, &pgconn.PgError{Code: "57P03"}), messages.Refused},

		"a hook's SQL":          {&conn.HookError{Err: &pgconn.PgError{Code: "42883"}}, messages.HookFailed},
		"a hook's own error":    {&conn.HookError{Err: errPurpose}, messages.HookFailed},
		"a hook that panics":    {&conn.HookError{Err: &conn.PanicError{Value: "x"}}, messages.HookFailed},
		"lost in a hook":        {&conn.HookError{Err: errPurpose, Lost: true}, messages.Broken},
		"terminated in a hook":  {&conn.HookError{Err: &pgconn.PgError{Code: "57P01"}}, messages.Broken},
		"a lock awaited by SQL": {&conn.HookError{Err: &pgconn.PgError{Code: "55P03"}}, messages.Broken},
	} {
		t.Run(name, func(t *testing.T) {
			if got := conn.Classify(&conn.DialError{Err: c.err}); got != c.want {
				t.Errorf("%v is %v, want %v", c.err, got, c.want)
			}
		})
	}
}

// Every cause that a failure to connect can have says what follows from it.
func TestWhatFollowsFromAFailureToConnect(t *testing.T) {
	for cause, want := range map[messages.Cause]conn.Consequence{
		messages.Refused:     {Whose: conn.OfNode, Trips: true},
		messages.Crowded:     {Whose: conn.OfNode},
		messages.Denied:      {Whose: conn.OfPool, AtOnce: true},
		messages.Untrusted:   {Whose: conn.OfPool, AtOnce: true},
		messages.HookFailed:  {Whose: conn.OfPool, AtOnce: true},
		messages.Unavailable: {Whose: conn.OfPool},
		messages.Exhausted:   {Whose: conn.OfProcess},
		messages.Crashed:     {Whose: conn.OfProcess},
		messages.Broken:      {Whose: conn.OfConnection},
	} {
		if got := conn.Follows(cause); got != want {
			t.Errorf("%v: %+v, want %+v", cause, got, want)
		}
	}
}
