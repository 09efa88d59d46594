package config

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// The lines of a file that is no HCL. What a line says can only be guessed, so a line is
// shown whole where it looks like one of these, and else no more than its first name.
var (
	brokenHeader  = regexp.MustCompile(`^\s*([A-Za-z_][\w-]*)(?:\s+"[^"]*")?\s*(?:\{\s*|$)`)
	brokenSetting = regexp.MustCompile(`^\s*([A-Za-z_][\w-]*)\s*=\s*(.*?)\s*$`)
	brokenValue   = regexp.MustCompile(`^(?:"[^"]*"?|-?[0-9][0-9.]*|true|false|null|(?:var|local|node|pool|db)\.[\w.-]+|)$`)
	brokenList    = regexp.MustCompile(`^\[\s*(?:"[^"]*"\s*,?\s*)*(?:"[^"]*)?\]?$`)
	whereabout    = regexp.MustCompile(`^(env|file)\("[A-Za-z0-9_./-]*"\)?$`)
	brokenName    = regexp.MustCompile(`^\s*([A-Za-z_][\w-]*)(\s*[=:]*\s*)`)
	brackets      = regexp.MustCompile(`^[\s{}\[\]()]*$`)
	blockBegins   = regexp.MustCompile(`^\s*([A-Za-z_][\w-]*)[^={]*\{`)
)

// brokenStretches is [veil] of a file that is no HCL.
func brokenStretches(text []byte) []stretch {
	var found []stretch
	within := outlineOfTopology
	for at := 0; at < len(text); {
		_, end := lineBounds(text, at)
		line := string(bytes.TrimRight(text[at:end], "\r"))
		if m := blockBegins.FindStringSubmatch(line); m != nil {
			within = outlineOf(m[1])
		}
		if from := shownUpTo(line, within); from < len(line) {
			found = append(found, stretch{at + from, at + len(line)})
		}
		at = end + 1
	}
	return found
}

// shownUpTo is how much of a line of a block is shown.
func shownUpTo(line string, within outline) int {
	if brackets.MatchString(line) {
		return len(line)
	}
	if m := brokenHeader.FindStringSubmatch(line); m != nil && slices.Contains(blockNames, m[1]) {
		return len(m[0]) + shownUpTo(line[len(m[0]):], outlineOf(m[1]))
	}
	if m := brokenSetting.FindStringSubmatch(line); m != nil {
		name, value := m[1], m[2]
		plain := within.shows(name) && !strings.ContainsAny(value, "@=") && !strings.Contains(value, "//")
		if whereabout.MatchString(value) || plain && (brokenValue.MatchString(value) || brokenList.MatchString(value)) {
			return len(line)
		}
	}
	if m := brokenName.FindStringSubmatchIndex(line); m != nil {
		name, assigned := line[m[2]:m[3]], strings.ContainsAny(line[m[4]:m[5]], "=:")
		if slices.Contains(allNames, name) || assigned && nearest(name, allNames) != "" || nearest(name, []string{"password"}) != "" {
			return m[1]
		}
	}
	return len(line) - len(strings.TrimLeft(line, " \t"))
}

// outlineOf finds a kind of block wherever it may stand.
func outlineOf(name string) outline {
	if o, ok := outlineOfTopology.blocks[name]; ok {
		return o
	}
	for _, outer := range outlineOfTopology.blocks {
		if o, ok := outer.blocks[name]; ok {
			return o
		}
	}
	return outline{}
}

// blockNames are all kinds of blocks.
var blockNames = func() (names []string) {
	for name, o := range outlineOfTopology.blocks {
		names = append(names, name)
		for inner := range o.blocks {
			names = append(names, inner)
		}
	}
	return names
}()

// quoting are complaints of the HCL library that quote what they are about.
var quoting = map[string]string{
	"Invalid template control keyword": "a template has %{if} and %{for}; write %%{ for the characters themselves",
	"Invalid legacy index syntax":      "write [0] for an index",
	"Argument definition required":     "write name = value, with a line of its own for each",
}
