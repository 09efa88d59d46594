package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
)

// environ is an environment of these variables, and a home directory of its own.
func environ(t *testing.T, variables ...string) (lookup func(string) (string, bool), home string) {
	t.Helper()
	home = t.TempDir()
	t.Setenv("HOME", home)
	values := make(map[string]string)
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		values[name] = strings.ReplaceAll(value, "~", home)
	}
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }, home
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func TestEachVariableOfLibpqGivesWhatTheURLLeavesOut(t *testing.T) {
	node := func(n config.Node) config.Connection { return config.Connection{Node: n} }
	runtime := func(name, value string) config.Connection {
		return config.Connection{Pool: config.Pool{Runtime: map[string]string{name: value}}}
	}
	driver := func(name, value string) config.Connection {
		return config.Connection{Driver: map[string]string{name: value}}
	}
	for variable, want := range map[string]config.Connection{
		"PGHOST=db.example": node(config.Node{Host: "db.example"}), "PGHOST=/run/postgresql": node(config.Node{Host: "/run/postgresql"}),
		"PGHOSTADDR=192.0.2.1": node(config.Node{Host: "192.0.2.1"}), "PGPORT=5433": node(config.Node{Port: 5433}), "PGUSER=ann": node(config.Node{User: "ann"}),
		"PGPASSWORD=x": node(config.Node{Password: "x"}), "PGDATABASE=shop": node(config.Node{Database: "shop"}),
		"PGSSLMODE=verify-full": node(config.Node{TLS: config.TLS{Mode: "verify-full"}}), "PGREQUIRESSL=1": node(config.Node{TLS: config.TLS{Mode: "require"}}),
		"PGSSLROOTCERT=/ca": node(config.Node{TLS: config.TLS{CA: "/ca"}}), "PGSSLCERT=/c": node(config.Node{TLS: config.TLS{Cert: "/c"}}),
		"PGSSLKEY=/k": node(config.Node{TLS: config.TLS{Key: "/k"}}), "PGCONNECT_TIMEOUT=7": node(config.Node{ConnectTimeout: 7 * time.Second}), "PGCONNECT_TIMEOUT=0": {},
		"PGOPTIONS=-c x=1": runtime("options", "-c x=1"), "PGAPPNAME=app": runtime("application_name", "app"), "PGTZ=UTC": runtime("timezone", "UTC"),
		"PGDATESTYLE=ISO": runtime("datestyle", "ISO"), "PGGEQO=off": runtime("geqo", "off"),
		"PGCHANNELBINDING=require": driver("channel_binding", "require"), "PGREQUIREAUTH=scram-sha-256": node(config.Node{RequireAuth: "scram-sha-256"}),
		"PGSSLNEGOTIATION=direct": driver("sslnegotiation", "direct"), "PGSSLCERTMODE=disable": driver("sslcertmode", "disable"), "PGSSLSNI=0": driver("sslsni", "0"),
		"PGSSLPASSWORD=x": driver("sslpassword", "x"), "PGMINPROTOCOLVERSION=3.2": driver("min_protocol_version", "3.2"),
		"PGMAXPROTOCOLVERSION=latest": driver("max_protocol_version", "latest"), "PGSSLMINPROTOCOLVERSION=TLSv1.3": driver("ssl_min_protocol_version", "TLSv1.3"),
		"PGSSLMAXPROTOCOLVERSION=TLSv1.2": driver("ssl_max_protocol_version", "TLSv1.2"), "PGTARGETSESSIONATTRS=read-write": driver("target_session_attrs", "read-write"),
		"PGKRBSRVNAME=pg": driver("krbsrvname", "pg"), "PGCLIENTENCODING=LATIN1": {}, "PGGSSENCMODE=prefer": {}, "PGLOADBALANCEHOSTS=random": {}, "PGPASSFILE=/nowhere": {},
		"PGHOST=": {}, "PGSSLMODE=": {},
	} {
		t.Run(variable, func(t *testing.T) {
			lookup, _ := environ(t, variable)
			if want.Driver == nil {
				want.Driver = map[string]string{}
			}
			if got, err := config.ReadConnection("postgres://", config.Pool{}, lookup); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("\n got %+v, %v\nwant %+v", got, err, want)
			}
			if got, err := config.ReadConnection("", config.Pool{}, lookup); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("no URL at all:\n got %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

func TestWhatAVariableAsksForAndCanNotBeHadIsAnError(t *testing.T) {
	for variable, want := range map[string]string{
		"PGHOST=a,b": "PGHOST: host: it has several hosts", "PGHOST=localhost:5432": "PGHOST: host: it has a port in it", "PGHOSTADDR=a,b": "PGHOSTADDR: host: it has several hosts",
		"PGPORT=5432,5433": "PGPORT: port: want a number from 1 to 65535", "PGPORT=0": "PGPORT: port: want a number", "PGCONNECT_TIMEOUT=soon": "PGCONNECT_TIMEOUT: connect_timeout: want whole seconds",
		"PGSSLCRL=/crl": "PGSSLCRL: sslcrl: it asks for a check that is not made here", "PGSSLCRLDIR=/crl": "PGSSLCRLDIR", "PGREQUIREPEER=postgres": "PGREQUIREPEER",
		"PGGSSENCMODE=require": "PGGSSENCMODE: gssencmode: it asks for what can't be had here", "PGCHANNELBINDING=on": "PGCHANNELBINDING: channel_binding: want disable, prefer, require",
		"PGTARGETSESSIONATTRS=master": "PGTARGETSESSIONATTRS: target_session_attrs: want any", "PGSERVICE=nowhere": `PGSERVICE: there is no service "nowhere" in `,
		"PGSSLNEGOTIATION=fast": "PGSSLNEGOTIATION", "PGSSLMINPROTOCOLVERSION=TLSv2": "PGSSLMINPROTOCOLVERSION", "PGMINPROTOCOLVERSION=2": "PGMINPROTOCOLVERSION",
	} {
		lookup, _ := environ(t, variable)
		if _, err := config.ReadConnection("postgres://u@h/d", config.Pool{}, lookup); strings.HasPrefix(variable, "PGHOST=") || variable[:7] == "PGPORT=" {
			if _, err := config.ReadConnection("postgres://u@/d", config.Pool{}, lookup); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", variable, err, want)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", variable, err, want)
		}
	}
}

func TestThePoolGoesBeforeTheURLThatBeforeTheServiceThatBeforeTheEnvironment(t *testing.T) {
	lookup, home := environ(t, "PGHOST=env", "PGPORT=1", "PGUSER=env", "PGDATABASE=env", "PGAPPNAME=env", "PGSSLMODE=disable", "PGSERVICE=shop", "PGPASSWORD=env", "PGOPTIONS=-c env=1")
	write(t, filepath.Join(home, ".pg_service.conf"), "[other]\nhost=other\n# a comment\n[shop]\nhost = service\nport=2\nuser=service\ndbname=service\napplication_name=service\n[last]\nport=9\n", 0o600)
	got, err := config.ReadConnection("postgres://url:3/?user=url&application_name=url", config.Pool{User: "pool", Runtime: map[string]string{"work_mem": "1MB"}}, lookup)
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Node; n.Host != "url" || n.Port != 3 || n.User != "pool" || n.Database != "service" || n.Password != "env" || n.TLS.Mode != "disable" {
		t.Errorf("%+v", n)
	}
	if want := (map[string]string{"work_mem": "1MB", "application_name": "url", "options": "-c env=1"}); !reflect.DeepEqual(got.Pool.Runtime, want) {
		t.Errorf("%v", got.Pool.Runtime)
	}
	lookup, home = environ(t, "PGSERVICEFILE=~/mine", "PGHOST=env")
	write(t, filepath.Join(home, "mine"), "[shop]\nsslmode=verify-ca\n", 0o600)
	if got, err := config.ReadConnection("postgres://?service=shop", config.Pool{}, lookup); err != nil || got.Node.TLS.Mode != "verify-ca" || got.Node.Host != "env" {
		t.Errorf("%+v, %v", got, err)
	}
	lookup, home = environ(t, "PGSYSCONFDIR=~/etc", "PGSERVICE=shop")
	write(t, filepath.Join(home, "etc", "pg_service.conf"), "[shop]\nsslmode=verify-ca\nnonsense=1\n", 0o600)
	if _, err := config.ReadConnection("", config.Pool{}, lookup); err == nil || !strings.Contains(err.Error(), `service "shop" of `+home) || !strings.Contains(err.Error(), "nonsense: there is no such parameter") {
		t.Errorf("%v", err)
	}
}

func TestAPasswordIsFoundInThePasswordFile(t *testing.T) {
	const lines = "# a comment\ndb:5432:*:bob:bob's\ndb:5432:sh\\:op:ann:a\\\\b:c\n*:*:*:root:any\nlocalhost:*:*:ann:local\n"
	for text, want := range map[string]config.Secret{
		"postgres://bob@db/x": "bob's", "postgres://ann@db/sh:op": `a\b:c`, "postgres://ann@db/shop": "", "postgres://root@elsewhere:1/x": "any", "postgres://ann@/x?host=/run": "local",
		"postgres://ann:mine@localhost/x": "mine", "postgres://ann@localhost:7/x": "local",
		"postgres://bob@db/x?hostaddr=192.0.2.1": "bob's", "postgres://bob@db/x?hostaddr=192.0.2.1&sslmode=disable": "bob's",
	} {
		lookup, home := environ(t, "PGPASSFILE=")
		write(t, filepath.Join(home, ".pgpass"), lines, 0o600)
		if got, err := config.ReadConnection(text, config.Pool{}, lookup); err != nil || got.Node.Password != want {
			t.Errorf("%s: %q, %v", text, got.Node.Password.Reveal(), err)
		}
		lookup, home = environ(t, "PGPASSFILE=~/elsewhere")
		write(t, filepath.Join(home, "elsewhere"), lines, 0o600)
		if got, err := config.ReadConnection(text, config.Pool{}, lookup); err != nil || got.Node.Password != want {
			t.Errorf("%s: %q, %v", text, got.Node.Password.Reveal(), err)
		}
	}
	lookup, home := environ(t)
	write(t, filepath.Join(home, ".pgpass"), lines, 0o644)
	if _, err := config.ReadConnection("postgres://bob@db/x", config.Pool{}, lookup); err == nil || !strings.Contains(err.Error(), "chmod 0600") || strings.Contains(err.Error(), "bob's") {
		t.Errorf("%v", err)
	}
	if _, err := config.ReadConnection("postgres://bob:mine@db/x", config.Pool{}, lookup); err != nil {
		t.Errorf("a file that is not wanted: %v", err)
	}
	if got, err := config.ReadConnection("postgres://db/x", config.Pool{User: "root", Password: "own"}, lookup); err != nil || got.Node.Password != "own" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTheCertificatesOfTheHomeDirectoryAreUsedUnlessTLSIsOff(t *testing.T) {
	lookup, home := environ(t)
	in := func(name string) string { return filepath.Join(home, ".postgresql", name) }
	for _, name := range []string{"root.crt", "postgresql.crt", "postgresql.key"} {
		write(t, in(name), "x", 0o600)
	}
	if got, err := config.ReadConnection("postgres://h?sslmode=verify-full", config.Pool{}, lookup); err != nil ||
		got.Node.TLS != (config.TLS{Mode: "verify-full", CA: in("root.crt"), Cert: in("postgresql.crt"), Key: in("postgresql.key")}) {
		t.Errorf("%+v, %v", got.Node.TLS, err)
	}
	disabled := config.TLS{Mode: "disable"}
	if got, err := config.ReadConnection("postgres://h?sslmode=disable", config.Pool{}, lookup); err != nil || got.Node.TLS != disabled {
		t.Errorf("%+v, %v", got.Node.TLS, err)
	}
	lookup, _ = environ(t, "PGSSLROOTCERT=/ca", "PGSSLMODE=disable", "PGHOSTADDR=::1")
	if got, err := config.ReadConnection("postgres://h", config.Pool{}, lookup); err != nil || got.Node.TLS != disabled || got.Node.Host != "::1" {
		t.Errorf("%+v, %v", got.Node, err)
	}
	lookup, _ = environ(t, "PGSSLMODE=verify-full", "PGHOSTADDR=::1")
	if got, err := config.ReadConnection("postgres://h", config.Pool{}, lookup); err != nil || got.Node.Host != "::1" || got.Node.TLS.ServerName != "h" {
		t.Errorf("%+v, %v", got.Node, err)
	}
}

func TestAConnectionThatIsWrongIsToldWithoutItsSecrets(t *testing.T) {
	lookup, _ := environ(t, "PGPASSWORD=verysecret", "PGSSLPASSWORD=verysecret")
	for text, want := range map[string]string{
		"postgres://u:verysecret@h/d?colour=verysecret": "the connection URL: colour: there is no such parameter", "host=h password=verysecret": "the connection URL does not begin with",
		"postgres://u:verysecret@h/d?replication=true": "replication", "postgres://u:verysecret@h/d?sslcrl=/x": "sslcrl",
	} {
		_, err := config.ReadConnection(text, config.Pool{}, lookup)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(fmt.Sprintf("%+v %#v", err, err), "verysecret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
