package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// settings are what db.user and so on stand for in a topology. What is not set in the
// environment is complained about where it is referred to, and nowhere else.
func (r *reader) settings() cty.Value {
	s, wrong := readSettings(r.environ, EnvPrefix)
	if wrong != nil { // something may be right: see each by itself
		s, _ = readSettings(func(name string) (string, bool) {
			if one := r.settingProblem(strings.TrimPrefix(name, EnvPrefix)); one != "" {
				return r.standIn(name)
			}
			return r.environ(name)
		}, EnvPrefix)
	}
	values := make(map[string]cty.Value)
	for _, name := range settingNames() {
		values[name] = asCty(s.Get("db_"+name, nil)).Mark(sensitive) // as what env() returns
	}
	return cty.ObjectVal(values)
}

// standIn is a value in the place of a variable that is wrong, so that the others can be read.
func (r *reader) standIn(name string) (string, bool) {
	switch strings.TrimPrefix(name, EnvPrefix) {
	case "USER", "NAME":
		return "unset", true
	}
	return "", false
}

// settingProblem is what is wrong with one variable, "" if nothing is.
func (r *reader) settingProblem(variable string) string {
	_, err := readSettings(func(name string) (string, bool) {
		if rest := strings.TrimPrefix(name, EnvPrefix); rest == variable || rest == "PASSWORD_FILE" && variable == "PASSWORD" {
			return r.environ(name)
		}
		return r.standIn(name)
	}, EnvPrefix)
	if err != nil {
		return err.Error()
	}
	if variable == "PASSWORD" {
		_, set := r.environ(EnvPrefix + variable)
		_, file := r.environ(EnvPrefix + "PASSWORD_FILE")
		if !set && !file {
			return EnvPrefix + "PASSWORD is not set in the environment: set it, or " + EnvPrefix + "PASSWORD_FILE"
		}
	}
	return ""
}

// checkSetting complains of db.x where it has no value.
func (r *reader) checkSetting(name string, at hcl.Range) bool {
	problem := r.settingProblem(settingKeys["db_"+name])
	if problem == "" {
		return true
	}
	what, advice, _ := strings.Cut(problem, ": ")
	r.addAt(at, fmt.Sprintf("db.%s: %s", name, what), advice)
	return false
}

func asCty(v any) cty.Value {
	switch v := v.(type) {
	case Secret:
		return cty.StringVal(v.Reveal())
	case uint16:
		return cty.NumberUIntVal(uint64(v))
	case int:
		return cty.NumberIntVal(int64(v))
	case time.Duration:
		if v == Never {
			return cty.StringVal("never")
		}
		return cty.StringVal(v.String())
	}
	return cty.StringVal(fmt.Sprint(v))
}
