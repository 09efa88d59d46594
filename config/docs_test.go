package config_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
)

const documentation = "../docs/topology.md"

// documented are the rows of the tables under each heading; a heading is known
// by its first word.
func documented(t *testing.T) map[string][][]string {
	t.Helper()
	content, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	tables := make(map[string][][]string)
	heading := ""
	for line := range strings.Lines(string(content)) {
		if words := strings.Fields(line); len(words) > 1 && strings.HasPrefix(words[0], "##") {
			heading = words[1]
		}
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		tables[heading] = append(tables[heading], cells)
	}
	return tables
}

func TestTheDocumentationHasEverySettingWithItsDefaultAndReload(t *testing.T) {
	tables := documented(t)
	for block, settings := range config.Schema() {
		rows := tables[block]
		if len(rows) != len(settings) {
			t.Errorf("%s has %d settings, its table %d rows", block, len(settings), len(rows))
		}
		for i, s := range settings {
			if i >= len(rows) {
				break
			}
			row := rows[i]
			if row[0] != "`"+s.Name+"`" {
				t.Errorf("row %d of %s is %s, want %s", i+1, block, row[0], s.Name)
				continue
			}
			if s.Reload == "" {
				continue // a variable's settings are of the file, not of the topology
			}
			if row[3] != string(s.Reload) {
				t.Errorf("%s of %s: documented as %s, is %s", s.Name, block, row[3], s.Reload)
			}
			switch quoted := strings.HasPrefix(row[2], "`") && row[2] != "`host`"; {
			case s.Default != "" && row[2] != "`"+s.Default+"`":
				t.Errorf("%s of %s: default documented as %s, is %s", s.Name, block, row[2], s.Default)
			case s.Default == "" && quoted:
				t.Errorf("%s of %s: default documented as %s, has none", s.Name, block, row[2])
			}
		}
	}
}

func TestTheDocumentationHasEveryProfile(t *testing.T) {
	rows := documented(t)["Profiles"]
	for name, want := range config.Profiles() {
		if !slices.ContainsFunc(rows, func(r []string) bool { return r[0] == "`"+name+"`" && slices.Equal(r[1:], want[:]) }) {
			t.Errorf("no row of profile %s that says %v", name, want)
		}
	}
}

func TestTheDocumentationNamesEveryFunctionAndNoOther(t *testing.T) {
	content, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(content), "**Functions.**")
	section, _, _ = strings.Cut(section, "Conditions (")
	var names []string
	for _, m := range regexp.MustCompile("`([a-z]+)(\\(\"(NAME|path)\"\\))?`").FindAllStringSubmatch(section, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	if want := config.Functions(); !slices.Equal(names, want) {
		t.Errorf("documented\n%v\nwant\n%v", names, want)
	}
}

// The error that the documentation shows is the one that is printed.
func TestTheDocumentationShowsErrorsAsTheyAre(t *testing.T) {
	content, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	source := "node \"primary\" {\n  host = \"127.0.0.1\"\n}\n\npool \"default\" {\n  node = node.primery\n  max_overfow = 3\n}\n"
	_, err = config.Parse([]byte(source), "topology.hcl")
	if err == nil || !strings.Contains(string(content), "\n"+err.Error()+"\n") {
		t.Errorf("not in the documentation:\n%v", err)
	}
}

// docs/pool.md tells of every setting of a pool, with its default.
func TestThePoolsPageHasEverySettingOfAPool(t *testing.T) {
	content, err := os.ReadFile("../docs/pool.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(string(content)) {
		if cells := strings.Split(line, " | "); len(cells) == 4 {
			rows[strings.TrimPrefix(cells[0], "| ")] = strings.Trim(cells[1], "`")
		}
	}
	for block, prefix := range map[string]string{"pool": "", "sizing": "sizing.", "retry": "retry.", "hooks": "hooks."} {
		settings := config.Schema()[block]
		if len(settings) == 0 {
			t.Errorf("no block %s", block)
		}
		for _, s := range settings {
			name := "`" + prefix + s.Name + "`"
			if got, there := rows[name]; !there || s.Default != "" && got != s.Default {
				t.Errorf("%s: default %q there (%v), is %q", name, got, there, s.Default)
			}
		}
	}
}
