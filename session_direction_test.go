package unoactor_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

// sessionLayers are the files that a session is made of, lowest first. A file may use what
// is declared in its own layer and in lower ones.
var sessionLayers = [][]string{
	{"lease.go", "tx.go", "rows.go", "batch.go", "copy.go"},
	{"session_guard.go"},
	{"session_lease.go"},
	{"session_levels.go"},
	{"session_flush.go", "session_objects.go", "session_tx.go", "session_statements.go", "session.go", "session_config.go"},
}

// unitOfWork is the package that the layers below the last one know nothing of.
const unitOfWork = "github.com/unoactor/unoactor/internal/unitofwork"

// sourceFile is what the direction of a file is judged by.
type sourceFile struct {
	declares []string // at the level of the package
	uses     []string
	imports  []string
}

func readSource(t *testing.T, name, text string) sourceFile {
	t.Helper()
	var source any
	if text != "" {
		source = text
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var f sourceFile
	for _, d := range parsed.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				f.declares = append(f.declares, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					f.declares = append(f.declares, s.Name.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						f.declares = append(f.declares, n.Name)
					}
				case *ast.ImportSpec:
					f.imports = append(f.imports, strings.Trim(s.Path.Value, `"`))
				}
			}
		}
	}
	used := make(map[string]bool)
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr: // a field or a method is its type's, which is named elsewhere
			ast.Inspect(n.X, func(x ast.Node) bool {
				if id, ok := x.(*ast.Ident); ok {
					used[id.Name] = true
				}
				return true
			})
			return false
		case *ast.Ident:
			used[n.Name] = true
		}
		return true
	})
	f.uses = slices.Sorted(maps.Keys(used))
	return f
}

// upwards lists what files use that is declared in a layer above their own.
func upwards(layers [][]sourceFile) []string {
	var wrong []string
	for i, layer := range layers {
		for _, f := range layer {
			for _, above := range layers[i+1:] {
				for _, upper := range above {
					for _, name := range upper.declares {
						if slices.Contains(f.uses, name) {
							wrong = append(wrong, strings.Join(f.declares, ", ")+" use "+name)
						}
					}
				}
			}
		}
	}
	return wrong
}

func TestASessionCallsDownOnly(t *testing.T) {
	layers := make([][]sourceFile, len(sessionLayers))
	for i, names := range sessionLayers {
		for _, name := range names {
			f := readSource(t, name, "")
			if i < len(sessionLayers)-1 && slices.Contains(f.imports, unitOfWork) {
				t.Errorf("%s imports the unit of work, which is told of transactions by the session, and tells nobody", name)
			}
			layers[i] = append(layers[i], f)
		}
	}
	for _, wrong := range upwards(layers) {
		t.Errorf("%s, which is declared in a layer above: return what the caller is to do, or take an interface of one method", wrong)
	}
}

func TestACallUpwardsIsFound(t *testing.T) {
	lower := func(body string) sourceFile {
		return readSource(t, "lower.go", "package p\ntype lower struct{ x int }\n"+body)
	}
	upper := readSource(t, "upper.go", "package p\ntype Upper struct{ lower }\nfunc raise() {}\nvar top int")
	for body, want := range map[string]int{
		"func (l lower) f(u *Upper) { u.x++ }":    1,
		"func (l lower) f() { raise() }":          1,
		"var y = top":                             1,
		"func (l lower) f() int { return l.x }":   0,
		"func (l lower) f() int { return l.top }": 0,
	} {
		if got := upwards([][]sourceFile{{lower(body)}, {upper}}); len(got) != want {
			t.Errorf("%s: got %q", body, got)
		}
	}
}
