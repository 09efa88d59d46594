package gateway_test

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/bench/gateway"
	"github.com/unoactor/unoactor/bench/progress"
	"github.com/unoactor/unoactor/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// options start a server, and skip the test where something is not installed.
func options(t *testing.T) gateway.Options {
	if err := gateway.Missing(); err != nil {
		t.Skip(err)
	}
	daemon := filepath.Join(t.TempDir(), "unoactor")
	if out, err := exec.Command("go", "build", "-o", daemon, "../../cmd/unoactor").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := testkit.Postgres(t, testkit.ServerOptions{
		Databases: []string{"bench"}, Parameters: map[string]string{"max_connections": "100"},
	})
	return gateway.Options{Server: server, Daemon: daemon, Rounds: 1, Seconds: 1, Clients: []int{2}}
}

func TestBothProxiesAndPostgreSQLAreMeasuredAndNoProxyIsLeft(t *testing.T) {
	o := options(t)
	results, err := gateway.Run(t.Context(), o, progress.New(io.Discard, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 {
		t.Errorf("%d cases", len(results))
	}
	for _, r := range results {
		for _, name := range gateway.Targets {
			samples := r.Samples[name]
			if len(samples) != 1 || samples[0].TPS <= 0 || samples[0].LatencyMS <= 0 || samples[0].Transactions <= 0 {
				t.Errorf("%v: %s: %+v", r.Case, name, samples)
			}
		}
	}
	tables := gateway.Markdown(results)
	if n := strings.Count(tables, "\n| "); n != 2*(1+len(results)) {
		t.Errorf("%d lines in\n%s", n, tables)
	}
	testkit.CheckNoBackends(t, o.Server, "")
}

func TestARunThatIsInterruptedLeavesNoProxy(t *testing.T) {
	o := options(t)
	o.Seconds = 60
	ctx, cancel := context.WithCancel(t.Context())
	stop := time.AfterFunc(2*time.Second, cancel)
	defer stop.Stop()
	if _, err := gateway.Run(ctx, o, progress.New(io.Discard, time.Now)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	testkit.CheckNoBackends(t, o.Server, "")
}

func TestADaemonThatDoesNotStartSaysWhy(t *testing.T) {
	o := options(t)
	o.Daemon = "/bin/false"
	if _, err := gateway.Run(t.Context(), o, progress.New(io.Discard, time.Now)); err == nil || !strings.Contains(err.Error(), "unoactor ended: exit status 1") {
		t.Errorf("%v", err)
	}
}
