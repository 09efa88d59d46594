package sqltext

import "bytes"

// wellKnown are words that a parenthesis may follow in a statement that changes nothing: key words, and
// functions that everybody uses. Any other word there is taken for a function that may write.
var wellKnown = func() map[string]bool {
	set := make(map[string]bool)
	for _, word := range bytes.Fields([]byte(`all and any array as between by case cast coalesce count current_timestamp distinct else
		exists extract filter from generate_series greatest having in is lateral least length like limit lower max min not now
		nullif offset on or over partition round row select some sum avg substring then to_char trim union unnest upper using
		values when where with pg_backend_pid current_setting version abs`)) {
		set[string(word)] = true
	}
	return set
}()

// OnlyReads says whether the text is one statement that changes nothing: a query that calls no
// function but well-known ones, or the beginning of a transaction. It errs on the side of false.
func OnlyReads(text []byte) bool {
	if bytes.IndexByte(text, '\\') >= 0 {
		return false // where a string ends may depend on standard_conforming_strings
	}
	s := NewScanner(text, false)
	begun, ended := false, false
	for last := (Token{}); s.Solid(); last = s.Token {
		switch {
		case ended || s.Cut:
			return false
		case s.IsSign(';'):
			ended = begun
		case s.IsSign('('):
			if last.Kind == Name || last.Kind == UnicodeName || last.Kind == Word && begun && !wellKnown[lower(text[last.Start:last.End])] {
				return false
			}
		case s.Is("into"):
			return false
		case !begun:
			if !s.Is("select") && !s.Is("show") && !s.Is("values") && !s.Is("table") && !s.Is("begin") && !s.Is("start") {
				return false
			}
			begun = true
		}
	}
	return begun
}
