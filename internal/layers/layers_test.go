package layers_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/unoactor/unoactor"

// layer is a folder of the module and all below it.
type layer struct {
	folder string   // "." is the root package alone
	may    []string // prefixes of third-party import paths; "*" is any
}

const (
	hclog      = "github.com/hashicorp/go-hclog"
	pgx        = "github.com/jackc/pgx/v5"
	goid       = "github.com/petermattis/goid"
	protoactor = "github.com/asynkron/protoactor-go"
	failsafe   = "github.com/failsafe-go/failsafe-go"
	otel       = "go.opentelemetry.io/otel"
	metric     = "go.opentelemetry.io/otel/metric"
	attribute  = "go.opentelemetry.io/otel/attribute"
	system     = "golang.org/x/sys"
)

// layers are ordered lowest first: a package may import those of its own layer
// and of the layers above its line, never one below it.
var layers = []layer{
	{"internal/sqltext", nil},
	{"internal/twophase", nil},
	{"mapping", nil},
	{"internal/unitofwork", []string{pgx}},
	{"messages", nil},
	{"config", []string{
		"github.com/hashicorp/hcl/v2", "github.com/zclconf/go-cty",
		"github.com/agext/levenshtein", // "did you mean"
		"github.com/caarlos0/env/v11",  // settings of the environment
	}},
	{"conn", []string{pgx, goid}},
	{"internal/tracing", []string{pgx, hclog}},
	{"routing", nil},
	{"actors", []string{protoactor, hclog, failsafe}},
	{"supervisor", []string{protoactor, hclog, goid, otel, metric, attribute}},
	{".", []string{pgx, hclog, metric, failsafe}},
	{"adapters", []string{"*"}}, // each is a door to a library of its own
	{"internal/gateway/wire", nil},
	{"internal/gateway/transcript", nil}, // for tests
	{"internal/gateway/sockets", []string{system}},
	{"internal/gateway/params", nil},
	{"internal/gateway/prepared", nil},
	{"internal/gateway/protocol", nil},
	{"internal/gateway/auth", []string{
		"github.com/xdg-go/scram", // the server's side of SCRAM-SHA-256
	}},
	{"internal/gateway/backends", []string{pgx}}, // the type of an error
	{"internal/gateway/drive", []string{hclog}},
	{"internal/gateway", []string{hclog, system}},
	{"testkit", []string{pgx,
		"go.uber.org/goleak", // what CheckGoroutines compares
	}},
	{"cmd", []string{"github.com/spf13/cobra", hclog,
		"github.com/mattn/go-isatty", // colours and the live line are for terminals
	}},
	{"bench", []string{"*"}},    // it measures others beside us
	{"examples", []string{"*"}}, // programs as users write them
	{"internal/layers", nil},
	{"internal/docs", nil},
	{"internal/hostile", nil}, // tests of the daemon as a process
}

// forbidden are names that say nothing about what a package holds.
var forbidden = []string{"util", "utils", "common", "types", "helpers", "misc", "shared"}

// layerOf returns the index of a package's layer. path is relative to the
// module, "." for its root.
func layerOf(path string) (int, bool) {
	for i, l := range layers {
		if path == l.folder || strings.HasPrefix(path, l.folder+"/") {
			return i, true
		}
	}
	return 0, false
}

// violations lists what is wrong with packages, a map from relative path to
// full import paths, and says what to do about it.
func violations(packages map[string][]string) []string {
	var wrong []string
	for _, path := range slices.Sorted(maps.Keys(packages)) {
		if last := path[strings.LastIndex(path, "/")+1:]; slices.Contains(forbidden, last) {
			wrong = append(wrong, fmt.Sprintf("%s: name the package by what it holds, not %q", path, last))
		}
		own, known := layerOf(path)
		if !known {
			wrong = append(wrong, fmt.Sprintf("%s: not in any layer: give it a line, at its height, in the table of "+
				"internal/layers/layers_test.go and in ARCHITECTURE.md", path))
			continue
		}
		for _, imported := range packages[path] {
			if complaint := judge(own, imported); complaint != "" {
				wrong = append(wrong, path+": "+complaint)
			}
		}
	}
	return wrong
}

// judge says what is wrong with an import by a package of the layer; "" if nothing.
func judge(own int, imported string) string {
	if relative, ours := relativePath(imported); ours {
		theirs, known := layerOf(relative)
		if !known || theirs <= own {
			return "" // an unknown one is reported for itself
		}
		return fmt.Sprintf("imports %s, which is above %s: move what it needs down, or let the upper one pass it in "+
			"(an interface of one to three methods lives with its caller)", relative, layers[own].folder)
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return "" // the standard library
	}
	for _, prefix := range layers[own].may {
		if prefix == "*" || imported == prefix || strings.HasPrefix(imported, prefix+"/") {
			return ""
		}
	}
	return fmt.Sprintf("imports %s, which %s may not use (allowed: %s): do without, do it in a layer that may, "+
		"or change the table here and in ARCHITECTURE.md and say why", imported, layers[own].folder, allowed(own))
}

func relativePath(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

func allowed(own int) string {
	if len(layers[own].may) == 0 {
		return "the standard library"
	}
	return strings.Join(layers[own].may, ", ")
}

func TestImportsGoDownAndThirdPartiesStayWhereTheyMay(t *testing.T) {
	packages := readPackages(t)
	if len(packages) < 3 {
		t.Fatalf("only %d packages found: %v", len(packages), packages)
	}
	for _, wrong := range violations(packages) {
		t.Error(wrong)
	}
}

func TestEachThirdPartyThatALayerMayImportIsImported(t *testing.T) {
	packages := readPackages(t)
	for i, l := range layers {
		for _, allowed := range l.may {
			used := allowed == "*"
			for path, imports := range packages {
				if own, known := layerOf(path); known && own == i {
					used = used || slices.ContainsFunc(imports, func(imported string) bool {
						return imported == allowed || strings.HasPrefix(imported, allowed+"/")
					})
				}
			}
			if !used {
				t.Errorf("%s does not import %s: take it out of the table in layers_test.go, and of ARCHITECTURE.md", l.folder, allowed)
			}
		}
	}
}

func TestEachLayerIsAFolderThatArchitectureNames(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(moduleRoot, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		if info, err := os.Stat(filepath.Join(moduleRoot, l.folder)); err != nil || !info.IsDir() {
			t.Errorf("%s: there is no such folder: take its line out of the table in layers_test.go", l.folder)
		}
		name := strings.Replace(l.folder, ".", "unoactor", 1)
		if !strings.Contains(string(page), "`"+name+"`") && !strings.Contains(string(page), "`"+name+"/") {
			t.Errorf("%s: ARCHITECTURE.md does not say what it holds: give it a row there", l.folder)
		}
	}
}

func TestEachKindOfViolationIsFound(t *testing.T) {
	for want, packages := range map[string]map[string][]string{
		"imports supervisor, which is above conn": {"conn": {module + "/supervisor"}},
		"imports ., which is above routing":       {"routing": {module}},
		"routing may not use":                     {"routing": {pgx}},
		"supervisor may not use":                  {"supervisor": {pgx + "/pgconn"}},
		"conn may not use":                        {"conn": {protoactor + "/actor"}},
		"not in any layer":                        {"internal/new": nil},
		"name the package by what it holds":       {"internal/gateway/util": nil},
	} {
		got := violations(packages)
		if len(got) != 1 || !strings.Contains(got[0], want) {
			t.Errorf("%v: got %q, want %q", packages, got, want)
		}
	}
	fine := map[string][]string{
		".": {"context", module + "/conn", pgx}, "conn": {module + "/config", pgx + "/pgconn"},
		"internal/gateway/drive": {module + "/internal/gateway/wire", module}, "bench/peers": {"example.org/any"},
	}
	if got := violations(fine); len(got) != 0 {
		t.Errorf("nothing is wrong, but got %q", got)
	}
}
