package config_test

import (
	"strings"
	"testing"
	"time"

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
		"postgres://u:verysecret@h/d?ssl=on":                    `parameter "ssl" is not known; it takes connect_timeout, host, sslcert`,
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

func FuzzParseURL(f *testing.F) {
	f.Add("postgresql://ann:p%40ss@db.example:6432/shop?sslmode=verify-full&connect_timeout=3")
	f.Add("postgres:///d?host=/tmp")
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := config.ParseURL(text); err == nil && strings.Contains(n.Host, ",") {
			t.Errorf("%q: several hosts became one: %q", text, n.Host)
		}
	})
}
