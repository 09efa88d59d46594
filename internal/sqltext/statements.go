package sqltext

import (
	"bytes"
	"iter"
)

// Statement is one of the statements of a text.
type Statement struct {
	Verb   string // the word that it begins with, in lower case, parentheses aside; empty if none does
	Text   []byte // without the semicolon, and without space and comments around it
	Nested bool   // semicolons within it end others: in parentheses, or in the body of a function
	Open   bool   // the text ends within a token, parentheses or a body: a server would refuse all of it

	escapes bool
}

// Scanner returns a scanner of the statement.
func (s Statement) Scanner() Scanner { return NewScanner(s.Text, s.escapes) }

// Statements yields the statements of a text that are not empty, in order. escapes says that
// standard_conforming_strings is off. Statements end at semicolons outside of parentheses, as of CREATE
// RULE, and of bodies that BEGIN ATOMIC begins (PostgreSQL documentation, CREATE FUNCTION).
func Statements(text []byte, escapes bool) iter.Seq[Statement] {
	return func(yield func(Statement) bool) {
		s := NewScanner(text, escapes)
		for more := true; more; {
			found := Statement{escapes: escapes}
			var b bounds
			start, end, begun := 0, 0, false
			for more = s.Solid(); more && !b.ends(&s); more = s.Solid() {
				if end == 0 {
					start = s.Start
				}
				if !begun && !s.IsSign('(') {
					begun = true
					if s.Kind == Word {
						found.Verb = lower(s.Text())
					}
				}
				end = s.End
				found.Open = s.Cut
			}
			found.Text = text[start:end]
			found.Nested = b.nested
			found.Open = found.Open || !more && b.inside()
			if end > start && !yield(found) {
				return
			}
		}
	}
}

// bounds find the end of a statement, token by token.
type bounds struct {
	parentheses int
	bodies      int // that BEGIN ATOMIC began
	nested      bool
	makes       makes
	begins      bool // a statement of a body begins, or the body ends
	begin       bool // the last token was BEGIN
}

// makes is how much there is of CREATE [ OR REPLACE ] { FUNCTION | PROCEDURE }.
type makes uint8

const (
	nothing makes = iota
	create
	createOr
	createOrReplace
	routine
	other
)

func (b *bounds) inside() bool { return b.parentheses > 0 || b.bodies > 0 }

// ends says whether the token ends the statement.
func (b *bounds) ends(s *Scanner) bool {
	begin := b.begin
	b.begin = false
	switch {
	case s.IsSign('('):
		b.parentheses++
	case s.IsSign(')'):
		b.parentheses = max(0, b.parentheses-1)
	case s.IsSign(';'):
		if !b.inside() {
			return true
		}
		b.nested = true
		if b.parentheses == 0 {
			b.begins, b.makes = true, nothing
		}
		return false
	case b.begins && s.Is("end"):
		b.bodies--
		b.makes = other
	case b.makes == routine:
		if begin && s.Is("atomic") {
			b.bodies++
			b.begins, b.makes = true, nothing
			return false
		}
		b.begin = b.parentheses == 0 && s.Is("begin")
	default:
		b.makes = b.makes.next(s)
	}
	b.begins = false
	return false
}

func (m makes) next(s *Scanner) makes {
	switch {
	case m == nothing && s.Is("create"):
		return create
	case m == create && s.Is("or"):
		return createOr
	case m == createOr && s.Is("replace"):
		return createOrReplace
	case (m == create || m == createOrReplace) && (s.Is("function") || s.Is("procedure")):
		return routine
	}
	return other
}

// inEveryReading says whether something is true of all statements of a text, whatever
// standard_conforming_strings is.
func inEveryReading(text []byte, is func(Statement) bool) bool {
	for _, escapes := range []bool{false, true} {
		for statement := range Statements(text, escapes) {
			if !is(statement) {
				return false
			}
		}
		if bytes.IndexByte(text, '\\') < 0 {
			break // there is but one reading
		}
	}
	return true
}
