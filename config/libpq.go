package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Connection is one database as libpq's rules give it.
type Connection struct {
	Node Node
	Pool Pool
	// Driver are those of libpq's parameters that neither a node nor a pool has a setting
	// for, for the dialer: channel_binding, sslnegotiation and the like.
	Driver map[string]string
}

// ReadConnection makes one database of a connection URL, as [ParseURL] reads it, and of what the
// pool says itself, which goes first. What neither says is taken from where libpq takes it:
// the service (PGSERVICE), the variables of the environment (PGHOST, PGSSLMODE and so on),
// the password file, and the certificates in ~/.postgresql (PostgreSQL's manual, 34.15 to
// 34.17, 34.19). The URL may be empty, and may have more of libpq's parameters than
// ParseURL takes. What would ask for a protection that can't be given is an error, never
// left out. lookup is [os.LookupEnv], but in tests.
func ReadConnection(url string, pool Pool, lookup func(string) (string, bool)) (Connection, error) {
	p := libpq{values: make(map[string]origin), lookup: lookup}
	p.give("the pool", map[string]string{"user": pool.User, "password": pool.Password.Reveal(), "dbname": pool.Database,
		"application_name": pool.Runtime["application_name"], "options": pool.Runtime["options"]})
	if url != "" {
		given, err := urlKeywords(url)
		if err != nil {
			return Connection{}, fmt.Errorf("the connection URL%w", err)
		}
		p.give(fromURL, given)
	}
	for _, step := range []func() error{p.service, p.environment, p.home} {
		if err := step(); err != nil {
			return Connection{}, err
		}
	}
	c, err := p.connection(pool)
	if err != nil {
		return Connection{}, err
	}
	return c, p.passwordFile(&c)
}

// origin is a value, and where it is from.
type origin struct{ value, from string }

const fromURL = "the connection URL"

// libpq collects libpq's parameters by keyword; the first who gives one wins.
type libpq struct {
	values map[string]origin
	lookup func(string) (string, bool)
}

func (p *libpq) give(from string, values map[string]string) {
	for name, value := range values {
		if _, given := p.values[name]; !given && value != "" {
			p.values[name] = origin{value, from}
		}
	}
}

func (p *libpq) env(name string) string {
	value, _ := p.lookup(name)
	return value
}

// variables are the keywords that the environment gives.
var variables = map[string]string{
	"PGHOST": "host", "PGHOSTADDR": "hostaddr", "PGPORT": "port", "PGDATABASE": "dbname", "PGUSER": "user", "PGPASSWORD": "password", "PGPASSFILE": "passfile",
	"PGREQUIREAUTH": "require_auth", "PGCHANNELBINDING": "channel_binding", "PGOPTIONS": "options", "PGAPPNAME": "application_name", "PGSSLMODE": "sslmode",
	"PGSSLCERT": "sslcert", "PGSSLKEY": "sslkey", "PGSSLCERTMODE": "sslcertmode", "PGSSLROOTCERT": "sslrootcert", "PGSSLPASSWORD": "sslpassword",
	"PGSSLCRL": "sslcrl", "PGSSLCRLDIR": "sslcrldir", "PGSSLSNI": "sslsni", "PGSSLNEGOTIATION": "sslnegotiation", "PGREQUIREPEER": "requirepeer",
	"PGSSLMINPROTOCOLVERSION": "ssl_min_protocol_version", "PGSSLMAXPROTOCOLVERSION": "ssl_max_protocol_version", "PGGSSENCMODE": "gssencmode",
	"PGKRBSRVNAME": "krbsrvname", "PGCONNECT_TIMEOUT": "connect_timeout", "PGCLIENTENCODING": "client_encoding", "PGTARGETSESSIONATTRS": "target_session_attrs",
	"PGMINPROTOCOLVERSION": "min_protocol_version", "PGMAXPROTOCOLVERSION": "max_protocol_version",
	"PGLOADBALANCEHOSTS": "load_balance_hosts", "PGSSLCOMPRESSION": "sslcompression", "PGGSSLIB": "gsslib", "PGGSSDELEGATION": "gssdelegation",
	"PGDATESTYLE": "datestyle", "PGTZ": "timezone", "PGGEQO": "geqo",
}

func (p *libpq) environment() error {
	for name, keyword := range variables {
		p.give(name, map[string]string{keyword: p.env(name)})
	}
	if p.env("PGREQUIRESSL") == "1" {
		p.give("PGREQUIRESSL", map[string]string{"sslmode": "require"})
	}
	return nil
}

// home gives the files that libpq looks for in ~/.postgresql, where they are used.
func (p *libpq) home() error {
	home, err := os.UserHomeDir()
	if err != nil || p.values["sslmode"].value == "disable" {
		return nil
	}
	in := func(name string) string { return filepath.Join(home, ".postgresql", name) }
	cert, key, root := in("postgresql.crt"), in("postgresql.key"), in("root.crt")
	if exists(cert) && exists(key) {
		p.give(cert, map[string]string{"sslcert": cert})
		p.give(key, map[string]string{"sslkey": key})
	}
	if exists(root) {
		p.give(root, map[string]string{"sslrootcert": root})
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Kinds of parameters beside those that are settings of a node.
var (
	// startup are sent to the server as they are.
	startup = []string{"application_name", "options", "datestyle", "timezone", "geqo"}
	// driver are the dialer's to follow, with the values that there are, if it is a choice.
	driver = map[string][]string{
		"sslpassword": nil, "krbsrvname": nil,
		"channel_binding": {"disable", "prefer", "require"}, "sslnegotiation": {"postgres", "direct"}, "sslcertmode": {"disable", "allow", "require"},
		"sslsni": {"0", "1"}, "min_protocol_version": {"3.0", "3.2", "latest"}, "max_protocol_version": {"3.0", "3.2", "latest"},
		"ssl_min_protocol_version": tlsVersions, "ssl_max_protocol_version": tlsVersions,
		"target_session_attrs": {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"},
	}
	tlsVersions = []string{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"}
	// without are followed by leaving them out, if they have one of these values: any, if
	// there is none. Text is always UTF-8.
	without = map[string][]string{
		"gssencmode": {"disable", "prefer"}, "load_balance_hosts": nil, "sslcompression": nil, "gsslib": nil, "gssdelegation": nil,
		"fallback_application_name": nil, "keepalives": nil, "keepalives_idle": nil, "keepalives_interval": nil, "keepalives_count": nil, "tcp_user_timeout": nil,
		"client_encoding": nil,
		"passfile":        nil, "service": nil, "servicefile": nil,
	}
)

// connection makes settings of what was collected.
func (p *libpq) connection(pool Pool) (Connection, error) {
	c := Connection{Pool: pool, Driver: make(map[string]string)}
	c.Pool.Runtime = maps.Clone(pool.Runtime)
	if app := p.values["fallback_application_name"]; app.value != "" {
		p.give(app.from, map[string]string{"application_name": app.value})
	}
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		v := p.values[name]
		choices, ours := driver[name]
		least, left := without[name]
		var err error
		switch set := parameters[name]; {
		case name == "connect_timeout" && strings.Trim(v.value, "0") == "": // no end, which a node must have: its default
		case name == "hostaddr":
		case set != nil:
			err = set(&c.Node, v.value)
		case slices.Contains(startup, name):
			if c.Pool.Runtime == nil {
				c.Pool.Runtime = make(map[string]string)
			}
			c.Pool.Runtime[name] = v.value
		case ours:
			if c.Driver[name] = v.value; choices != nil && !slices.Contains(choices, v.value) {
				err = errors.New("want " + strings.Join(choices, ", "))
			}
		case left:
			if least != nil && !slices.Contains(least, v.value) {
				err = errors.New("it asks for what can't be had here: take it out")
			}
		case slices.Contains([]string{"sslcrl", "sslcrldir", "requirepeer"}, name):
			err = errors.New("it asks for a check that is not made here: take it out")
		default:
			err = errors.New("there is no such parameter")
		}
		if err != nil {
			return Connection{}, fmt.Errorf("%s: %s: %w", v.from, name, err)
		}
	}
	if err := p.host(&c.Node); err != nil {
		return Connection{}, err
	}
	if c.Node.TLS.Mode == "disable" { // then what the environment has for TLS is not used, as libpq has it
		c.Node.TLS.ServerName = ""
		for keyword, file := range map[string]*string{"sslrootcert": &c.Node.TLS.CA, "sslcert": &c.Node.TLS.Cert, "sslkey": &c.Node.TLS.Key} {
			if p.values[keyword].from != fromURL {
				*file = ""
			}
		}
	}
	return c, nil
}

// host decides where the server is. An address of its own (hostaddr) is connected to; the
// host is then who its certificate has to be for.
func (p *libpq) host(n *Node) error {
	if address := p.values["hostaddr"]; address.value != "" {
		n.TLS.ServerName, n.Host = n.Host, address.value
	}
	if n.Host == "" {
		return nil
	}
	if what, advice := hostProblem(n.Host, cmp.Or(n.Port, 5432)); what != "" {
		return fmt.Errorf("%s: host: %s: %s", cmp.Or(p.values["hostaddr"].from, p.values["host"].from), what, advice)
	}
	return nil
}
