package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unoactor/unoactor/config"
)

// secretSources are expressions that have a secret, as seen from a node block.
var secretSources = []string{
	`env("X")`, `var.given`, `var.written`, `local.made`, `local.password`, `var.list[0]`, `upper(var.given)`, `"a${var.given}b"`,
	`[var.given]`, `{ a = var.given }`, `{ (var.given) = 1 }`, `{ (var.given) = 1, (var.given) = 2 }`, `var.given ? 1 : 2`, `var.given[0]`, `var.given.x`,
	`[for s in var.list : lookup({}, s, s)]`, `[for s in var.list : tonumber(s)]`, `{ for s in concat(var.list, var.list) : s => 1 }`,
	`-var.given`, `var.given + 1`, `!var.given`, `var.given == 1 ? var.given : [1]`, `local.map[var.given]`, `env(var.given)`, `file(var.given)`,
	`jsondecode(var.given)`, `regex("[", var.given)`, `format("%d", var.given)`, `try(var.given.x, tonumber(var.given))`,
}

const secretDeclarations = `
variable "given" {
  sensitive = true
}
variable "written" {
  sensitive = true
  default   = "S3cret"
}
variable "list" {
  sensitive = true
  default   = ["S3cret", "S3cret"]
}
locals {
  made     = "${var.given}!"
  password = "S3cret"
  map      = {}
}
node "n" {}
`

// quiet fails if a secret is in the error of a topology, whatever case functions
// have brought it to.
func quiet(t *testing.T, source string) {
	t.Helper()
	_, err := config.Parse([]byte(source), "t.hcl", config.WithVariable("given", "S3cret"),
		config.WithEnviron(func(name string) (string, bool) { return "S3cret", name == "X" }))
	if err != nil && strings.Contains(strings.ToLower(err.Error()), "s3cret") {
		t.Errorf("of\n%s\na secret is shown:\n%v", strings.TrimPrefix(source, secretDeclarations), err)
	}
}

func TestNoSettingThatIsWrongShowsTheSecretThatItIsMadeOf(t *testing.T) {
	blocks := map[string]string{
		"node": "node \"x\" {\n%s\n}", "tls": "node \"x\" {\ntls {\n%s\n}\n}", "pool": "pool \"x\" {\n%s\n}",
		"hooks": "pool \"x\" {\nnode = \"n\"\nhooks {\n%s\n}\n}", "breaker": "node \"x\" {\nbreaker {\n%s\n}\n}",
		"sizing": "pool \"x\" {\nnode = \"n\"\nsizing {\n%s\n}\n}", "retry": "pool \"x\" {\nnode = \"n\"\nretry {\n%s\n}\n}",
		"route": "route \"x\" {\n%s\n}", "gateway": "gateway {\n%s\n}",
		"user": "gateway {\nuser \"x\" {\n%s\n}\n}", "log": "log {\n%s\n}", "variable": "variable \"secret\" {\n%s\n}",
	}
	for block, settings := range config.Schema() {
		for _, s := range settings {
			for _, source := range secretSources {
				quiet(t, secretDeclarations+fmt.Sprintf(blocks[block], s.Name+" = "+source))
			}
		}
	}
}

func TestNoErrorToRetryThatIsUnknownShowsTheSecretThatItIs(t *testing.T) {
	for _, source := range secretSources {
		for _, list := range []string{"%s", "[%s, \"x\"]"} {
			quiet(t, secretDeclarations+fmt.Sprintf("pool \"x\" {\nnode = \"n\"\nretry {\nmax_retries = 3\nretryable_errors = "+list+"\n}\n}", source))
		}
	}
}

func TestNoComparisonShowsASecretNumberOrTime(t *testing.T) {
	const declared = "variable \"long\" {\n sensitive = true\n default = \"40s\"\n}\nvariable \"part\" {\n sensitive = true\n default = 0.75\n}\n"
	for settings, want := range map[string]string{
		"queue_target = var.long\n queue_interval = \"50s\"":                 "******** is not shorter than acquire_timeout, 30s",
		"acquire_timeout = var.long\n validate_timeout = \"1h\"":             "1h is not shorter than acquire_timeout, ********",
		"leak_after = var.long\n reclaim_after = \"1s\"":                     "1s is shorter than leak_after, ********",
		"leak_after = \"1h\"\n reclaim_after = var.long":                     "******** is shorter than leak_after, 1h",
		"queue_target = var.long\n acquire_timeout = \"1h\"":                 "******** is longer than queue_interval, 1s",
		"sizing {\n step = 1\n shrink_at = var.part\n grow_at = var.part\n}": "******** is not below grow_at, ********",
		"sizing {\n step = 1\n shrink_at = 0.9\n grow_at = var.part\n}":      "0.9 is not below grow_at, ********",
		"sizing {\n step = 1\n grow_at = var.part - 0.5\n}":                  "******** is not above shrink_at, 0.5",
	} {
		_, err := parse(t, declared, settings)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %s\ngot %v\nwant %s", settings, err, want)
		}
	}
}

func TestNoFunctionThatFailsShowsTheSecretThatItWasGiven(t *testing.T) {
	for _, function := range config.Functions() {
		for _, source := range secretSources {
			for _, arguments := range []string{"%[1]s", "%[1]s, %[1]s", `"a", %[1]s`, `{}, %[1]s, 1`, `%[1]s, "a", "b"`, "[%[1]s], 1"} {
				call := fmt.Sprintf("%s(%s)", function, fmt.Sprintf(arguments, source))
				if strings.HasPrefix(call, `file("a"`) || strings.HasPrefix(call, `env("a"`) {
					continue
				}
				quiet(t, secretDeclarations+"node \"x\" {\n  port = "+call+"\n  role = "+call+"\n}")
			}
		}
	}
}
