package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Option is what a topology file is read with.
type Option func(*reader)

// WithVariable gives a variable its value, before the environment and its default.
// For a variable whose type is a list, a map or the like, the value is written as
// in a file: ["a", "b"]. One that the topology doesn't declare is an error.
func WithVariable(name, value string) Option {
	return func(r *reader) { r.given[name] = value }
}

// WithEnviron replaces the environment in which env() and UNOACTOR_VAR_* are
// looked up, which is the process's. lookup is as [os.LookupEnv].
func WithEnviron(lookup func(string) (string, bool)) Option {
	return func(r *reader) { r.environ = lookup }
}

// Load reads a topology from a file, or from all *.hcl files of a folder in the
// order of their names, fills in the defaults and checks it. If something is
// wrong its error is [*Errors], which tells everything that is, or the error of
// the file system. It starts nothing and connects to nothing.
func Load(path string, options ...Option) (Topology, error) {
	paths, err := topologyFiles(path)
	if err != nil {
		return Topology{}, err
	}
	files := make(map[string][]byte, len(paths))
	for _, p := range paths {
		if files[p], err = os.ReadFile(p); err != nil {
			return Topology{}, err
		}
	}
	return parse(paths, files, options)
}

func topologyFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	entries, err := os.ReadDir(path) // sorted
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".hcl") {
			paths = append(paths, filepath.Join(path, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no *.hcl file in %s", path)
	}
	return paths, nil
}

// Parse is [Load] of one file's content. The file of that name need not exist;
// paths in the content are relative to its folder.
func Parse(content []byte, filename string, options ...Option) (Topology, error) {
	filename = cmp.Or(filename, "topology.hcl")
	return parse([]string{filename}, map[string][]byte{filename: content}, options)
}

func parse(names []string, files map[string][]byte, options []Option) (Topology, error) {
	r := &reader{
		collector: collector{files: files, secrets: make(map[string][]stretch)},
		folder:    filepath.Dir(names[0]), given: make(map[string]string), environ: os.LookupEnv,
	}
	for _, o := range options {
		o(r)
	}
	var bodies []*hclsyntax.Body
	for _, name := range names {
		f, diagnostics := hclsyntax.ParseConfig(files[name], name, hcl.InitialPos)
		r.diagnose(withoutEchoes(diagnostics), false)
		if diagnostics.HasErrors() {
			r.secrets[name] = brokenStretches(files[name])
			continue
		}
		if body, ok := f.Body.(*hclsyntax.Body); ok {
			bodies = append(bodies, body)
		}
	}
	if err := r.err(); err != nil {
		return Topology{}, err // what the decoder would say of half a file misleads
	}
	r.secrets = secretStretches(bodies)
	t := r.topology(bodies).Complete()
	t.check(&r.collector)
	if err := r.err(); err != nil {
		return Topology{}, err
	}
	return t, nil
}

// withoutEchoes leaves out what is said again of each following line, as for a
// string that is not closed.
func withoutEchoes(diagnostics hcl.Diagnostics) hcl.Diagnostics {
	var kept hcl.Diagnostics
	for i, d := range diagnostics {
		if i == 0 || d.Summary != diagnostics[i-1].Summary || d.Detail != diagnostics[i-1].Detail {
			kept = append(kept, d)
		}
	}
	return kept
}
