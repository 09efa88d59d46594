package config

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Source is where in a file something was declared; zero if it was in Go.
type Source struct {
	File     string
	Line     int
	header   span
	settings map[string]span // where each setting that was given is
}

// span is a part of one line, in bytes from the line's beginning.
type span struct {
	line, from, to int
	secret         bool // what it evaluates to must not be shown
}

// include adds the settings of a block within, under its name.
func (s Source) include(block string, inner Source) {
	for name, at := range inner.settings {
		s.settings[block+"."+name] = at
	}
}

// of is where a setting was given, or else the header of what it belongs to.
// Of a list it knows the elements too: listen.0.
func (s Source) of(setting string) span {
	if at, ok := s.settings[setting]; ok {
		return at
	}
	if at, ok := s.settings[listName(setting)]; ok {
		return at
	}
	return s.header
}

func element(list string, i int) string { return list + "." + strconv.Itoa(i) }

// listName is the setting that an element is of.
func listName(setting string) string { return strings.TrimRight(setting, ".0123456789") }

// secret says whether a setting's value came from where secrets come from.
func (s Source) secret(setting string) bool { return s.settings[setting].secret }

// hides says whether a setting's value must not be shown, by any of the names
// that it can be given by.
func (s Source) hides(setting string) bool {
	return s.secret(setting) || setting == "host" && s.secret("socket")
}

// String is file:line, empty for what was declared in Go.
func (s Source) String() string {
	if s.File == "" {
		return ""
	}
	return s.File + ":" + strconv.Itoa(s.Line)
}

// place turns a range of the HCL library, which counts grapheme clusters, into
// bytes of a line. Of a range over several lines it is what is on the first.
func (c *collector) place(at hcl.Range) span {
	text := c.files[at.Filename]
	begin, end := lineBounds(text, at.Start.Byte)
	return span{line: at.Start.Line, from: at.Start.Byte - begin, to: max(min(at.End.Byte, end), at.Start.Byte) - begin}
}

// lineBounds are the beginning and the end of the line that byte i is in.
func lineBounds(text []byte, i int) (begin, end int) {
	i = min(i, len(text))
	for begin = i; begin > 0 && text[begin-1] != '\n'; begin-- {
	}
	for end = i; end < len(text) && text[end] != '\n'; end++ {
	}
	return begin, end
}
