package conn

import (
	"crypto/tls"
	"fmt"
	"os"
)

// undisturbed returns libpq's connection parameters that a topology says nothing about, with libpq's
// defaults. Those that are not given pgx would take from the environment (PGPASSWORD,
// PGSSLROOTCERT ...), the home directory (~/.pgpass, ~/.postgresql) and a service file; but a
// topology is the same wherever it is read, and what Connect took from there is in its node.
// remove must be called when pgx has read the parameters: it removes a temporary file.
func undisturbed() (said map[string]string, remove func(), err error) {
	said = map[string]string{
		"passfile": "", "sslpassword": "", "sslnegotiation": "postgres", "sslcertmode": "allow", "sslsni": "1", "connect_timeout": "0",
		"target_session_attrs": "any", "min_protocol_version": "3.0", "max_protocol_version": "3.0", "channel_binding": "prefer", "require_auth": "",
	}
	if os.Getenv("PGSERVICE") == "" {
		return said, func() {}, nil
	}
	// pgx reads the file of a service that is named in the environment, whatever it is told,
	// and fails without one.
	f, err := os.CreateTemp("", "unoactor-no-service-")
	if err == nil {
		if _, err = f.WriteString("[none]\n"); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("PGSERVICE is set in the environment, and an empty service file to have pgx pass over it can't be written: unset it, or have TMPDIR name a folder that can be written to: %w", err)
	}
	said["service"], said["servicefile"] = "none", f.Name()
	return said, func() { _ = os.Remove(f.Name()) }, nil
}

// tlsVersions are libpq's names of the versions of TLS.
var tlsVersions = map[string]uint16{"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}
