package config

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Errors is everything that is wrong with a topology, in the order of its files
// and lines. It never holds a secret.
type Errors struct {
	Problems []Problem
}

// Problem is one thing that is wrong: what, where, and what to write instead.
type Problem struct {
	File   string // empty for a topology written in Go
	Line   int
	Column int // of what is wrong in the line, 0 if all of it is
	Width  int
	What   string
	Advice string
	Text   string // the line itself, secrets masked
}

// Error renders all problems as plain text.
func (e *Errors) Error() string {
	var b strings.Builder
	e.Render(&b, false)
	return strings.TrimSuffix(b.String(), "\n")
}

// Render writes all problems for a person to read, in colour if the writer shows it.
func (e *Errors) Render(w io.Writer, colour bool) {
	paint := func(code, s string) string {
		if !colour || s == "" {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	for _, p := range e.Problems {
		if p.File != "" {
			fmt.Fprintf(w, "%s: ", paint("1", fmt.Sprintf("%s:%d", p.File, p.Line)))
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
	if p.Column < 1 || p.Width < 1 || p.Column > len(p.Text) {
		return ""
	}
	lead := regexp.MustCompile(`[^\t]`).ReplaceAllString(p.Text[:p.Column-1], " ")
	return lead + strings.Repeat("^", min(p.Width, len(p.Text)-p.Column+1))
}

// collector gathers problems and knows the files that they are in.
type collector struct {
	problems []Problem
	files    map[string][]byte
}

func (c *collector) add(p Problem) { c.problems = append(c.problems, p) }

// err is the problems in the order of files and lines, nil if there is none.
func (c *collector) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	// Of several about the same place the first is the cause.
	c.problems = slices.CompactFunc(c.problems, func(a, b Problem) bool {
		return a == b || a.Column > 0 && a.File == b.File && a.Line == b.Line && a.Column == b.Column
	})
	for i := range c.problems {
		p := &c.problems[i]
		if text, ok := c.files[p.File]; ok && p.Line > 0 {
			p.Text = maskLine(lineOf(text, p.Line))
		}
	}
	return &Errors{Problems: c.problems}
}

func lineOf(text []byte, n int) string {
	lines := bytes.Split(text, []byte("\n"))
	if n > len(lines) {
		return ""
	}
	return strings.TrimRight(string(lines[n-1]), " \t\r")
}

// secretLine is a line that gives a secret in the file itself.
var secretLine = regexp.MustCompile(`(?i)^(.*\b(?:password|secret|default)\b[^=]*=\s*)(.*)$`)

// maskLine replaces what may be a secret by as many stars as hide its length.
// A function call stays: it names where the secret is, and is not it.
func maskLine(line string) string {
	m := secretLine.FindStringSubmatch(line)
	if m == nil || !strings.Contains(m[2], `"`) || regexp.MustCompile(`^(env|file)\("[A-Za-z0-9_./-]*"\)`).MatchString(m[2]) {
		return line
	}
	return m[1] + `"` + masked + `"`
}
