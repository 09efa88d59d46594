package config

import (
	"fmt"
	"io"
	"strings"
)

// Errors is everything that is wrong with a topology, in the order of its files
// and lines. It never holds a secret: what env() and file() return, the values
// of sensitive variables and passwords written in the file are starred.
type Errors struct {
	Problems []Problem
}

// Problem is one thing that is wrong: what, where, and what to write instead.
type Problem struct {
	File   string // empty for a topology written in Go, as Line, Column, Width and Text are
	Line   int    // from 1, 0 if the file as a whole is wrong
	Column int    // of the first wrong character of Text, from 1; 0 if no part of it stands out
	Width  int    // how many characters are wrong
	What   string
	Advice string // what to write instead, if that can be told
	Text   string // the line itself, secrets starred

	at span
}

// Error renders all problems as plain text, without a line break at the end.
func (e *Errors) Error() string {
	var b strings.Builder
	e.Render(&b, false)
	return strings.TrimSuffix(b.String(), "\n")
}

// Render writes all problems for a person to read: each with its file and line,
// the line itself, a mark under what is wrong in it, and the advice. With colour
// it uses ANSI escape sequences. What w answers is not looked at.
func (e *Errors) Render(w io.Writer, colour bool) {
	paint := func(code, s string) string {
		if !colour || s == "" {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	for _, p := range e.Problems {
		switch {
		case p.Line > 0:
			fmt.Fprintf(w, "%s: ", paint("1", fmt.Sprintf("%s:%d", p.File, p.Line)))
		case p.File != "":
			fmt.Fprintf(w, "%s: ", paint("1", p.File))
		}
		fmt.Fprintln(w, paint("31", "error: ")+p.What)
		if p.Text != "" {
			fmt.Fprintf(w, "%5d | %s\n", p.Line, p.Text)
			if mark := p.underline(); mark != "" {
				fmt.Fprintf(w, "      | %s\n", paint("31", mark))
			}
		}
		if p.Advice != "" {
			fmt.Fprintf(w, "      = %s\n", p.Advice)
		}
	}
	if n := len(e.Problems); n > 1 {
		fmt.Fprintf(w, "%d errors\n", n)
	}
}

// underline marks the place in the line, tabs kept so that it lines up.
func (p Problem) underline() string {
	text := []rune(p.Text)
	if p.Column < 1 || p.Width < 1 || p.Column > len(text) {
		return ""
	}
	var b strings.Builder
	for _, r := range text[:p.Column-1] {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	b.WriteString(strings.Repeat("^", min(p.Width, len(text)-p.Column+1)))
	return b.String()
}
