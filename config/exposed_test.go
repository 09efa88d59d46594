package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/unoactor/unoactor/config"
)

func TestAFileThatEverybodyCanReadIsExposedIfAPasswordIsWrittenInIt(t *testing.T) {
	for password, written := range map[string]bool{
		`"secret"`: true, `"${upper("secret")}"`: true, `local.word`: true,
		`env("WORD")`: false, `file("word.txt")`: false, `env("WORD", "default")`: true,
	} {
		dir := t.TempDir()
		topology := "locals {\n  word = \"secret\"\n}\nnode \"n\" {\n  password = " + password + "\n}\npool \"p\" {\n  node = node.n\n}\n"
		if password != "local.word" {
			topology = topology[len("locals {\n  word = \"secret\"\n}\n"):]
		}
		file := filepath.Join(dir, "topology.hcl")
		for mode, exposed := range map[os.FileMode]bool{0o644: written, 0o604: written, 0o640: false, 0o600: false} {
			if err := os.WriteFile(file, []byte(topology), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, mode); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{file, dir} {
				got, err := config.Exposed(path)
				if err != nil || (len(got) == 1 && got[0] == file) != exposed {
					t.Errorf("%s, %v: %v, %v", password, mode, got, err)
				}
			}
		}
	}
}
