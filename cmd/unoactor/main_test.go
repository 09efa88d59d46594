package main_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program is the daemon as its users run it.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "unoactor-cmd-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "unoactor")
	if out, err := exec.Command("go", "build", "-race", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// run runs the program in a temporary directory of its own, which must be empty again
// when it ends.
func run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tmp := t.TempDir()
	if err := os.Chmod(tmp, 0o777); err != nil { // the server runs as somebody else
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("left behind: %s", f.Name())
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestCheckTellsGoodFromBad(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.hcl")
	if err := os.WriteFile(good, []byte("node \"n\" {}\npool \"p\" {\n  node = node.n\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, code := run(t, "check", good); code != 0 || !strings.Contains(out, "1 pools") {
		t.Errorf("good: %d, %s", code, out)
	}
	bad := "../../config/testdata/unknown_setting.bad.hcl"
	if _, errs, code := run(t, "check", good, bad); code != 1 || !strings.Contains(errs, `did you mean "max_overflow"?`) || strings.Contains(errs, "\x1b") {
		t.Errorf("bad: %d, %s", code, errs)
	}
	if _, errs, code := run(t, "check", "nowhere.hcl"); code != 1 || !strings.Contains(errs, "nowhere.hcl") {
		t.Errorf("no file: %d, %s", code, errs)
	}
}

func TestACommandLineThatIsNotUnderstoodExitsWith2(t *testing.T) {
	for _, args := range [][]string{{"chek"}, {"check"}, {"run"}, {"run", "-f"}, {"run", "x"}, {"dev", "psql"}, {"dev", "--listen", "nonsense"}, {"--nope"}} {
		if _, errs, code := run(t, args...); code != 2 || !strings.Contains(errs, "unoactor: ") {
			t.Errorf("%v: %d, %s", args, code, errs)
		}
	}
}

func TestAVariableWithoutANameIsRefusedWithoutItsValue(t *testing.T) {
	for _, given := range []string{"S3cret", "password:S3cret", "=S3cret"} {
		if _, errs, code := run(t, "check", "--var", given, "x.hcl"); code != 2 || strings.Contains(errs, "S3cret") || !strings.Contains(errs, "--var wants name=value") {
			t.Errorf("--var %s: %d, %s", given, code, errs)
		}
	}
}

func TestHelpTeaches(t *testing.T) {
	out, _, code := run(t, "--help")
	if code != 0 || !strings.Contains(out, "unoactor dev -- pgbench") {
		t.Errorf("%d, %s", code, out)
	}
}

func TestDevRunsACommandAndExitsWithItsCode(t *testing.T) {
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed: apt-get install postgresql-client")
	}
	for database, query := range map[string]string{
		"default": "select count(*) from country", "analytics": "select count(*) from co2_yearly", "reporting": "select count(*) from report",
	} {
		out, errs, code := run(t, "dev", "--listen", "127.0.0.1:0", "--", "psql", "-At", "-d", database, "-c", query)
		if code != 0 || len(strings.TrimSpace(out)) == 0 || strings.TrimSpace(out) == "0" {
			t.Errorf("%s: %d, %q, %s", database, code, out, errs)
		}
	}
	if _, _, code := run(t, "dev", "--listen", "127.0.0.1:0", "--", "sh", "-c", "exit 7"); code != 7 {
		t.Errorf("a command that exits with 7: %d", code)
	}
	if _, errs, code := run(t, "dev", "--listen", "127.0.0.1:0", "--", "no-such-program"); code != 127 {
		t.Errorf("a command that there is not: %d, %s", code, errs)
	}
}

func TestDevEndsOnAnInterruptAndLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	if err := os.Chmod(tmp, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "dev", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	buf := make([]byte, 4096)
	for !strings.Contains(said.String(), "Ctrl-C ends it") {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("%v after:\n%s", err, said.String())
		}
		said.Write(buf[:n])
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := out.Read(buf)
		said.Write(buf[:n])
		if err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v:\n%s", err, said.String())
	}
	if !strings.Contains(said.String(), "nothing is left behind") {
		t.Error(said.String())
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
