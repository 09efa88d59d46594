package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/unoactor/unoactor/config"
)

func TestTheExamplesAreGood(t *testing.T) {
	environ := func(name string) (string, bool) {
		v, ok := map[string]string{"APP_PASSWORD": "x", "UNOACTOR_ADMIN_PASSWORD": "y"}[name]
		return v, ok
	}
	secrets := t.TempDir()
	for name, content := range map[string]string{"app": "z\n", "shop.scram": "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5\n"} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("../examples/*.hcl")
	if err != nil || len(files) != 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		options := []config.Option{config.WithEnviron(environ)}
		if filepath.Base(file) == "production.hcl" {
			options = append(options, config.WithVariable("secrets", secrets))
		}
		top, err := config.Load(file, options...)
		if err != nil {
			t.Errorf("%s:\n%v", file, err)
		}
		t.Logf("%s: %d nodes, %d pools, %d routes", file, len(top.Nodes), len(top.Pools), len(top.Routes))
	}
}
