package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Check says everything that can't work in a completed topology, as [*Errors].
// It looks at the topology alone: at no server and no file.
func (t Topology) Check() error {
	var c collector
	t.check(&c)
	return c.err()
}

// check has a file for each part: check_nodes.go and so on.
func (t Topology) check(c *collector) {
	k := checker{collector: c, misread: len(c.problems) > 0}
	k.nodes(t)
	k.pools(t)
	k.routes(t)
	k.gateway(t.Gateway)
	oneOf(&k, t.Log.Source, "level", "log", t.Log.Level, "trace", "debug", "info", "warn", "error", "off")
	oneOf(&k, t.Log.Source, "format", "log", t.Log.Format, "text", "json")
}

type checker struct {
	*collector
	misread bool // something was wrong in a file, so what is missing may be there
}

// wrong notes what is wrong with a setting of what; setting is empty if it is
// the thing itself. Where there is no file, the thing is the place. Values of
// settings go through quote.
func (k *checker) wrong(s Source, setting, what, advice, format string, args ...any) {
	if setting != "" {
		what = listName(setting) + " of " + what
	}
	k.add(Problem{File: s.File, What: what + ": " + fmt.Sprintf(format, args...), Advice: advice, at: s.of(setting)})
}

// quote is a setting's value as a message may show it.
func quote[S ~string](s Source, setting string, value S) string {
	if s.secret(setting) {
		return masked
	}
	return fmt.Sprintf("%q", string(value))
}

// shown is [quote] of a number or a time.
func shown(s Source, setting string, value any) string {
	if s.secret(setting) {
		return masked
	}
	return show(value)
}

func oneOf[S ~string](k *checker, s Source, setting, what string, value S, known ...S) {
	if slices.Contains(known, value) {
		return
	}
	names := make([]string, len(known))
	for i, n := range known {
		names[i] = string(n)
	}
	k.wrong(s, setting, what, didYouMean(string(value), names), "%s is not known", quote(s, setting, value))
}

// unknownName says that what a setting names is not there.
func (k *checker) unknownName(s Source, setting, what, name, kind string, known []string) {
	advice := didYouMean(name, known)
	if len(known) == 0 {
		advice = fmt.Sprintf("there is no %s at all: add one", kind)
	}
	if name == "" {
		if !k.misread || s.File == "" {
			k.wrong(s, setting, what, advice, "it is not given")
		}
		return
	}
	k.wrong(s, setting, what, advice, "there is no %s %s", kind, quote(s, setting, name))
}

// timing is a setting that is a time.
type timing struct {
	setting string
	value   time.Duration
	ends    bool // it can't be Never
}

func (k *checker) timings(s Source, what string, timings ...timing) {
	for _, t := range timings {
		switch {
		case t.value <= 0:
			k.wrong(s, t.setting, what, `write a time, such as "30s"`, "want more than 0, not %v", t.value)
		case t.value == Never && t.ends:
			k.wrong(s, t.setting, what, `write a time, such as "30s"`, "it must have an end, so it can't be never")
		}
	}
}

// inOrder says that short must not be longer than long. What is wrong with one of
// them alone is said by timings; a short one that is Never is off.
func (k *checker) inOrder(s Source, what string, short, long timing) {
	if short.value <= long.value || long.value <= 0 || short.value == Never {
		return
	}
	if _, given := s.settings[long.setting]; given {
		k.wrong(s, long.setting, what, fmt.Sprintf("make it longer, or %s shorter", short.setting),
			"%s is shorter than %s, %s", shown(s, long.setting, long.value), short.setting, shown(s, short.setting, short.value))
		return
	}
	k.wrong(s, short.setting, what, fmt.Sprintf("make it shorter, or %s longer", long.setting),
		"%s is longer than %s, %s", shown(s, short.setting, short.value), long.setting, show(long.value))
}

// within says that a part of the wait for a lease must be shorter than all of it.
// Never is none of it.
func (k *checker) within(p Pool, what string, part timing) {
	if part.value >= p.AcquireTimeout && p.AcquireTimeout > 0 && part.value != Never {
		k.wrong(p.Source, part.setting, what, "make it shorter, or acquire_timeout longer",
			"%s is not shorter than acquire_timeout, %s", shown(p.Source, part.setting, part.value), shown(p.Source, "acquire_timeout", p.AcquireTimeout))
	}
}

// unused says that a block sets something while the setting that turns it on is
// 0, and which value of it to write. t is not completed.
func unused[T any](k *checker, s Source, what, block string, table []setting[T], t T, on, value string) {
	for _, other := range table {
		if other.name == on || reflect.ValueOf(other.of(&t).get()).IsZero() {
			continue
		}
		setting := block + "." + other.name
		if _, given := s.settings[block+"."+on]; given {
			setting = block + "." + on
		}
		k.wrong(s, setting, what, fmt.Sprintf("write %s = %s, or leave the block out", on, value), "%s is off", block)
		return
	}
}

// names says what is wrong with the names of things of one kind.
func names[T any](k *checker, kind string, things []T, of func(T) (string, Source)) {
	first := make(map[string]Source)
	for _, thing := range things {
		name, s := of(thing)
		f, twice := first[name]
		switch {
		case name == "":
			k.wrong(s, "", kind, "give it a name", "it has none")
			continue
		case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
			k.wrong(s, "", fmt.Sprintf("%s %q", kind, name), "take the control characters out", "nobody could type this name")
		case twice && f.File != "":
			k.wrong(s, "", fmt.Sprintf("%s %q", kind, name), "the first is at "+f.String(), "there are two of that name")
			continue
		case twice:
			k.wrong(s, "", fmt.Sprintf("%s %q", kind, name), "rename one", "there are two of that name")
			continue
		}
		first[name] = s
	}
}
