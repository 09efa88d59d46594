package docs_test

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEachLinkInACommentLeadsToANameThatThereIs(t *testing.T) {
	positions := token.NewFileSet()
	l := library{own: readModule(t, positions), others: make(map[string]*folder)}
	seen := 0
	for at, f := range l.own {
		for _, file := range f.files {
			for _, group := range file.Comments {
				for _, link := range linksIn(group.Text()) {
					seen++
					if wrong := l.lookUp(at, link); wrong != "" {
						t.Errorf("%s: [%s] %s", positions.Position(group.Pos()), written(link), wrong)
					}
				}
			}
		}
	}
	if seen < 300 {
		t.Errorf("only %d links found", seen)
	}
}

func TestEachKindOfBrokenLinkIsFound(t *testing.T) {
	source := "package p\n\nimport \"context\"\n\ntype Door struct{ Handle int; context.Context }\n\nfunc (Door) Open() {}\n\nfunc shut() {}\n\ntype door struct{ Knock int }\n"
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := newFolder()
	f.add(file)
	l := library{own: map[string]*folder{"p": f}, others: make(map[string]*folder)}
	for text, want := range map[string]string{
		"see [door.Knock], [Door], [*Door], [Door.Open], [Door.Handle], [Door.Done], [shut]": "",
		"see [context.Context], [context.Context.Done] and [context]":                        "",
		"a[Gate], [] and [0] are no links; nor is [a gate]":                                  "",
		"see [Gate]":            "[Gate] is not declared here",
		"see [Door.Close]":      "[Door.Close] is not declared here",
		"see [gate]":            "[gate] is neither declared nor imported here",
		"see [context.Missing]": "[context.Missing] is not declared there",
		"see [fmt.Println]":     "[fmt.Println] is of a package that is not imported here",
	} {
		var got []string
		for _, link := range linksIn(text + "\n") {
			if wrong := l.lookUp("p", link); wrong != "" {
				got = append(got, fmt.Sprintf("[%s] %s", written(link), wrong))
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// linksIn are the links to names in the text of a comment. A name of lower case is one as well:
// no documentation shows it as a link, but readers of the source follow it.
func linksIn(text string) []*comment.DocLink {
	if !strings.Contains(text, "[") || strings.HasPrefix(text, "Output:") {
		return nil
	}
	parser := comment.Parser{
		LookupPackage: func(name string) (string, bool) {
			return name, token.IsIdentifier(path.Base(strings.ReplaceAll(name, ".", "")))
		},
		LookupSym: func(string, string) bool { return true },
	}
	var links []*comment.DocLink
	inText := func(all []comment.Text) {
		for _, one := range all {
			if link, ok := one.(*comment.DocLink); ok && link.ImportPath+link.Name != "" {
				links = append(links, link)
			}
		}
	}
	for _, block := range parser.Parse(text).Content {
		switch block := block.(type) {
		case *comment.Heading:
			inText(block.Text)
		case *comment.Paragraph:
			inText(block.Text)
		case *comment.List:
			for _, item := range block.Items {
				for _, within := range item.Content {
					if p, ok := within.(*comment.Paragraph); ok {
						inText(p.Text)
					}
				}
			}
		}
	}
	return links
}

// written is a link as it stands in the comment.
func written(link *comment.DocLink) string {
	parts := []string{link.ImportPath, link.Recv, link.Name}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ".")
}

// library is all that links can lead to: the module's own packages, and of others those that
// a link was followed to.
type library struct {
	own, others map[string]*folder
}

// lookUp says what is wrong with a link in the package at an import path, "" if nothing is.
func (l *library) lookUp(at string, link *comment.DocLink) string {
	here := l.own[at]
	if link.ImportPath == "" {
		if l.has(at, link.Recv, link.Name) {
			return ""
		}
		return "is not declared here"
	}
	if link.Name == "" { // a package, or a name of lower case with or without its type
		recv, name, dotted := strings.Cut(link.ImportPath, ".")
		if !dotted {
			recv, name = "", recv
		}
		if l.has(at, recv, name) || here.imports[link.ImportPath] != "" || l.own[link.ImportPath] != nil {
			return ""
		}
		return "is neither declared nor imported here"
	}
	if link.Recv == "" && l.has(at, link.ImportPath, link.Name) { // of a type whose name is of lower case
		return ""
	}
	to := here.imports[link.ImportPath]
	if to == "" && l.own[link.ImportPath] != nil {
		to = link.ImportPath
	}
	if to == "" {
		return "is of a package that is not imported here"
	}
	if l.has(to, link.Recv, link.Name) {
		return ""
	}
	return "is not declared there"
}

// has says whether a package declares a name, or a type has it for a field or method, its own
// or of what it embeds.
func (l *library) has(at, recv, name string) bool {
	f := l.open(at)
	if recv == "" {
		return f.members[name] != nil
	}
	if f.members[recv][name] {
		return true
	}
	return slices.ContainsFunc(f.embeds[recv], func(e ast.Expr) bool {
		from := at
		if p := packageOf(e); p != "" {
			from = f.imports[p]
		}
		return from != "" && (from != at || typeName(e) != recv) && l.has(from, typeName(e), name)
	})
}

// open reads a package of another module, or of Go's own library, when it is first wanted.
func (l *library) open(at string) *folder {
	if f := l.own[at]; f != nil {
		return f
	}
	if f := l.others[at]; f != nil {
		return f
	}
	f := newFolder()
	l.others[at] = f
	found, err := build.Import(at, moduleRoot, 0)
	if err != nil {
		return f
	}
	for _, name := range found.GoFiles {
		if content, err := os.ReadFile(filepath.Join(found.Dir, name)); err == nil {
			if file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution); err == nil {
				f.add(file)
			}
		}
	}
	return f
}
