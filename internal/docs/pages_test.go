package docs_test

import (
	"fmt"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var (
	fence      = regexp.MustCompile("(?ms)^[ \t]*```.*?^[ \t]*```")
	code       = regexp.MustCompile("`[^`\n]+`")
	heading    = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *#*$`)
	pageLink   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	definition = regexp.MustCompile(`(?m)^\[[^\]]+\]: +(\S+)`)
)

func TestEachLinkOfAPageLeadsToAFileAndToAHeadingThatThereIs(t *testing.T) {
	pages := readPages(t)
	seen := 0
	for name, text := range pages {
		for _, to := range pageLinks(text) {
			seen++
			if wrong := followLink(pages, name, to); wrong != "" {
				t.Errorf("%s: (%s): %s", name, to, wrong)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d links found", seen)
	}
}

func TestEachKindOfBrokenPageLinkIsFound(t *testing.T) {
	pages := map[string]string{
		"docs/a.md": "# The `tls` of a *node*, and why?\n## Twice\n## Twice\n```\n# no heading\n```\n",
		"b.md":      "",
	}
	for to, want := range map[string]string{
		"a.md#the-tls-of-a-node-and-why": "",
		"#twice-1":                       "",
		"../b.md":                        "",
		"https://example.org/a#b":        "",
		"#no-heading":                    "no such heading",
		"../b.md#twice":                  "no such heading",
		"missing.md":                     "no such file",
	} {
		if got := followLink(pages, "docs/a.md", to); got != want {
			t.Errorf("%s: got %q, want %q", to, got, want)
		}
	}
	if got := pageLinks("[a](b.md) `[c](d)`\n```\n[e](f)\n```\n[g]: h.md\n"); !slices.Equal(got, []string{"b.md", "h.md"}) {
		t.Errorf("links %q", got)
	}
}

// readPages reads all Markdown files of the module.
func readPages(t *testing.T) map[string]string {
	t.Helper()
	pages := make(map[string]string)
	err := walk(".md", func(name string) error {
		content, err := os.ReadFile(filepath.Join(moduleRoot, name))
		pages[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// pageLinks are the targets of the links of a page, those in code left out.
func pageLinks(text string) []string {
	text = code.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
	var targets []string
	for _, m := range slices.Concat(pageLink.FindAllStringSubmatch(text, -1), definition.FindAllStringSubmatch(text, -1)) {
		targets = append(targets, m[1])
	}
	return targets
}

// followLink says what is wrong with a link of a page, "" if nothing is. What leads out of the
// repository is not followed.
func followLink(pages map[string]string, from, to string) string {
	if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
		return ""
	}
	file, anchor, anchored := strings.Cut(to, "#")
	name := from
	if file != "" {
		name = path.Join(path.Dir(from), file)
	}
	text, isPage := pages[name]
	if _, err := os.Stat(filepath.Join(moduleRoot, name)); err != nil && !isPage {
		return "no such file"
	}
	if anchored && !slices.Contains(anchors(text), anchor) {
		return "no such heading"
	}
	return ""
}

// anchors are the names by which the headings of a page are linked to, as GitHub makes them.
func anchors(text string) []string {
	var all []string
	times := make(map[string]int)
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])
		times[anchor]++
		if n := times[anchor]; n > 1 {
			anchor += fmt.Sprintf("-%d", n-1)
		}
		all = append(all, anchor)
	}
	return all
}

func TestPagesWrapAt120Columns(t *testing.T) {
	pages := readPages(t)
	delete(pages, "CHANGELOG.md") // an entry is as long as its release took
	for name, text := range pages {
		for i, line := range strings.Split(fence.ReplaceAllStringFunc(text, blank), "\n") {
			if n := utf8.RuneCountInString(line); n > 120 && !strings.HasPrefix(line, "|") {
				t.Errorf("%s:%d: %d columns", name, i+1, n)
			}
		}
	}
}

func TestEachFileThatThePagesNameExists(t *testing.T) {
	pages := readPages(t)
	delete(pages, "CHANGELOG.md") // what it tells of may be gone
	seen := 0
	for name, text := range pages {
		for i, line := range strings.Split(fence.ReplaceAllStringFunc(text, blank), "\n") {
			for _, missing := range missingFiles(line, &seen) {
				t.Errorf("%s:%d: there is no %s", name, i+1, missing)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d files found", seen)
	}
}

func TestEachFileThatACommentNamesExists(t *testing.T) {
	named := regexp.MustCompile(`(?:^|[\s(])([\w/*-]+\.go)\b`)
	positions := token.NewFileSet()
	seen := 0
	for at, f := range readModule(t, positions) {
		folder := strings.TrimPrefix(strings.TrimPrefix(at, module), "/")
		for _, file := range f.files {
			for _, group := range file.Comments {
				for _, m := range named.FindAllStringSubmatch(group.Text(), -1) {
					seen++
					if !exists(folder, m[1]) && !exists(".", m[1]) {
						t.Errorf("%s: there is no %s", positions.Position(group.Pos()), m[1])
					}
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d files found", seen)
	}
}

// exists says whether a folder of the module has a file, or some of a pattern.
func exists(folder, name string) bool {
	found, err := filepath.Glob(filepath.Join(moduleRoot, folder, name))
	return err == nil && len(found) > 0
}

// blank keeps the lines of a text, and nothing in them.
func blank(text string) string { return strings.Repeat("\n", strings.Count(text, "\n")) }

// missingFiles are the Go files that a line of a page names and that are not there. A name
// without a folder is that of a file at the root, or in a folder that the line names.
func missingFiles(line string, seen *int) []string {
	folders := []string{"."}
	var names []string
	for _, m := range code.FindAllString(line, -1) {
		name := strings.Trim(m, "`")
		if path.Ext(name) == ".go" && !strings.ContainsAny(name, " (<") {
			names = append(names, name)
			name = path.Dir(name)
		}
		if info, err := os.Stat(filepath.Join(moduleRoot, name)); err == nil && info.IsDir() {
			folders = append(folders, name)
		}
	}
	*seen += len(names)
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(folders, func(folder string) bool { return exists(folder, name) })
	})
}
