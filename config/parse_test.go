package config_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unoactor/unoactor/config"
)

// parse reads a topology that has a node "n" and, around settings, a pool "p".
func parse(t *testing.T, before, settings string, options ...config.Option) (config.Pool, error) {
	t.Helper()
	source := fmt.Sprintf("%s\nnode \"n\" {}\npool \"p\" {\n  node = node.n\n%s\n}\n", before, settings)
	top, err := config.Parse([]byte(source), "t.hcl", append([]config.Option{config.WithEnviron(noEnviron)}, options...)...)
	if err != nil {
		return config.Pool{}, err
	}
	return top.Pools[0], nil
}

func TestVariablesComeFromTheCallerThenTheEnvironmentThenTheirDefault(t *testing.T) {
	const declared = "variable \"size\" {\n  type = number\n  default = 1\n}"
	environ := config.WithEnviron(func(name string) (string, bool) { return "2", name == "UNOACTOR_VAR_size" })
	for want, options := range map[int][]config.Option{1: nil, 2: {environ}, 3: {environ, config.WithVariable("size", "3")}} {
		if p, err := parse(t, declared, "size = var.size", options...); err != nil || p.Size != want {
			t.Errorf("got %d, want %d: %v", p.Size, want, err)
		}
	}
	_, err := parse(t, declared, "", config.WithVariable("sise", "3"))
	if err == nil || !strings.Contains(err.Error(), `did you mean "size"?`) {
		t.Errorf("an unknown variable: %v", err)
	}
}

func TestAListVariableIsGivenAsItIsWritten(t *testing.T) {
	const declared = "variable \"sql\" {\n  type = list(string)\n}"
	p, err := parse(t, declared, "hooks {\n on_connect = var.sql\n}", config.WithVariable("sql", `["select 1", "select 2"]`))
	if err != nil || !slices.Equal(p.Hooks.OnConnect, []string{"select 1", "select 2"}) {
		t.Errorf("got %q: %v", p.Hooks.OnConnect, err)
	}
	_, err = parse(t, declared, "", config.WithVariable("sql", `select 1`))
	if err == nil || !strings.Contains(err.Error(), `the value of variable "sql" is no list of string`) {
		t.Errorf("got %v", err)
	}
}

func TestAVariableThatIsNullLeavesSettingsAtTheirDefault(t *testing.T) {
	p, err := parse(t, "variable \"wait\" {\n  default = null\n}", "acquire_timeout = var.wait")
	if err != nil || p.AcquireTimeout != 30*time.Second {
		t.Errorf("%v: %v", p.AcquireTimeout, err)
	}
}

func TestWhatIsRequiredMayNotBeNull(t *testing.T) {
	_, err := config.Parse([]byte("node \"n\" {}\npool \"p\" {\n  node = null\n}"), "t.hcl")
	if err == nil || !strings.Contains(err.Error(), `pool "p" lacks the setting "node"`) {
		t.Errorf("got %v", err)
	}
}

func TestExpressionsGiveTheValuesThatTerraformGives(t *testing.T) {
	for expression, want := range map[string]string{
		`upper("a") == "A" ? "yes" : "no"`:                     "yes",
		`"${format("%s-%03d", "a", 7)}"`:                       "a-007",
		`join(",", sort(distinct(concat(["b"], ["a", "b"]))))`: "a,b",
		`join(",", keys(merge({ a = 1 }, { b = 2 })))`:         "a,b",
		`lookup({ eu = "x" }, "us", "fallback")`:               "fallback",
		`tostring(max(1, 2, length(["a", "b", "c"])))`:         "3",
		`jsondecode("{\"name\": \"x\"}").name`:                 "x",
		`join(",", [for i in range(3) : tostring(i)])`:         "0,1,2",
		`join(",", [for k, v in { a = "x" } : "${k}=${v}"])`:   "a=x",
		`trimspace(trimprefix(" a", " "))`:                     "a",
		`coalesce(null, "x")`:                                  "x",
		`try(jsondecode("{"), "broken")`:                       "broken",
		`env("NOTHING", "default")`:                            "default",
		`local["a"]`:                                           "1-2",
		`node.n`:                                               "n",
	} {
		p, err := parse(t, "locals {\n  a = \"${local.b}-2\"\n  b = \"1\"\n}", "database = "+expression)
		if err != nil || p.Database != want {
			t.Errorf("%s: got %q, want %q: %v", expression, p.Database, want, err)
		}
	}
}

func TestSizesAndTimesAreReadWithTheirUnits(t *testing.T) {
	gateway := func(settings string) (config.Gateway, error) {
		source := "node \"n\" {}\npool \"p\" {\n  node = \"n\"\n}\ngateway {\n  auth = \"trust\"\n" + settings + "\n}"
		top, err := config.Parse([]byte(source), "t.hcl")
		return top.Gateway, err
	}
	for written, want := range map[string]int{
		`65536`: 65536, `"64MiB"`: 64 << 20, `"1GiB"`: 1 << 30, `"10MB"`: 10e6, `"1.5MiB"`: 3 << 19, `"2048B"`: 2048, `"8 kB"`: 8000,
	} {
		if g, err := gateway("max_message = " + written); err != nil || g.MaxMessage != want {
			t.Errorf("%s: got %d, want %d: %v", written, g.MaxMessage, want, err)
		}
	}
	for written, want := range map[string]time.Duration{
		`"90s"`: 90 * time.Second, `"1m30s"`: 90 * time.Second, `"never"`: config.Never, `"1.5h"`: 90 * time.Minute,
	} {
		if g, err := gateway("idle_timeout = " + written); err != nil || g.IdleTimeout != want {
			t.Errorf("%s: got %v, want %v: %v", written, g.IdleTimeout, want, err)
		}
	}
	for _, wrong := range []string{
		`max_message = "64"`, `max_message = "-1MiB"`, `max_message = "4GiB"`, `max_message = "NaNB"`, `max_message = 0`, `max_message = [1]`,
		`idle_timeout = "0s"`, `idle_timeout = "-1s"`, `idle_timeout = "30"`, `idle_timeout = 30`, `idle_timeout = "forever"`,
	} {
		var errs *config.Errors
		if _, err := gateway(wrong); !errors.As(err, &errs) || len(errs.Problems) != 1 || errs.Problems[0].Line != 7 {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestFractionsAndFactorsAreReadFromNumbersAndStrings(t *testing.T) {
	for written, want := range map[string]float64{`0.9`: 0.9, `1`: 1, `"0.75"`: 0.75, `9 / 10`: 0.9, `5.5e-1`: 0.55} {
		if p, err := parse(t, "", "sizing {\n step = 1\n grow_at = "+written+"\n}"); err != nil || p.Sizing.GrowAt != want {
			t.Errorf("%s: got %v, want %v: %v", written, p.Sizing.GrowAt, want, err)
		}
	}
	for written, want := range map[string]float64{`1`: 1, `1.5`: 1.5, `"3"`: 3} {
		if p, err := parse(t, "", "retry {\n max_retries = 1\n backoff_factor = "+written+"\n}"); err != nil || p.Retry.BackoffFactor != want {
			t.Errorf("%s: got %v, want %v: %v", written, p.Retry.BackoffFactor, want, err)
		}
	}
	for _, wrong := range []string{
		`grow_at = 0`, `grow_at = -0.5`, `grow_at = 1.001`, `grow_at = "80%"`, `grow_at = true`, `grow_at = 1e-400`, `shrink_at = []`,
	} {
		if _, err := parse(t, "", "sizing {\n step = 1\n "+wrong+"\n}"); err == nil || !strings.Contains(err.Error(), "want a number above 0, up to 1") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	for _, wrong := range []string{`0.999`, `0`, `-2`, `1e400`, `"twice"`, `{}`} {
		_, err := parse(t, "", "retry {\n max_retries = 1\n backoff_factor = "+wrong+"\n}")
		if err == nil || !strings.Contains(err.Error(), "want a number of at least 1") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestAFileThatEndsInALineBreakIsASecretWithoutIt(t *testing.T) {
	top, err := config.Parse([]byte("node \"n\" {\n  password = file(\"secret.txt\")\n}\npool \"p\" {\n  node = node.n\n}"), "testdata/t.hcl")
	if err != nil || top.Pools[0].Password.Reveal() != "from a file" {
		t.Errorf("got %q: %v", top.Pools[0].Password.Reveal(), err)
	}
	for path, want := range map[string]string{
		"nowhere": "no such file", "/dev/zero": "no regular file", ".": "no regular file",
	} {
		_, err := config.Parse([]byte("node \"n\" {\n  password = file(\""+path+"\")\n}"), "testdata/t.hcl")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", path, err)
		}
	}
}
