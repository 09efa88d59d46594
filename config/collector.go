package config

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// collector gathers problems and knows the files that they are in.
type collector struct {
	problems []Problem
	files    map[string][]byte
	secrets  stretches // what is a secret in them
	hidden   stretches // what is not shown of them, the secrets included
}

func (c *collector) add(p Problem) { c.problems = append(c.problems, p) }

func (c *collector) addAt(at hcl.Range, what, advice string) {
	c.add(Problem{File: at.Filename, What: what, Advice: advice, at: c.place(at)})
}

// err is the problems in the order of files and lines, nil if there is none.
func (c *collector) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.from, b.at.from))
	})
	// Of several about the same part of a line the first is the cause.
	c.problems = slices.CompactFunc(c.problems, func(a, b Problem) bool {
		return a == b || a.at.from > 0 && a.File == b.File && a.at == b.at
	})
	for i := range c.problems {
		c.locate(&c.problems[i])
	}
	return &Errors{Problems: c.problems}
}

// locate fills in what a reader is shown of a problem's place.
func (c *collector) locate(p *Problem) {
	p.What, p.Advice = withoutPasswords(printable(p.What)), printable(p.Advice)
	text, ok := c.files[p.File]
	if !ok || p.at.line < 1 {
		return
	}
	p.Line = p.at.line
	begin := lineBegin(text, p.Line)
	_, end := lineBounds(text, begin)
	shown, at := mask(text[begin:end], begin, c.hidden[p.File], p.at)
	p.Text = printable(strings.TrimRight(string(shown), " \t\r"))
	if at.to > at.from && at.to <= len(shown) {
		p.Column = utf8.RuneCount(shown[:at.from]) + 1
		p.Width = utf8.RuneCount(shown[at.from:at.to])
	}
}

// lineBegin is where line n begins, counted from 1.
func lineBegin(text []byte, n int) int {
	at := 0
	for ; n > 1; n-- {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	return at
}

// printable replaces what a terminal would obey instead of showing, one for one.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, strings.ToValidUTF8(s, "·"))
}

// diagnose takes over what the HCL library complains about. Where a secret is
// involved, hide has it tell no details, since they quote values.
func (c *collector) diagnose(diagnostics hcl.Diagnostics, hide bool) {
	for _, d := range diagnostics {
		if d.Severity != hcl.DiagError {
			continue
		}
		what, advice := lowerFirst(d.Summary), d.Detail
		if plain, ok := plainer[d.Summary]; ok {
			advice = plain
		}
		if plain, ok := quoting[d.Summary]; ok {
			advice = plain
		}
		if name, ok := unknownFunction(d); ok && hide {
			what, advice = "call to unknown function", "write one of: "+strings.Join(slices.Sorted(slices.Values(functionNames)), ", ")
			if near := nearest(name, functionNames); near != "" {
				advice = fmt.Sprintf("did you mean %q?", near)
			}
		} else if own, ok := ownError(d); ok {
			what, advice = own.what, own.advice
		} else if hide && !quotesNothing[d.Summary] {
			advice = fmt.Sprintf("there is a secret in it (%s), so no more is told", "env, file, a password or a sensitive variable")
		}
		if d.Subject == nil {
			c.add(Problem{What: what, Advice: advice})
			continue
		}
		c.addAt(*d.Subject, what, advice)
	}
}

// plainer says for some of the HCL library's complaints what to write instead.
var plainer = map[string]string{
	"Invalid multi-line string":    `close the string with a " on the same line`,
	"Unterminated template string": `close the string with a " on the same line`,
}

// quotesNothing are the HCL library's complaints whose details hold names only.
var quotesNothing = map[string]bool{
	"Not enough function arguments": true, "Too many function arguments": true,
}

// unknownFunction is the function that a complaint says there is not.
func unknownFunction(d *hcl.Diagnostic) (string, bool) {
	extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallUnknownDiagExtra](d)
	if !ok {
		return "", false
	}
	return extra.CalledFunctionName(), true
}

func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) > 1 && unicode.IsUpper(r[0]) && unicode.IsLower(r[1]) {
		r[0] = unicode.ToLower(r[0])
	}
	return string(r)
}
