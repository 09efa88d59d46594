package config

import (
	"io/fs"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// everybody is what the mode of a file has that every user of the machine can read.
const everybody fs.FileMode = 0o004

// Exposed returns those files of a topology (see [Load]) that every user of the machine
// can read though a password is written in them. Of files that can't be understood it
// says nothing.
func Exposed(path string) ([]string, error) {
	paths, err := topologyFiles(path)
	if err != nil {
		return nil, err
	}
	var bodies []*hclsyntax.Body
	for _, p := range paths {
		content, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		f, diagnostics := hclsyntax.ParseConfig(content, p, hcl.InitialPos)
		if body, ok := f.Body.(*hclsyntax.Body); ok && !diagnostics.HasErrors() {
			bodies = append(bodies, body)
		}
	}
	written := secretStretches(bodies)
	var exposed []string
	for _, p := range paths {
		file, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if len(written[p]) > 0 && file.Mode()&everybody != 0 {
			exposed = append(exposed, p)
		}
	}
	return exposed, nil
}
