package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
)

func problems(t *testing.T, source string) *config.Errors {
	t.Helper()
	_, err := config.Parse([]byte(source), "t.hcl", config.WithEnviron(noEnviron))
	var errs *config.Errors
	if !errors.As(err, &errs) {
		t.Fatalf("want errors, got %v", err)
	}
	return errs
}

func TestAProblemTellsItsPlaceInCharacters(t *testing.T) {
	p := problems(t, "node \"ñ\" { colour = \"rød\" }").Problems[0]
	if p.File != "t.hcl" || p.Line != 1 || p.Column != 12 || p.Width != 6 || p.Advice == "" {
		t.Errorf("got %+v", p)
	}
}

func TestTheMarkStandsUnderWhatIsWrongWhateverIsBeforeIt(t *testing.T) {
	for source, want := range map[string]string{
		"node \"ñé\" { colour = 1 }":                    "    1 | node \"ñé\" { colour = ******** }\n      |             ^^^^^^\n",
		"node \"n\" {\n\tcolour = 1\n}":                 "    2 | \tcolour = ********\n      | \t^^^^^^\n",
		"node \"n\" {\r\n  colour = 1\r\n}\r\n":         "    2 |   colour = ********\n      |   ^^^^^^\n",
		"node \"a\x1b[31m\" { colour = 1 }":             "    1 | node \"a·[31m\" { colour = ******** }\n      |                 ^^^^^^\n",
		"locals {\n m = { password = \"x\", b = c }\n}": "    2 |  m = { password = \"********\", b = ******** }\n      |                                   ^^^^^^^^\n",
	} {
		if got := problems(t, source).Error(); !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestProblemsComeInTheOrderOfTheFile(t *testing.T) {
	last := 0
	for _, p := range problems(t, "pool \"a\" {\n  sise = 1\n}\nnode \"n\" {\n  prot = 1\n}\nroute \"r\" {\n  pol = 1\n}").Problems {
		if p.Line < last {
			t.Errorf("line %d comes after line %d", p.Line, last)
		}
		last = p.Line
	}
	if last != 8 {
		t.Errorf("the last is of line %d", last)
	}
}

func TestColoursAreOnlyThereIfAskedFor(t *testing.T) {
	errs := problems(t, "node \"n\" { colour = 1 }")
	var plain, coloured strings.Builder
	errs.Render(&plain, false)
	errs.Render(&coloured, true)
	if strings.Contains(plain.String(), "\x1b") || plain.String() != errs.Error()+"\n" {
		t.Errorf("plain: %q", plain.String())
	}
	stripped := strings.NewReplacer("\x1b[1m", "", "\x1b[31m", "", "\x1b[0m", "").Replace(coloured.String())
	if stripped == coloured.String() || stripped != plain.String() {
		t.Errorf("coloured: %q", coloured.String())
	}
}

func TestASecretInABrokenFileIsStarredWithWhatFollowsIt(t *testing.T) {
	for _, source := range []string{
		"node \"n\" {\n  password = \"hunter2\n}",
		"node \"n\" {\n  password = \"hunter2\" \"\n}",
		"node \"n\" {\n  password = <<END\nhunter2\nhunter2==\n",
		"node \"n\" {\n  password = [\n    \"hunter2\n",
		"node \"n\" {\n  password = hunter2 hunter2\n}",
		"node \"n\" { password = \"hunter2\" ",
		"variable \"x\" {\n  sensitive = true\n  default = \"hunter2\n}",
		"locals {\n  api_token = \"hunter2\n  b = 1 1",
		"node \"n\" {\n  host = \"\n  password = \"hunter2\"\n}",
	} {
		if got := problems(t, source).Error(); strings.Contains(got, "hunter2") {
			t.Errorf("%q: a secret is shown:\n%s", source, got)
		}
	}
	got := problems(t, "node \"n\" {\n  password = env(\"DB_PASSWORD\")\n  host = \"\n}").Error()
	if !strings.Contains(got, "host") {
		t.Errorf("what is no secret is not shown:\n%s", got)
	}
}
