package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
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
// order of their names, fills in the defaults and checks it. Of a folder neither hidden
// files (their names begin with a dot, as those of editors' locks do) nor folders are
// read; a *.hcl that is anything else than a file is an error. If something is
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
		if !strings.HasSuffix(e.Name(), ".hcl") || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		file := filepath.Join(path, e.Name())
		switch info, err := os.Stat(file); { // of what a link leads to
		case errors.Is(err, fs.ErrNotExist) && e.Type()&fs.ModeSymlink != 0:
			return nil, fmt.Errorf("%s is a link that leads to nothing: mend it, or remove it: %w", file, err)
		case err != nil:
			return nil, err
		case info.IsDir():
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is no file that can be read as a part of the topology (%s)", file, info.Mode().Type())
		default:
			paths = append(paths, file)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no *.hcl file in %s (hidden files and folders in it are not read)", path)
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
		collector: collector{files: files, secrets: make(stretches), hidden: make(stretches)},
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
			r.hidden[name] = brokenStretches(files[name])
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
	r.hidden = veil(bodies, files, r.secrets)
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
