package layers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/testkit"
)

// maxSize bounds the least program with unoactor in it, in MiB: a tenth more than it
// was when the bound was set (14.8, with Go 1.26). Most of it is protoactor's metrics
// (Prometheus, protobuf), hcl and pgx.
const maxSize = 16.3

func TestAProgramThatEmbedsUnoactorStaysSmallAndWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("a cold build takes a minute")
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the bound is that of linux/amd64")
	}
	readModule(t)
	program := filepath.Join(t.TempDir(), "embed")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./internal/layers/testdata/embed")
	build.Dir = moduleRoot
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	size := float64(file.Size()) / (1 << 20)
	t.Logf("a stripped program that opens a topology and asks one question: %.1f MiB, at most %.1f", size, maxSize)
	if size > maxSize {
		t.Errorf("a program that embeds unoactor grew to %.1f MiB, and should be no more than %.1f: look for the import that did it "+
			"(go list -deps . before and after, go tool nm -size -sort size on a build without -ldflags), move it to an adapter, or, "+
			"if it is worth that much to everybody, raise maxSize in size_test.go and say why in ARCHITECTURE.md", size, maxSize)
	}

	server := testkit.Postgres(t)
	topology := filepath.Join(t.TempDir(), "topology.hcl")
	hcl := fmt.Sprintf("node \"main\" {\n  host = %q\n  port = %d\n  user = %q\n}\npool \"default\" {\n  node = node.main\n  database = \"postgres\"\n}\n",
		server.Host(), server.Port(), server.User())
	if err := os.WriteFile(topology, []byte(hcl), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, topology).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "42" {
		t.Errorf("it says %q, %v", out, err)
	}
}
