package config

import "strconv"

// Source is where in a file something was declared; zero if it was in Go.
type Source struct {
	File     string
	Line     int
	settings map[string]span // where each setting that was given is
}

// span is a part of one line, columns counted from 1.
type span struct{ line, from, to int }

// include adds the settings of a block within, under its name.
func (s Source) include(block string, inner Source) {
	for name, at := range inner.settings {
		s.settings[block+"."+name] = at
	}
}

// of is where a setting was given, or else the thing that it belongs to.
func (s Source) of(setting string) (line int, where span) {
	if at, ok := s.settings[setting]; ok {
		return at.line, at
	}
	return s.Line, span{line: s.Line}
}

func (s Source) String() string {
	if s.File == "" {
		return ""
	}
	return s.File + ":" + strconv.Itoa(s.Line)
}
