package config_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
)

var rewrite = flag.Bool("rewrite", false, "write the errors that are found into testdata: read them before you commit")

func noEnviron(string) (string, bool) { return "", false }

func TestEachBrokenTopologyIsToldWhatIsWrongAndWhere(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.hcl")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := config.Load(file, config.WithEnviron(noEnviron))
			var errs *config.Errors
			if !errors.As(err, &errs) {
				t.Fatalf("want errors, got %v", err)
			}
			golden := strings.TrimSuffix(file, ".hcl") + ".txt"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got := errs.Error() + "\n"; got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if strings.Contains(errs.Error(), "hunter2") || strings.Contains(errs.Error(), "a2V5") || strings.Contains(errs.Error(), "cafe") {
				t.Error("a secret is shown")
			}
		})
	}
}

func TestAGoodTopologyIsReadAsItIsWritten(t *testing.T) {
	top, err := config.Load("testdata/full.good.hcl", config.WithEnviron(noEnviron))
	if err != nil {
		t.Fatal(err)
	}
	n := top.Nodes[0]
	if n.Host != "10.0.0.1" || n.Port != 5433 || n.Password.Reveal() != "fallback" || n.TLS.Mode != "require" ||
		n.ConnectTimeout != 2*time.Second || n.Labels["region"] != "eu" {
		t.Errorf("node: %+v", n)
	}
	if l := top.Nodes[1]; l.Host != "/run/postgresql" || l.Role != config.Replica {
		t.Errorf("node with a socket: %+v", l)
	}
	p := top.Pools[0]
	if p.Size != 4 || p.MaxOverflow != 0 || p.Database != "app" || p.Runtime["application_name"] != "EU-APP" ||
		len(p.Hooks.OnCheckin) != 1 || p.Hooks.Timeout != time.Second || p.MaxLifetime != 30*time.Minute {
		t.Errorf("pool: %+v", p)
	}
	if h := top.Pools[1]; h.Size != 8 || h.MaxOverflow != 30 || h.MaxLifetime != config.Never || h.Reset != config.ResetDiscard {
		t.Errorf("a pool with a profile, of which one setting is overridden: %+v", h)
	}
	if g := top.Gateway; len(g.Listen) != 2 || g.MaxMessage != 64<<20 || g.Auth != config.SCRAM || g.Users[0].Name != "app" {
		t.Errorf("gateway: %+v", g)
	}
}

func TestEverySettingIsInATopologyThatIsGood(t *testing.T) {
	const file = "testdata/everything.good.hcl"
	top, err := config.Load(file, config.WithEnviron(noEnviron))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for block, settings := range config.Schema() {
		for _, s := range settings {
			if !regexp.MustCompile(`(?m)^\s*` + s.Name + `\s*=`).Match(content) {
				t.Errorf("%s of %s is not in %s", s.Name, block, file)
			}
		}
	}
	if p := top.Pools[0]; p.Hard() != 4 || p.Password.Reveal() != "fallback" || p.IdleTimeout != config.Never || !p.Echo ||
		p.Reset != "select pg_advisory_unlock_all()" || len(p.Hooks.OnCheckout) != 1 || p.Hooks.OnCheckin != nil {
		t.Errorf("pool: %+v", p)
	}
	if p := top.Pools[0]; p.KeepAlive != time.Minute || p.ValidateAfterIdle != 10*time.Second || p.ValidateTimeout != 250*time.Millisecond ||
		p.Order != config.FIFO || p.QueueTarget != 50*time.Millisecond || p.QueueInterval != 500*time.Millisecond ||
		p.LeakAfter != time.Minute || p.ReclaimAfter != 5*time.Minute {
		t.Errorf("pings, queue and leaks: %+v", p)
	}
	if s, want := top.Pools[0].Sizing, (config.Sizing{Step: 1, GrowAt: 0.9, GrowWaiting: 2, ShrinkAt: 0.25, CoolDown: time.Minute}); s != want {
		t.Errorf("sizing: %+v", s)
	}
	if r := top.Pools[0].Retry; r.MaxRetries != 3 || r.RetryDelay != 50*time.Millisecond || r.BackoffFactor != 1.5 ||
		!slices.Equal(r.RetryableErrors, []string{"connection", "40P01"}) {
		t.Errorf("retry: %+v", r)
	}
	if b, want := top.Nodes[0].Breaker, (config.Breaker{FailureThreshold: 5, TripTimeout: 30 * time.Second, ResetTimeout: 10 * time.Second}); b != want {
		t.Errorf("breaker: %+v", b)
	}
	if r := top.Routes[0]; r.Entity != "example.com/app.*" || r.Access != config.Read || r.Labels["tier"] != "web" || r.Source.String() != file+":89" {
		t.Errorf("route: %+v", r)
	}
}

func TestAFolderIsOneTopology(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.hcl":  "pool \"p\" {\n  node = node.n\n}",
		"b.hcl":  "node \"n\" {\n  password = file(\"secret\")\n}",
		"secret": "s3cret\n",
		"c.txt":  "not read",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	top, err := config.Load(dir)
	if err != nil || top.Pools[0].Node != "n" || top.Pools[0].Password.Reveal() != "s3cret" {
		t.Errorf("%+v, %v", top, err)
	}
	if _, err := config.Load(t.TempDir()); err == nil {
		t.Error("an empty folder is a topology")
	}
}

func TestWhatEditorsLeaveInAFolderIsNoPartOfTheTopology(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".hidden.hcl", ".#saved.hcl", ".main.hcl.swp", "main.hcl~", "#main.hcl#", "main.hcl.bak", "main.hcl.orig", ".hcl", "4913"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("this is no topology"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("somebody@host.1234:1700000000", ".#main.hcl") // as Emacs locks a file
	for _, name := range []string{"folder.hcl", "..2026_data"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link("folder.hcl", "linked.hcl")
	if _, err := config.Load(dir); err == nil || !strings.Contains(err.Error(), "no *.hcl file in") {
		t.Errorf("of those alone: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "..2026_data", "main.hcl"), []byte("node \"n\" {}\npool \"p\" {\n  node = node.n\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	link("..2026_data", "..data") // as Kubernetes mounts a ConfigMap
	link("..data/main.hcl", "main.hcl")
	if top, err := config.Load(dir); err != nil || len(top.Nodes) != 1 {
		t.Errorf("%+v, %v", top, err)
	}
	if _, err := config.Load(filepath.Join(dir, ".hidden.hcl")); err == nil {
		t.Error("a hidden file that is named is read")
	}

	link("nowhere", "z.hcl")
	if _, err := config.Load(dir); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "z.hcl is a link that leads to nothing") {
		t.Errorf("a link to nothing: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "z.hcl")); err != nil {
		t.Fatal(err)
	}
	link("/dev/null", "z.hcl")
	if _, err := config.Load(dir); err == nil || !strings.Contains(err.Error(), "z.hcl is no file") {
		t.Errorf("a device: %v", err)
	}
}

func TestAFileThatIsNotThereIsAnErrorOfTheFileSystem(t *testing.T) {
	if _, err := config.Load("testdata/nowhere.hcl"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
