package sqltext

import (
	"bytes"
	"strings"
)

// Effect is something that a text leaves in the session that runs it.
type Effect struct {
	What       What
	Assignment Assignment // of Assigns
	InBlock    bool       // it is in the body of a DO, or in a string there, which may be run or not
}

// What is the kind of an effect.
type What uint8

// The kinds of effects.
const (
	Assigns           What = iota + 1 // a parameter
	UpdatesPgSettings                 // by an update of pg_settings
	Discards                          // DISCARD ALL
	Listens                           // LISTEN
	Loads                             // LOAD
	Prepares                          // PREPARE
	HoldsCursor                       // DECLARE ... WITH HOLD
	MakesTemporary                    // a temporary table, view or sequence
	LocksAdvisory                     // an advisory lock of the session
	Seeds                             // setseed
	ConnectsDblink                    // dblink_connect
	Hides                             // strings within strings, too deep to be read
)

// Effects finds what a text leaves in the session that runs it. It reads words, not grammar, and errs
// on the side of finding: what it takes for an effect may be none, but what a statement does openly is
// not missed. What functions and extensions do can't be seen.
type Effects struct {
	s       Scanner
	begins  bool         // the next word begins a statement
	block   bool         // strings are the code of a DO block, up to the end of the statement
	within  int          // how many strings the text is in; 0 if it is the client's
	left    int          // how many bytes may be read once more
	pending []Assignment // of the last SET
	body    *Effects     // of the last string in a DO block
}

// maxAhead is how many bytes of a text are read once more, in all, for calls within calls; maxWithin
// how deep strings within strings are read.
const (
	maxAhead  = 64 << 10
	maxWithin = 4
)

// NewEffects returns the effects of a text, which must not change meanwhile. escapes says that
// standard_conforming_strings is off.
func NewEffects(text []byte, escapes bool) Effects {
	return Effects{s: NewScanner(text, escapes), begins: true, left: maxAhead}
}

// Next returns the next effect, false if there are no more.
func (e *Effects) Next() (Effect, bool) {
	for {
		if e.body != nil {
			if found, ok := e.body.Next(); ok {
				return found, true
			}
			e.left, e.body = e.body.left, nil
		}
		if len(e.pending) > 0 {
			found := Effect{What: Assigns, Assignment: e.pending[0], InBlock: e.within > 0}
			e.pending = e.pending[1:]
			return found, true
		}
		what, more := e.search()
		if what != 0 {
			return Effect{What: what, InBlock: e.within > 0}, true
		}
		if !more {
			return Effect{}, false
		}
	}
}

// search goes on until something is found: an effect, or 0 and true where Next finds it in pending or body.
func (e *Effects) search() (what What, more bool) {
	for e.s.Solid() {
		if what = e.token(); what != 0 || e.body != nil || len(e.pending) > 0 {
			return what, true
		}
	}
	return 0, false
}

// token returns the effect that the last token stands for, 0 if none or one that Next finds in its place.
func (e *Effects) token() What {
	switch s := &e.s; s.Kind {
	case Word:
		begins := e.begins
		e.begins = e.within > 0 && (s.Is("begin") || s.Is("then") || s.Is("else") || s.Is("loop"))
		if begins {
			if what, known := e.verb(); known {
				return what
			}
		}
		return e.word(s.Text())
	case Name, UnicodeName:
		e.begins = false
		if s.follows('(') || s.isName("pg_temp") && s.follows('.') {
			name, _ := s.Name()
			return e.word([]byte(name))
		}
	case Sign:
		if s.IsSign(';') {
			e.begins, e.block = true, false
		}
	case String, EscapeString, UnicodeString, DollarString:
		if e.block || e.within > 0 {
			return e.open()
		}
	}
	return 0
}

// follows says whether the next token is this sign.
func (s *Scanner) follows(sign byte) bool {
	ahead := *s
	ahead.spaces()
	if c := ahead.at(0); c != '-' && c != '/' { // no comment
		return c == sign
	}
	return ahead.Solid() && ahead.IsSign(sign)
}

// verb returns the effect of a statement by the word that it begins with. It is false if the word
// decides nothing.
func (e *Effects) verb() (what What, known bool) {
	s := &e.s
	if strings.IndexByte("dlprs", s.text[s.Start]|0x20) < 0 {
		return 0, false // as most
	}
	ahead := *s
	switch {
	case s.Is("set"), s.Is("reset"):
		e.pending = s.set()
		return 0, true
	case s.Is("listen"):
		return Listens, true
	case s.Is("load"):
		return Loads, true
	case s.Is("discard"):
		if ahead.Solid() && ahead.Kind == Word {
			*s = ahead
		}
		if s.Is("all") {
			return Discards, true
		}
		return 0, true
	case s.Is("prepare"):
		if ahead.Solid() && ahead.Is("transaction") {
			return 0, true
		}
		return Prepares, true
	case s.Is("declare"):
		return HoldsCursor, e.holds()
	case s.Is("do"):
		e.block = true
	}
	return 0, false
}

// holds says whether WITH HOLD follows in the statement, or may, too far away to be read.
func (e *Effects) holds() bool {
	ahead, with := e.s, false
	defer func() { e.left -= ahead.End - e.s.End }()
	for ahead.Solid() && !ahead.IsSign(';') {
		if with && ahead.Is("hold") || ahead.End-e.s.End > e.left {
			return true
		}
		with = ahead.Is("with")
	}
	return false
}

// word returns the effect that a word stands for wherever it is in a statement.
func (e *Effects) word(word []byte) What {
	switch len(word) {
	case 6:
		if equal(word, "update") && e.s.Kind == Word && e.s.updatesPgSettings() {
			return UpdatesPgSettings
		}
	case 4, 7, 9:
		if equal(word, "temp") || equal(word, "pg_temp") || equal(word, "temporary") {
			return MakesTemporary
		}
		if equal(word, "setseed") {
			return Seeds
		}
	case 10:
		if equal(word, "set_config") {
			if call, ok := e.s.setConfig(&e.left); ok {
				e.pending = []Assignment{call}
			}
		}
	case 14:
		if equal(word, "dblink_connect") {
			return ConnectsDblink
		}
	case 16, 20, 23, 27:
		if equal(word, "pg_advisory_lock") || equal(word, "pg_try_advisory_lock") ||
			equal(word, "pg_advisory_lock_shared") || equal(word, "pg_try_advisory_lock_shared") {
			return LocksAdvisory
		}
	}
	return 0
}

// updatesPgSettings says whether what UPDATE is about, the last token being that, is pg_settings.
func (s *Scanner) updatesPgSettings() bool {
	ahead := *s
	ahead.Solid()
	if ahead.Is("only") {
		ahead.Solid()
	}
	if ahead.isName("pg_catalog") && ahead.follows('.') {
		ahead.Solid()
		ahead.Solid()
	}
	return ahead.isName("pg_settings")
}

// open goes on in a string of a DO block.
func (e *Effects) open() What {
	if e.within == maxWithin {
		return Hides
	}
	e.body = &Effects{s: NewScanner(e.s.inside(), e.s.escapes), begins: true, within: e.within + 1, left: e.left}
	return 0
}

// inside returns what stands in the last token, a string; where its escapes are wrong or it is cut off,
// as it is written.
func (s *Scanner) inside() []byte {
	text := s.Text()
	if s.Kind == DollarString {
		n := s.tag()
		if s.Cut {
			return text[n:]
		}
		return text[n : len(text)-n]
	}
	if value, ok := s.Value(); ok {
		return []byte(value)
	}
	return bytes.TrimSuffix(text[bytes.IndexByte(text, '\'')+1:], []byte("'"))
}
