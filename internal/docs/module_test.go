package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/unoactor/unoactor"
	// moduleRoot is where go.mod is, seen from this package.
	moduleRoot = "../.."
)

// folder is what the Go files of one folder declare and import, tests included.
type folder struct {
	files   []*ast.File
	imports map[string]string          // import paths by the names that files use for them
	members map[string]map[string]bool // fields and methods by type; a name that is no type has none
	embeds  map[string][]ast.Expr      // what a type embeds, or is another name of
}

// readModule parses all Go files of the module, those for other systems and the tests included.
func readModule(t *testing.T, positions *token.FileSet) map[string]*folder {
	t.Helper()
	folders := make(map[string]*folder)
	err := walk(".go", func(name string) error {
		file, err := parser.ParseFile(positions, filepath.Join(moduleRoot, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		at := path.Join(module, path.Dir(name))
		if folders[at] == nil {
			folders[at] = newFolder()
		}
		folders[at].add(file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// walk calls each with the files of the module whose names have the ending, relative to its root.
func walk(ending string, each func(name string) error) error {
	root := os.DirFS(moduleRoot)
	return fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if entry.IsDir() && name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() || path.Ext(name) != ending {
			return nil
		}
		return each(name)
	})
}

func newFolder() *folder {
	return &folder{imports: make(map[string]string), members: make(map[string]map[string]bool), embeds: make(map[string][]ast.Expr)}
}

// add takes up a file.
func (f *folder) add(file *ast.File) {
	f.files = append(f.files, file)
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser has
		f.imports[localName(spec, imported)] = imported
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				f.declare(d.Name.Name)
			} else {
				f.declare(typeName(d.Recv.List[0].Type))[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				f.addSpec(spec)
			}
		}
	}
}

// localName is what a file calls a package that it imports: the name that it gives it, or else
// the last part of the path that is no version.
func localName(spec *ast.ImportSpec, imported string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	name := path.Base(imported)
	if version, is := strings.CutPrefix(name, "v"); is && strings.Trim(version, "0123456789") == "" {
		name = path.Base(path.Dir(imported))
	}
	return strings.TrimPrefix(name, "go-")
}

func (f *folder) declare(name string) map[string]bool {
	if f.members[name] == nil {
		f.members[name] = make(map[string]bool)
	}
	return f.members[name]
}

func (f *folder) addSpec(spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			f.declare(name.Name)
		}
	case *ast.TypeSpec:
		members := f.declare(spec.Name.Name)
		var fields *ast.FieldList
		switch of := spec.Type.(type) {
		case *ast.StructType:
			fields = of.Fields
		case *ast.InterfaceType:
			fields = of.Methods
		default:
			f.embeds[spec.Name.Name] = append(f.embeds[spec.Name.Name], of)
			return
		}
		for _, field := range fields.List {
			for _, name := range field.Names {
				members[name.Name] = true
			}
			if len(field.Names) == 0 {
				members[typeName(field.Type)] = true
				f.embeds[spec.Name.Name] = append(f.embeds[spec.Name.Name], field.Type)
			}
		}
	}
}

// typeName is the name of a type without its package, pointers and parameters; "" of others.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.ParenExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	}
	return ""
}

// packageOf is the name by which a file refers to the package of a type, "" if it is its own.
func packageOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		if of, ok := e.X.(*ast.Ident); ok {
			return of.Name
		}
	case *ast.StarExpr:
		return packageOf(e.X)
	case *ast.IndexExpr:
		return packageOf(e.X)
	case *ast.IndexListExpr:
		return packageOf(e.X)
	}
	return ""
}
