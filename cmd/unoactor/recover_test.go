package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/testkit"
)

func TestRecoverEndsWhatIsLeftPreparedAndSaysWhatItCanNot(t *testing.T) {
	s := testkit.Postgres(t, testkit.ServerOptions{Parameters: map[string]string{"max_prepared_transactions": "5"}})
	file := filepath.Join(t.TempDir(), "topology.hcl")
	text := fmt.Sprintf("node \"main\" {\n  port = %d\n  user = \"postgres\"\n}\npool \"main\" {\n  node     = node.main\n  database = \"postgres\"\n}\nlog {\n  level = \"warn\"\n}\n", s.Port())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := run(t, "recover", "-f", file); code != 0 || out != "0 found, 0 left\n" {
		t.Errorf("nothing: %d, %q, %s", code, out, errs)
	}
	id, err := s.QueryValue(t.Context(), "postgres", "select system_identifier || ':' || pg_current_xact_id() from pg_control_system()")
	if err != nil {
		t.Fatal(err)
	}
	for _, gid := range []string{"unoactor:" + id + ":0:main", "unoactor:1:1:0:elsewhere"} {
		if err := s.Exec(t.Context(), "postgres", "begin; prepare transaction '"+gid+"'"); err != nil {
			t.Fatal(err)
		}
	}
	out, errs, code := run(t, "recover", "-f", file)
	if code != 1 || !strings.Contains(out, `pool "main": committed unoactor:`+id) || !strings.Contains(out, "no pool of this topology is on its coordinator's server") ||
		!strings.HasSuffix(out, "2 found, 1 left\n") {
		t.Errorf("%d, %q, %s", code, out, errs)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := run(t, "recover", "-f", file, "--timeout", "1s"); code != 1 || !strings.Contains(errs, `pool "main"`) {
		t.Errorf("no server: %d, %q, %s", code, out, errs)
	}
	if _, errs, code := run(t, "recover"); code != 2 || !strings.Contains(errs, "-f FILE") {
		t.Errorf("no file: %d, %s", code, errs)
	}
}
