package conn_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/unoactor/unoactor/config"
	"github.com/unoactor/unoactor/conn"
	"github.com/unoactor/unoactor/testkit"
)

func TestNoVariableAndNoFileOfTheHomeDirectoryChangesWhatATopologySays(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	authority, err := testkit.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := authority.Issue("client")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		".pgpass": "*:*:*:*:from the file\n", ".pg_service.conf": "[mine]\nhost=192.0.2.1\napplication_name=service\n",
		".postgresql/root.crt": string(authority.PEM()), ".postgresql/postgresql.crt": string(certificate), ".postgresql/postgresql.key": string(key),
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"": "", "PGHOST": "192.0.2.1", "PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGDATABASE": "nowhere", "PGUSER": "nobody", "PGPASSWORD": "wrong",
		"PGPASSFILE": filepath.Join(home, ".pgpass"), "PGSERVICE": "mine", "PGSERVICEFILE": "/nowhere", "PGOPTIONS": "-c statement_timeout=1", "PGAPPNAME": "env",
		"PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/nowhere", "PGSSLCERT": "/nowhere", "PGSSLKEY": "/nowhere", "PGSSLPASSWORD": "x", "PGSSLCERTMODE": "require",
		"PGSSLSNI": "0", "PGSSLNEGOTIATION": "direct", "PGCONNECT_TIMEOUT": "soon", "PGTARGETSESSIONATTRS": "read-only", "PGMINPROTOCOLVERSION": "3.2",
		"PGMAXPROTOCOLVERSION": "nonsense", "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "none", "PGTZ": "Asia/Tokyo",
	} {
		t.Run(name, func(t *testing.T) {
			if name != "" {
				t.Setenv(name, value)
			}
			for _, mode := range []string{"prefer", "disable"} {
				top := config.Topology{
					Nodes: []config.Node{{Name: "main", Host: "db.example", Port: 6000, User: "app", TLS: config.TLS{Mode: mode}}},
					Pools: []config.Pool{{Name: "default", Node: "main"}},
				}.Complete()
				d, err := conn.NewDialer(top.Nodes[0], top.Pools[0], conn.DialerOptions{})
				if err != nil {
					t.Fatal(err)
				}
				c := d.PgxConfig()
				if c.Host != "db.example" || c.Port != 6000 || c.Database != "" || c.User != "app" || c.Password != "" || c.ConnectTimeout != 0 || c.ValidateConnect != nil ||
					c.SSLCertMode != "allow" || c.SSLNegotiation != "postgres" || c.MinProtocolVersion != "3.0" || c.MaxProtocolVersion != "3.0" || c.ChannelBinding != "prefer" ||
					c.RequireAuth != "" || len(c.RuntimeParams) != 1 || c.RuntimeParams["application_name"] != "unoactor" {
					t.Errorf("%s: %+v", mode, c)
				}
				switch mode {
				case "disable":
					if c.TLSConfig != nil || len(c.Fallbacks) != 0 {
						t.Errorf("%+v, %v", c.TLSConfig, c.Fallbacks)
					}
				default:
					if tls := c.TLSConfig; tls == nil || tls.RootCAs != nil || len(tls.Certificates) != 0 || tls.ServerName != "db.example" || len(c.Fallbacks) != 1 {
						t.Errorf("%+v, %v", tls, c.Fallbacks)
					}
				}
			}
		})
	}
}

func TestWhatANodeHasNoSettingForIsSaidToTheDriver(t *testing.T) {
	top := config.Topology{Nodes: []config.Node{{Name: "main", Host: "db.example", User: "app", TLS: config.TLS{Mode: "require"}}},
		Pools: []config.Pool{{Name: "default", Node: "main"}}}.Complete()
	d, err := conn.NewDialer(top.Nodes[0], top.Pools[0], conn.DialerOptions{Driver: map[string]string{
		"channel_binding": "require", "sslnegotiation": "direct", "min_protocol_version": "3.2", "ssl_min_protocol_version": "TLSv1.3", "target_session_attrs": "read-write",
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := d.PgxConfig()
	if c.ChannelBinding != "require" || c.SSLNegotiation != "direct" || c.MinProtocolVersion != "3.2" || c.MaxProtocolVersion != "latest" || c.TLSConfig.MinVersion != 0x0304 ||
		c.ValidateConnect == nil {
		t.Errorf("%+v", c)
	}
}
