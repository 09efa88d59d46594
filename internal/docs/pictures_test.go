package docs_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// entry is a line of a picture that enters a file: its branch, the file, what is done there.
var entry = regexp.MustCompile(`(?m)^([ |]*(?:\|->|'->)? ?)([\w/]+\.go)(?: +(\w+)(.*))?$`)

// picture is the first fenced block under a heading of ARCHITECTURE.md.
func picture(t *testing.T, title string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n## "+title+"\n")
	if block := fence.FindString(after); found && block != "" {
		return block
	}
	t.Fatalf("there is no picture under %q", title)
	return ""
}

// A picture that enters a file twice draws a way that goes back and forth.
func TestThePicturesOfTheArchitectureEnterEachFileOnceAndAreTrueToTheCode(t *testing.T) {
	for title, c := range map[string]struct {
		folder string // that its files are in
		named  bool   // each file is followed by a function of it
		least  int
	}{
		"The way of a query":    {"internal/gateway", false, 8},
		"The life of a checkin": {".", true, 10},
	} {
		seen := make(map[string]bool)
		folder := "."
		for _, m := range entry.FindAllStringSubmatch(picture(t, title), -1) {
			file := m[2]
			if strings.Contains(file, "/") {
				folder = path.Dir(file)
			} else {
				file = path.Join(folder, file) // beside the one that it is a branch of
			}
			if seen[file] {
				t.Errorf("%s: %s is entered twice", title, file)
			}
			seen[file] = true
			source, err := os.ReadFile(filepath.Join(moduleRoot, c.folder, file))
			if err != nil {
				t.Errorf("%s: %v", title, err)
				continue
			}
			if f := regexp.MustCompile(`(?m)^func (?:\([^)]*\) )?` + m[3] + `\(`); c.named && !f.Match(source) {
				t.Errorf("%s: there is no func %s in %s", title, m[3], file)
			}
		}
		if len(seen) < c.least {
			t.Errorf("%s: only %d files were found", title, len(seen))
		}
	}
}
