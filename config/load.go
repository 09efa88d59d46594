package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Option is what a topology file is read with.
type Option func(*reader)

// WithVariable gives a variable its value, before the environment and its default.
func WithVariable(name, value string) Option {
	return func(r *reader) { r.given[name] = value }
}

// WithEnviron replaces the environment in which env() and UNOACTOR_VAR_* are looked up.
func WithEnviron(lookup func(string) (string, bool)) Option {
	return func(r *reader) { r.environ = lookup }
}

// Load reads a topology from a file, or from all *.hcl files of a folder, fills
// in the defaults and checks it. If something is wrong its error is [*Errors],
// which tells everything that is, or the error of the file system.
func Load(path string, options ...Option) (Topology, error) {
	paths := []string{path}
	info, err := os.Stat(path)
	if err != nil {
		return Topology{}, err
	}
	if info.IsDir() {
		if paths, err = filepath.Glob(filepath.Join(path, "*.hcl")); err != nil {
			return Topology{}, err
		}
		if len(paths) == 0 {
			return Topology{}, fmt.Errorf("no *.hcl file in %s", path)
		}
		slices.Sort(paths)
	}
	files := make(map[string][]byte, len(paths))
	for _, p := range paths {
		if files[p], err = os.ReadFile(p); err != nil {
			return Topology{}, err
		}
	}
	return parse(paths, files, options)
}

// Parse is [Load] of one file's content. Paths in it are relative to the folder
// of the file name.
func Parse(content []byte, filename string, options ...Option) (Topology, error) {
	return parse([]string{filename}, map[string][]byte{filename: content}, options)
}

func parse(names []string, files map[string][]byte, options []Option) (Topology, error) {
	r := &reader{collector: collector{files: files}, given: make(map[string]string), environ: os.LookupEnv}
	for _, o := range options {
		o(r)
	}
	var bodies []*hclsyntax.Body
	for _, name := range names {
		f, diagnostics := hclsyntax.ParseConfig(files[name], name, hcl.InitialPos)
		r.diagnose(diagnostics)
		if f != nil {
			if body, ok := f.Body.(*hclsyntax.Body); ok {
				bodies = append(bodies, body)
			}
		}
	}
	if err := r.err(); err != nil {
		return Topology{}, err // what the decoder would say of half a file misleads
	}
	t := r.topology(bodies).Complete()
	t.check(&r.collector)
	return t, r.err()
}

// diagnose takes over what the HCL library complains about.
func (r *reader) diagnose(diagnostics hcl.Diagnostics) {
	for _, d := range diagnostics {
		if d.Severity != hcl.DiagError {
			continue
		}
		p := Problem{What: lowerFirst(d.Summary), Advice: d.Detail}
		if d.Subject != nil {
			p.File, p.Line, p.Column = d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column
			p.Width = width(*d.Subject)
		}
		r.add(p)
	}
}

func width(at hcl.Range) int {
	if at.End.Line != at.Start.Line {
		return 1
	}
	return at.End.Column - at.Start.Column
}
