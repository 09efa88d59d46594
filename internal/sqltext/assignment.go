package sqltext

// Assignment is what a statement does to a parameter of the server.
type Assignment struct {
	Name    string   // in lower case, "timezone" of SET TIME ZONE; empty if it is not openly said
	All     bool     // all parameters: RESET ALL
	Local   bool     // for the transaction only
	Unsaid  bool     // whether it is Local is not openly said: a call says more than true or false
	Reset   bool     // to what the session began with: RESET, or TO DEFAULT
	Call    bool     // by set_config
	Literal bool     // Values are what it is set to, or it is reset
	Values  []string // each decoded; several of a list
}

// Assignments returns what a statement does to parameters, by SET or RESET, or by calls of set_config
// that are openly in it; functions may do more. SET CONSTRAINTS is about none. It errs on the side of
// what lasts and can't be said again: a value that it does not know is not Literal, and a call whose
// last argument is not the word true is not Local.
func Assignments(s Statement) (all []Assignment) {
	w := s.Scanner()
	left := maxAhead
	for w.Solid() {
		if s.Verb == "set" || s.Verb == "reset" {
			return w.set()
		}
		if w.isName("set_config") {
			if call, ok := w.setConfig(&left); ok {
				all = append(all, call)
			}
		}
	}
	return all
}

// maxSet is how many tokens of a SET are read. More are a list that nobody writes.
const maxSet = 256

// set reads SET or RESET, of which the last token is the first, to the end of the statement.
func (s *Scanner) set() []Assignment {
	var rest phrase
	reset, tokens := s.Is("reset"), 0
	for ahead := *s; ahead.Solid() && !ahead.IsSign(';'); *s = ahead {
		if tokens++; tokens <= maxSet {
			rest = append(rest, ahead)
		}
	}
	all := rest.assignments(reset)
	for i := range all {
		if tokens > maxSet {
			all[i].Literal, all[i].Values = false, nil
		}
	}
	return all
}

// setConfig reads a call of set_config, of which the last token is the name, without going past it.
// It takes what it reads ahead from left, and reads no further. It is false if that is no call.
func (s *Scanner) setConfig(left *int) (Assignment, bool) {
	set := Assignment{Call: true}
	ahead := *s
	defer func() { *left -= ahead.End - s.End }()
	if !ahead.Solid() || !ahead.IsSign('(') {
		return set, false
	}
	var arguments [4]Scanner // the only token of each
	depth, n, tokens := 1, 0, 0
	for ahead.End-s.End < *left && ahead.Solid() {
		switch {
		case ahead.IsSign('('), ahead.IsSign('['):
			depth++
		case ahead.IsSign(')'), ahead.IsSign(']'):
			depth--
		case ahead.IsSign(',') && depth == 1:
			if tokens != 1 {
				arguments[n] = Scanner{}
			}
			n, tokens = min(n+1, len(arguments)-1), 0
			arguments[n] = Scanner{}
			continue
		}
		if depth == 0 {
			break
		}
		arguments[n] = ahead
		tokens++
	}
	if depth > 0 || tokens != 1 {
		arguments[n] = Scanner{}
	}
	set.Local = depth == 0 && arguments[n].Is("true")
	set.Unsaid = !set.Local && (depth > 0 || !arguments[n].Is("false"))
	if depth > 0 || n != 2 {
		return set, true
	}
	if name, ok := arguments[0].Value(); ok {
		set.Name = lower([]byte(name))
	}
	value, ok := arguments[1].Value()
	set.Reset = arguments[1].Is("null")
	set.Literal = set.Name != "" && (ok || set.Reset) && !set.Unsaid
	if set.Literal && ok {
		set.Values = []string{value}
	}
	return set, true
}
