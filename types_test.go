package unoactor_test

import (
	"bytes"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/unoactor/unoactor"

// hidden are types that the root package mentions and that no program which embeds it has to
// name: neither they nor what they lead to need a name in the root.
var hidden = map[string]string{
	"conn.Slots":         "the inside of a pool, for the gateway",
	"supervisor.Wish":    "subscriptions of the tree: Subscribe is for programs",
	"routing.Choice":     "a route as the router's actor sees it: System.For is for programs",
	"conn.DialerOptions": "how the tree dials: the options of New set it",
	"config.Auth":        "the daemon's",
	"config.User":        "the daemon's",
	"config.Verifier":    "the daemon's",
}

// read is the root package and what it imports, as the compiler wrote them down.
func readPackages(t *testing.T) (root *types.Package, load func(path string) *types.Package) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for line := range bytes.Lines(out) {
		path, file, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
		files[path] = file
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
	load = func(path string) *types.Package {
		pkg, err := from.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		return pkg
	}
	return load(module), load
}

func nameOf(o types.Object) string { return o.Pkg().Name() + "." + o.Name() }

// surface is what can be said to a package and heard of it: the types of its exported
// signatures and fields, and of theirs.
type surface struct {
	root  *types.Package
	from  map[*types.TypeName]string // by what they are reached
	trail string
}

// object takes what a name of the root leads to.
func (s *surface) object(o types.Object) {
	s.trail = o.Name()
	if named, ok := types.Unalias(o.Type()).(*types.Named); ok {
		if _, is := o.(*types.TypeName); is && named.Obj().Pkg() == s.root {
			s.members(named)
			return
		}
	}
	s.take(o.Type())
}

// members takes the exported methods and fields of a type.
func (s *surface) members(n *types.Named) {
	for m := range n.Methods() {
		if m.Exported() {
			s.take(m.Type())
		}
	}
	if _, basic := n.Underlying().(*types.Basic); !basic {
		s.take(n.Underlying())
	}
}

func (s *surface) take(t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		s.take(types.Unalias(t))
	case *types.Named:
		s.named(t)
	case *types.Map:
		s.take(t.Key())
		s.take(t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		s.take(t.Elem())
	case *types.Signature:
		for _, all := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range all.Variables() {
				s.take(v.Type())
			}
		}
		for p := range t.TypeParams().TypeParams() {
			s.take(p.Constraint())
		}
	case *types.Interface:
		for m := range t.Methods() {
			if m.Exported() {
				s.take(m.Type())
			}
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				s.take(f.Type())
			}
		}
	}
}

func (s *surface) named(t *types.Named) {
	for a := range t.TypeArgs().Types() {
		s.take(a)
	}
	o := t.Obj()
	if o.Pkg() == nil || !strings.HasPrefix(o.Pkg().Path(), module) || o.Pkg() == s.root || s.from[o] != "" || hidden[nameOf(o)] != "" {
		return
	}
	s.from[o] = s.trail
	before := s.trail
	s.trail += " > " + nameOf(o)
	s.members(t.Origin())
	s.trail = before
}

// aliases are the types of other packages that have a name in the root.
func aliases(root *types.Package) map[types.Object]bool {
	all := make(map[types.Object]bool)
	for _, name := range root.Scope().Names() {
		if o, is := root.Scope().Lookup(name).(*types.TypeName); is && o.Exported() {
			if named, is := types.Unalias(o.Type()).(*types.Named); is && named.Obj().Pkg() != root {
				all[named.Origin().Obj()] = true
			}
		}
	}
	return all
}

func TestEachTypeOfTheRootsSignaturesAndFieldsHasANameInTheRoot(t *testing.T) {
	root, _ := readPackages(t)
	s := &surface{root: root, from: make(map[*types.TypeName]string)}
	for _, name := range root.Scope().Names() {
		if o := root.Scope().Lookup(name); o.Exported() {
			s.object(o)
		}
	}
	if len(s.from) < 50 {
		t.Fatalf("only %d types were found", len(s.from))
	}
	named := aliases(root)
	for o, from := range s.from {
		if !named[o] {
			t.Errorf("%s (%s) has no name in package unoactor: give it one in types.go", nameOf(o), from)
		}
	}
}

func TestEachValueOfANamedChoiceHasANameInTheRoot(t *testing.T) {
	root, load := readPackages(t)
	here := make(map[string]bool)
	for _, name := range root.Scope().Names() {
		if c, is := root.Scope().Lookup(name).(*types.Const); is && c.Exported() {
			here[c.Type().String()+c.Val().ExactString()] = true
		}
	}
	values := 0
	for o := range aliases(root) {
		scope := load(o.Pkg().Path()).Scope()
		for _, name := range scope.Names() {
			c, is := scope.Lookup(name).(*types.Const)
			if !is || !c.Exported() || !types.Identical(c.Type(), o.Type()) {
				continue
			}
			values++
			if !here[c.Type().String()+c.Val().ExactString()] {
				t.Errorf("%s is a value of %s, and has no name in package unoactor", nameOf(c), nameOf(o))
			}
		}
	}
	if values < 50 {
		t.Fatalf("only %d values were found", values)
	}
}

// A comment of the root that sends a program to another package for an error, a type or a
// value sends it to what the root has no name for.
func TestWhatTheCommentsOfTheRootLinkToHasANameInTheRoot(t *testing.T) {
	root, load := readPackages(t)
	named := aliases(root)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\[\*?(config|conn|messages|supervisor|routing|mapping)\.([A-Z]\w*)(?:\.\w+)?\]`)
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, "types.go") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			o := load(module + "/" + m[1]).Scope().Lookup(m[2])
			switch {
			case o == nil:
				t.Errorf("%s: there is no %s.%s", file, m[1], m[2])
				continue
			case hidden[nameOf(o)] != "":
				continue
			}
			if _, is := o.(*types.Func); is {
				continue
			}
			found++
			_, isType := o.(*types.TypeName)
			if isType && !named[o] || !isType && root.Scope().Lookup(o.Name()) == nil {
				t.Errorf("%s: [%s.%s] has no name in package unoactor", file, m[1], m[2])
			}
		}
	}
	if found == 0 {
		t.Fatal("no link was found")
	}
}

func TestTheExamplesImportOnePackage(t *testing.T) {
	var files []string
	for _, pattern := range []string{"example*_test.go", "examples/*/*.go", "adapters/*/example*_test.go"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	if len(files) < 10 {
		t.Fatalf("only %d files", len(files))
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			rest, ours := strings.CutPrefix(path, module+"/")
			if ours && !strings.HasPrefix(rest, "adapters/") && rest != "testkit" {
				t.Errorf("%s imports %s: a program that embeds unoactor needs but one import", file, rest)
			}
		}
	}
}
