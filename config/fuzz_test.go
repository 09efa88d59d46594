package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
)

// What a topology may never show: what the environment holds, what a sensitive
// variable is given, and a password in the file.
var neverShown = []string{"Env1ronmentSecret", "Var1ableSecret", "L1teralSecret"}

// withSecrets is any content, and after it what has secrets of every kind.
const withSecrets = `
variable "fuzzed" {
  sensitive = true
}
node "fuzzed" {
  host     = "${var.fuzzed}!"
  password = "L1teralSecret"
  role     = var.fuzzed
}
`

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	environ := func(name string) (string, bool) {
		if strings.HasPrefix(name, "UNOACTOR_VAR_") {
			return "plain", true // of variables that are not sensitive
		}
		return "Env1ronmentSecret", true
	}
	given := config.WithVariable("fuzzed", "Var1ableSecret")
	f.Fuzz(func(t *testing.T, content string) {
		for _, secret := range neverShown {
			if strings.Contains(content, secret) {
				t.Skip("what the file says in the open is shown")
			}
		}
		for i, source := range []string{content, content + withSecrets} {
			options := []config.Option{config.WithEnviron(environ), given}[:1+i] // content declares no such variable
			top, err := config.Parse([]byte(source), "fuzz.hcl", options...)
			if err == nil {
				if again := top.Complete().Check(); again != nil {
					t.Errorf("what was good is bad the second time: %v", again)
				}
				continue
			}
			var errs *config.Errors
			if !errors.As(err, &errs) || len(errs.Problems) == 0 {
				t.Fatalf("an error of another kind: %v", err)
			}
			for _, secret := range neverShown {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%s is shown:\n%v", secret, err)
				}
			}
		}
	})
}
