package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/unoactor/unoactor/config"
)

func TestEachExampleIsATopology(t *testing.T) {
	secrets := t.TempDir()
	for _, name := range []string{"app", "shop.scram"} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte("secret of "+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environ := func(name string) (string, bool) {
		known := map[string]string{"APP_PASSWORD": "one", "UNOACTOR_ADMIN_PASSWORD": "two", "UNOACTOR_VAR_secrets": secrets}
		value, ok := known[name]
		return value, ok
	}
	files, err := filepath.Glob("../examples/*.hcl")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		if _, err := config.Load(file, config.WithEnviron(environ)); err != nil {
			t.Errorf("%s:\n%v", file, err)
		}
	}
	top, err := config.Load("../examples/production.hcl", config.WithEnviron(environ), config.WithVariable("region", "us"))
	if err != nil {
		t.Fatal(err)
	}
	if n := top.Nodes[0]; n.Host != "primary.us.db.example.net" || n.Password.Reveal() != "secret of app" || n.TLS.Mode != "verify-full" {
		t.Errorf("the production example: %+v", n)
	}
}
