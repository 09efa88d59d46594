package layers_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// pulledIn are the modules of which something is compiled into a program that
// imports unoactor, each with the reason. What an adapter needs must not be here: a
// door that is not opened weighs nothing.
var pulledIn = map[string]string{
	"github.com/agext/levenshtein":             "config: did you mean",
	"github.com/caarlos0/env/v11":              "config: settings of the environment",
	"github.com/asynkron/protoactor-go":        "actors, supervisor: the actors",
	"github.com/failsafe-go/failsafe-go":       "actors and the root: breaker and retries",
	"github.com/hashicorp/go-hclog":            "the log",
	"github.com/hashicorp/hcl/v2":              "config: the topology file",
	"github.com/jackc/pgx/v5":                  "conn and the root: PostgreSQL",
	"github.com/petermattis/goid":              "conn: who has a lease",
	"github.com/zclconf/go-cty":                "config: the values of hcl",
	"go.opentelemetry.io/otel":                 "supervisor: attributes of metrics",
	"go.opentelemetry.io/otel/metric":          "supervisor and the root: metrics",
	"golang.org/x/sys":                         "by go-isatty",
	"github.com/mattn/go-isatty":               "by hclog",
	"github.com/mattn/go-colorable":            "by hclog",
	"github.com/fatih/color":                   "by hclog",
	"github.com/jackc/pgpassfile":              "by pgx",
	"github.com/jackc/pgservicefile":           "by pgx",
	"golang.org/x/text":                        "by pgx: SCRAM's strings; by hcl",
	"github.com/apparentlymart/go-textseg/v15": "by hcl",
	"github.com/mitchellh/go-wordwrap":         "by hcl",
	"github.com/bits-and-blooms/bitset":        "by failsafe-go",
	"github.com/cespare/xxhash/v2":             "by OpenTelemetry's attributes",
	"github.com/go-logr/logr":                  "by OpenTelemetry",
	"github.com/go-logr/stdr":                  "by OpenTelemetry",
	"go.opentelemetry.io/auto/sdk":             "by OpenTelemetry",
	"go.opentelemetry.io/otel/log":             "by OpenTelemetry",
	"go.opentelemetry.io/otel/trace":           "by OpenTelemetry",

	// protoactor's actor package imports its metrics, which we don't use.
	"github.com/Workiva/go-datastructures":             "by protoactor: mailboxes",
	"github.com/emirpasic/gods":                        "by protoactor: stacks",
	"github.com/google/uuid":                           "by protoactor",
	"github.com/lithammer/shortuuid/v4":                "by protoactor",
	"github.com/lmittmann/tint":                        "by protoactor: its log",
	"github.com/orcaman/concurrent-map":                "by protoactor: its registry",
	"github.com/twmb/murmur3":                          "by protoactor",
	"google.golang.org/protobuf":                       "by protoactor: PIDs",
	"github.com/prometheus/client_golang":              "by protoactor's metrics",
	"github.com/prometheus/client_model":               "by protoactor's metrics",
	"github.com/prometheus/common":                     "by protoactor's metrics",
	"github.com/prometheus/procfs":                     "by protoactor's metrics",
	"github.com/beorn7/perks":                          "by protoactor's metrics",
	"github.com/golang/protobuf":                       "by protoactor's metrics",
	"github.com/matttproud/golang_protobuf_extensions": "by protoactor's metrics",
	"go.opentelemetry.io/otel/exporters/prometheus":    "by protoactor's metrics",
	"go.opentelemetry.io/otel/sdk":                     "by protoactor's metrics",
	"go.opentelemetry.io/otel/sdk/metric":              "by protoactor's metrics",
}

// dependency is a package as go list prints it.
type dependency struct {
	ImportPath string
	Imports    []string
	Module     *struct{ Path string }
}

// dependencies asks the go command what is compiled in with a package, on one
// system, so that the answer is the same on all. A cached result of the test is as
// good as a fresh one as long as who asks has read go.mod and all sources.
func dependencies(t *testing.T, path string) map[string]dependency {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Module", path)
	cmd.Dir = moduleRoot
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", path, err, complaint.String())
	}
	all := make(map[string]dependency)
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p dependency
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// chains is, for each module of which a package has something, the shortest chain of
// imports that leads there.
func chains(all map[string]dependency, from string) map[string][]string {
	found := make(map[string][]string)
	seen := map[string]bool{from: true}
	for queue := [][]string{{from}}; len(queue) > 0; queue = queue[1:] {
		chain := queue[0]
		p := all[chain[len(chain)-1]]
		if p.Module != nil && found[p.Module.Path] == nil {
			found[p.Module.Path] = chain
		}
		for _, next := range p.Imports {
			if _, compiled := all[next]; compiled && !seen[next] {
				seen[next] = true
				queue = append(queue, append(slices.Clone(chain), next))
			}
		}
	}
	delete(found, module)
	return found
}

// readModule reads the files on which the result depends, so that a cached result is known to be stale:
// see dependencies.
func readModule(t *testing.T) {
	t.Helper()
	readPackages(t)
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.ReadFile(moduleRoot + "/" + name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAProgramThatImportsUnoactorGetsNoMoreThanItNeeds(t *testing.T) {
	readModule(t)
	all := dependencies(t, ".")
	found := chains(all, module)
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if pulledIn[path] == "" {
			t.Errorf("%s is compiled into every program that imports unoactor:\n\t%s\nMove what needs it to a package below adapters/, "+
				"or, if it can't be otherwise, add it to the list in weight_test.go with the reason", path, strings.Join(found[path], "\n\timports "))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(pulledIn)) {
		if found[path] == nil {
			t.Errorf("%s is not compiled in any more: take it off the list in weight_test.go", path)
		}
	}
	root, _ := layerOf(".")
	for path := range all {
		relative, ours := relativePath(path)
		if height, known := layerOf(relative); ours && known && height > root {
			t.Errorf("%s is compiled into every program that imports unoactor, and is above it", path)
		}
	}
}

func TestTheAdaptersOfTheStandardLibraryBringNothing(t *testing.T) {
	readModule(t)
	for _, door := range []string{"adapters/unohealth", "adapters/unoslog"} {
		for path, chain := range chains(dependencies(t, "./"+door), module+"/"+door) {
			if pulledIn[path] == "" {
				t.Errorf("%s brings %s:\n\t%s", door, path, strings.Join(chain, "\n\timports "))
			}
		}
	}
}

func TestAChainOfImportsIsTheShortest(t *testing.T) {
	all := map[string]dependency{
		module:            {ImportPath: module, Imports: []string{module + "/a", module + "/b", "fmt"}},
		module + "/a":     {ImportPath: module + "/a", Imports: []string{module + "/b"}},
		module + "/b":     {ImportPath: module + "/b", Imports: []string{"example.org/x/y", module}},
		"example.org/x/y": {ImportPath: "example.org/x/y", Module: &struct{ Path string }{"example.org/x"}},
	}
	want := []string{module, module + "/b", "example.org/x/y"}
	if got := chains(all, module); len(got) != 1 || !slices.Equal(got["example.org/x"], want) {
		t.Errorf("got %v", got)
	}
}
