package config_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/unoactor/unoactor/config"
)

func TestAConnectionURLIsANode(t *testing.T) {
	for text, want := range map[string]config.Node{
		"postgres://localhost": {Host: "localhost"},
		"postgresql://ann:p%40ss%3Aw%2Frd@db.example:6432/shop?sslmode=verify-full&sslrootcert=ca.pem&connect_timeout=3": {
			Host: "db.example", Port: 6432, User: "ann", Password: "p@ss:w/rd", Database: "shop",
			TLS: config.TLS{Mode: "verify-full", CA: "ca.pem"}, ConnectTimeout: 3 * time.Second},
		"postgres:///shop?host=/run/postgresql":        {Host: "/run/postgresql", Database: "shop"},
		"postgres://u@[::1]:5432/d?sslcert=c&sslkey=k": {Host: "::1", Port: 5432, User: "u", Database: "d", TLS: config.TLS{Cert: "c", Key: "k"}},
	} {
		got, err := config.ParseURL(text)
		if err != nil || got.Host != want.Host || got.Port != want.Port || got.User != want.User || got.Password != want.Password ||
			got.Database != want.Database || got.TLS != want.TLS || got.ConnectTimeout != want.ConnectTimeout {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestAConnectionURLThatIsWrongIsToldWithoutItsPassword(t *testing.T) {
	for text, want := range map[string]string{
		"mysql://u:verysecret@h/d":                              "does not begin with postgres://",
		"postgres://u:very%secret@h/d":                          "can't be read",
		"postgres://u:verysecret@h:99999/d":                     "its port is no number",
		"postgres://u:verysecret@a,b/d":                         "several hosts",
		"postgres://u:verysecret@h/d?ssl=on":                    `parameter "ssl" is not known; it takes connect_timeout, dbname, host, password, port, require_auth, `,
		"postgres://u:verysecret@h/d?connect_timeout=soon":      "want whole seconds",
		"postgres://u:verysecret@h/d?sslmode=%zz":               "what follows its ? can't be read",
		"host=localhost user=u password=verysecret dbname=shop": "does not begin with postgres://",
	} {
		_, err := config.ParseURL(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestAConnectionURLIsReadAsLibpqReadsIt(t *testing.T) {
	for text, want := range map[string]config.Node{
		"postgres://u@%2Fvar%2Frun%2Fpostgresql:5433/d":        {Host: "/var/run/postgresql", Port: 5433, User: "u", Database: "d"},
		"postgres://u:p@/d?host=/var/run/postgresql&port=5433": {Host: "/var/run/postgresql", Port: 5433, User: "u", Password: "p", Database: "d"},
		"postgresql:///?dbname=d&user=u&password=p%26q&host=h": {Host: "h", User: "u", Password: "p&q", Database: "d"},
		"postgres://u:a#b^c|d@h/d#e":                           {Host: "h", User: "u", Password: "a#b^c|d", Database: "d#e"},
		"postgres://u:a@b@h/":                                  {Host: "h", User: "u", Password: "a@b"},
		"postgres://u:a+b@h/x+y?sslrootcert=/c+a.pem":          {Host: "h", User: "u", Password: "a+b", Database: "x+y", TLS: config.TLS{CA: "/c+a.pem"}},
		"postgres://h:/d":                                      {Host: "h", Database: "d"},
		"postgres://[fe80::1%25eth0]:1/":                       {Host: "fe80::1%eth0", Port: 1},
		"postgres://h?ssl=true":                                {Host: "h", TLS: config.TLS{Mode: "require"}},
		"postgres://":                                          {},
		"postgres://db.example.com.:5432/a%2Fb":                {Host: "db.example.com.", Port: 5432, Database: "a/b"},
		"postgres://u:%E2%82%AC%20x@h/gr%C3%B6%C3%9Fe?sslmode=disable&sslmode=require": {Host: "h", User: "u", Password: "€ x", Database: "größe", TLS: config.TLS{Mode: "require"}},
	} {
		if got, err := config.ParseURL(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"postgres://u:pa/verysecret@h/d":         "its port is no number",
		"postgres://u:pa?verysecret@h/d":         "its port is no number",
		"postgres://u:verysecret@h:0/d":          "its port is no number",
		"postgres://u:verysecret@h/d?port=70000": "port: want a number from 1 to 65535",
		"postgres://u:verysecret@::1/d":          "is written in brackets",
		"postgres://u:verysecret@[::1/d":         "its address in brackets can't be read",
		"postgres://u:verysecret@h/d\n":          "control character",
		"postgres://u:verysecret%00@h/d":         "a NUL in its password",
		"postgres://u:verysecret@h/d?host=a,b":   "several hosts",
		"postgres://u:verysecret@a:1,b:2/d":      "several hosts",
		"postgres://u:verysecret@h h/d":          "its host: it is no name",
		"postgres://u:verysecret@/d?host=run/pg": "a path that does not begin with /",
		"postgres://u:verysecret@h/d?sslmode":    "what follows its ? can't be read",
		" postgres://u:verysecret@h/d":           "does not begin with",
	} {
		if _, err := config.ParseURL(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// settings are what the environment may have of a database.
func settings(t *rapid.T) config.DatabaseSettings {
	text := rapid.StringMatching(`[^\x00-\x1f\x7f]{1,12}`)
	hosts := []*rapid.Generator[string]{
		rapid.SampledFrom([]string{"localhost", "db.example.com.", "a_b", "größe.example", "::1", "2001:db8::1", "fe80::1%eth0", "192.0.2.1", "/var/run/postgresql", "/tmp"}),
		rapid.StringMatching(`[a-z0-9]{1,9}x(\.[a-z]{1,9})?`), rapid.Map(rapid.StringMatching(`[^\x00-\x1f\x7f,]{0,9}`), func(s string) string { return "/" + s }),
	}
	return config.DatabaseSettings{
		User: text.Draw(t, "user"), Password: config.Secret(rapid.OneOf(text, rapid.Just("")).Draw(t, "password")), Host: rapid.OneOf(hosts...).Draw(t, "host"),
		Port: rapid.Uint16Min(1).Draw(t, "port"), Name: text.Draw(t, "name"), SSLMode: rapid.SampledFrom([]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}).Draw(t, "sslmode"),
	}
}

func TestWhatIsPrintedAsAURLIsReadAgainByEverybody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := settings(t)
		text := want.ConnectionString()
		if got, err := config.ParseURL(text); err != nil || !reflect.DeepEqual(got, want.Node()) {
			t.Fatalf("%s:\n got %+v, %v\nwant %+v", text, got, err, want.Node())
		}
		if got, err := config.ReadConnection(text, config.Pool{}, func(string) (string, bool) { return "elsewhere", true }); err == nil {
			t.Fatalf("an environment of nonsense is taken: %+v", got)
		}
		c, err := pgconn.ParseConfig(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if c.Host != want.Host || c.Port != want.Port || c.User != want.User || c.Password != want.Password.Reveal() || c.Database != want.Name {
			t.Fatalf("%s: pgx reads %q %d %q %q %q", text, c.Host, c.Port, c.User, c.Password, c.Database)
		}
	})
}

func FuzzParseURL(f *testing.F) {
	f.Add("postgresql://ann:p%40ss@db.example:6432/shop?sslmode=verify-full&connect_timeout=3")
	f.Add("postgres:///d?host=/tmp")
	f.Add("postgres://u:p@[fe80::1%25eth0]:5432/d?host=%2Ftmp&port=5433")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := config.ParseURL(text)
		if err != nil {
			return
		}
		if strings.Contains(n.Host, ",") {
			t.Errorf("%q: several hosts became one: %q", text, n.Host)
		}
		s := config.DatabaseSettings{User: n.User, Password: n.Password, Host: n.Host, Port: n.Port, Name: n.Database, SSLMode: n.TLS.Mode}
		if again, err := config.ParseURL(s.ConnectionString()); err != nil || !reflect.DeepEqual(again, s.Node()) {
			t.Errorf("%q is printed as %q, and that is read as %+v, %v", text, s.ConnectionString(), again, err)
		}
	})
}
