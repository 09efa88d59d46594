package protocol_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/internal/gateway/protocol"
)

const (
	rooms = "github.com/unoactor/unoactor/internal/gateway"
	own   = rooms + "/protocol"
)

// imports are all that the machine may know: nothing of sockets, time, locks, files or logs.
var imports = []string{
	"bytes", "encoding/binary", "math", "strings",
	rooms + "/params", rooms + "/prepared", rooms + "/wire", "github.com/unoactor/unoactor/internal/sqltext",
}

// sources parses what of a folder is built here, but for tests.
func sources(t *testing.T, fset *token.FileSet, folder string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if built, err := build.Default.MatchFile(folder, filepath.Base(name)); err != nil {
			t.Fatal(err)
		} else if !built || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func TestTheMachineImportsNothingThatDoesIOOrKnowsAClock(t *testing.T) {
	for _, f := range sources(t, token.NewFileSet(), ".") {
		for _, spec := range f.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); !slices.Contains(imports, path) {
				t.Errorf("%s imports %s: the machine is told what happens, and says what there is to do", f.Name, path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine", f.Name)
			}
			return true
		})
	}
}

func TestTheMachinesStateIsItsOwn(t *testing.T) {
	for _, of := range []reflect.Type{reflect.TypeFor[protocol.Machine](), reflect.TypeFor[protocol.Backend]()} {
		for _, f := range reflect.VisibleFields(of) {
			if f.IsExported() && len(f.Index) == 1 {
				t.Errorf("%s.%s can be written by anybody", of, f.Name)
			}
		}
	}
}

func TestNobodyElseWritesWhatAMachineSays(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", rooms+"/...")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for line := range bytes.Lines(out) {
		path, file, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
		exports[path] = file
	}
	fset, judged := token.NewFileSet(), 0
	from := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for path := range exports {
		folder, ours := strings.CutPrefix(path, rooms)
		if !ours || path == own {
			continue
		}
		for _, wrong := range writes(t, fset, from, path, sources(t, fset, filepath.Join("..", folder)), &judged) {
			t.Error(wrong)
		}
	}
	if judged == 0 {
		t.Error("no package uses a machine")
	}

	// This is how one is found.
	f, err := parser.ParseFile(fset, "wrong.go", "package wrong\nimport \""+own+"\"\nfunc f(m *protocol.Machine, c protocol.Output) {\n"+
		"m.Output().Cancel = true\nc.Cancel = true\no := m.Output()\no.ToClient, o.Why = nil, \"\"\n}\n", parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := writes(t, fset, from, "wrong", []*ast.File{f}, &judged); len(wrong) != 3 {
		t.Errorf("of three there were found: %q", wrong)
	}
}

// writes are the places in a package where a field of a machine's Output is assigned to. One of a copy is no longer
// the machine's. judged counts the packages that use a machine.
func writes(t *testing.T, fset *token.FileSet, from types.Importer, path string, files []*ast.File, judged *int) (wrong []string) {
	t.Helper()
	info := types.Info{Selections: map[*ast.SelectorExpr]*types.Selection{}}
	c := types.Config{Importer: from}
	pkg, err := c.Check(path, fset, files, &info)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(pkg.Imports(), func(p *types.Package) bool { return p.Path() == own }) {
		return nil
	}
	*judged++
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			assigned, ok := n.(*ast.AssignStmt)
			if !ok {
				return true
			}
			for _, left := range assigned.Lhs {
				if s, ok := left.(*ast.SelectorExpr); ok {
					if chosen := info.Selections[s]; chosen != nil && chosen.Recv().String() == "*"+own+".Output" {
						wrong = append(wrong, fmt.Sprintf("%s: %s of a machine's output is assigned to", fset.Position(s.Pos()), s.Sel.Name))
					}
				}
			}
			return true
		})
	}
	return wrong
}
