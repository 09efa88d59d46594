package unoactor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// flat is text without the indentation of its lines.
func flat(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

func TestTheGoOfThePoolsPageIsThatOfTheExamples(t *testing.T) {
	examples := flat(read(t, "example_pool_test.go") + read(t, "example_actor_test.go"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(read(t, "docs/pool.md"), -1)
	if len(blocks) < 5 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(examples, strings.TrimSpace(flat(b[1]))) {
			t.Errorf("not in the examples:\n%s", b[1])
		}
	}
}

func TestTheGoOfTheUnoPageIsThatOfTheExamples(t *testing.T) {
	files, err := filepath.Glob("examples/uno/*_test.go")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	var examples strings.Builder
	for _, f := range files {
		examples.WriteString(flat(read(t, f)))
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(read(t, "docs/from-uno.md"), -1)
	if len(blocks) < 25 {
		t.Fatalf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(examples.String(), strings.TrimSpace(flat(b[1]))) {
			t.Errorf("not in examples/uno:\n%s", b[1])
		}
	}
}

func TestEachOfTheThirtyScenariosHasATestThatThePageNames(t *testing.T) {
	tests := make(map[string][]string)
	files, err := filepath.Glob("supervisor/scenario_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, m := range regexp.MustCompile(`(?m)^func (TestScenario(\d\d)_\w+)\(`).FindAllStringSubmatch(read(t, f), -1) {
			tests[m[2]] = append(tests[m[2]], m[1])
		}
	}
	page := read(t, "docs/pool.md")
	for n := 1; n <= 30; n++ {
		number := fmt.Sprintf("%02d", n)
		names := tests[number]
		slices.Sort(names)
		if len(names) == 0 {
			t.Errorf("no test of scenario %s", number)
			continue
		}
		row := fmt.Sprintf("| `%s` |\n", strings.Join(names, "`, `"))
		at := strings.Index(page, fmt.Sprintf("\n| %d | ", n))
		if at < 0 || !strings.HasSuffix(page[at+1:at+1+strings.Index(page[at+1:], "\n")+1], row) {
			t.Errorf("docs/pool.md: the row of scenario %d does not end in %s", n, row)
		}
	}
}
